"""Keeps two optional headers from hiding everything behind them; loaded by schemathesis in .ci/run."""

import itertools

import schemathesis
from schemathesis.core.parameters import ParameterLocation

_requests = itertools.count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Leaves alone what is wrong on purpose: such a header must be refused."""
    if case.meta is None or case.meta.is_negative_at(ParameterLocation.HEADER):
        return
    number = next(_requests)
    # One key for many bodies is answered 422 before the body is looked at, so each request gets its own.
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"ci-{number}"
    # A made-up entity tag is answered 412 before the body is looked at, so only one in four is sent.
    if "If-Match" in case.headers and number % 4:
        del case.headers["If-Match"]
