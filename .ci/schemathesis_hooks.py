"""Adjusts generated requests that would be refused before the interesting part is reached. schemathesis loads this."""

import itertools

import schemathesis
from schemathesis.core.parameters import ParameterLocation

_requests = itertools.count(1)
_UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"


@schemathesis.hook
def before_call(context, case, kwargs):
    # An inferred link may use a null from one answer (a worker's `partner_id`) as the id in the next path.
    for name, value in (case.path_parameters or {}).items():
        if value is None or value == "None":
            case.path_parameters[name] = _UNKNOWN_ID
    # Without a position, a stream of changes waits for the next one: no answer ends before the time-out. This one is foreign.
    if case.operation.definition.raw.get("operationId") == "follow_changes":
        case.query.setdefault("after", "1-00000000")
    # Leave headers that are wrong on purpose: they must be refused.
    if case.meta is None or case.meta.is_negative_at(ParameterLocation.HEADER):
        return
    number = next(_requests)
    # A key used with another body returns 422 before the body is read, so each request gets a new key.
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"ci-{number}"
    # An invented entity tag returns 412 before the body is read, so only one in four is sent.
    if "If-Match" in case.headers and number % 4:
        del case.headers["If-Match"]
