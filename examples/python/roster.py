"""A coordinator's script with a generated client: uploads a roster, reads its findings, statistics and a ranking.

Generate the client once from the OpenAPI document, then start `cargo run -- demo` and run this with the address and the
administrator's token that the demo prints:

    pip install openapi-python-client
    openapi-python-client generate --path openapi/openapi.json --meta none --output-path examples/python/generated/musubi_client
    MUSUBI_URL=http://127.0.0.1:8080 MUSUBI_TOKEN=… PYTHONPATH=examples/python/generated python3 examples/python/roster.py
"""

import io
import os
import time
import uuid

from musubi_client import AuthenticatedClient
from musubi_client.api.catalogue import show_vocabulary
from musubi_client.api.deliverables import list_deliverables
from musubi_client.api.imports import create_import, list_import_findings, show_import, undo_import
from musubi_client.api.matches import rank_workers
from musubi_client.api.statistics import count_deliverables
from musubi_client.models import (
    DeliverableStatistics,
    DeliverableStatus,
    ImportForm,
    ImportKind,
    ImportStatus,
    Problem,
    WorkerRanking,
)
from musubi_client.types import File

ROSTER = """\
ID,氏名,お住まいの区市町村,得意なスキル,週の時間,同意日
1,佐藤 陽子,新宿区,デザイン,6,2026-04-01
2,鈴木 一郎,しんじゅく,ライティング,4,2026-04-01
"""
ENDED = {ImportStatus.SUCCEEDED, ImportStatus.PARTIAL, ImportStatus.FAILED, ImportStatus.CANCELLED}


def answered(answer):
    """Returns an answer, or stops with the problem document."""
    if answer is None or isinstance(answer, Problem):
        raise SystemExit(f"refused: {answer}")
    return answer


def upload(client, source):
    """Sends the roster as a form, and waits until it has been imported."""
    file = File(payload=io.BytesIO(ROSTER.encode()), file_name="名簿.csv", mime_type="text/csv")
    form = ImportForm(file=file, kind=ImportKind.WORKERS, source=source)
    job = answered(create_import.sync(client=client, body=form))
    while job.status not in ENDED:
        time.sleep(0.1)
        job = answered(show_import.sync(job.id, client=client))
    return job


def main():
    client = AuthenticatedClient(base_url=os.environ["MUSUBI_URL"], token=os.environ["MUSUBI_TOKEN"])
    words = answered(show_vocabulary.sync(client=client)).sets.to_dict()

    source = f"example_{uuid.uuid4().hex[:8]}"
    job = upload(client, source)
    assert (job.source, job.file_name) == (source, "名簿.csv"), job
    print(f"{job.file_name}: {words['ImportStatus'][job.status]['en']}, {job.progress.created} created")
    findings = answered(list_import_findings.sync(job.id, client=client, accept_language="en"))
    for finding in findings.items:
        print(f"   row {finding.line}, {finding.column}: {finding.message}")

    statistics = answered(count_deliverables.sync(client=client, group_by="status", include_demo=True))
    assert isinstance(statistics, DeliverableStatistics)
    for group in statistics.items:
        print(f"{group.total:4} {words['DeliverableStatus'][group.status]['en']}")

    statuses = [DeliverableStatus.OPEN, DeliverableStatus.DELIVERED]
    flyers = answered(list_deliverables.sync(client=client, type_="flyer", status=statuses, limit=200)).items
    # Nobody is ranked for requests that have ended, nor for those that have all their places taken.
    flyer = next(one for one in flyers if any(role.left for role in one.open_places))
    ranking = answered(rank_workers.sync(flyer.id, client=client, limit=3, accept_language="en"))
    assert isinstance(ranking, WorkerRanking) and ranking.items
    print(flyer.title)
    for item in ranking.items:
        best = max(item.components, key=lambda component: component.contribution_ppm)
        name = words["Component"][best.name]["en"]
        print(f"{item.rank}. {item.worker.name}: {item.fit_ppm / 10_000:.1f} %, mostly for {name} ({best.inputs.to_dict()})")

    # Takes the roster back, so that you can run this again.
    answered(undo_import.sync(job.id, client=client))


if __name__ == "__main__":
    main()
