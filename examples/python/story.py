"""One request from its draft to its reviews, by everybody who takes part: an organization, a coordinator, a partner app
with two volunteers, and the team at work. The app follows: at the end its copy is what a fresh list has. Standard library only.

Start `cargo run -- demo`, then run this with the address and the administrator's token that the demo prints:

    MUSUBI_URL=http://127.0.0.1:8080 MUSUBI_TOKEN=… python3 examples/python/story.py
"""

import base64
import datetime
import json
import os
import urllib.request
import uuid

from client import Client, invite, log_in
from follow import Copy, listed

AREA = "131041"  # 新宿区


def day(after):
    return (datetime.date.today() + datetime.timedelta(days=after)).isoformat()


class Partner(Client):
    """A partner app with its client credentials."""

    def __init__(self, url, admin):
        created = admin.post("/partners", {"code": f"story_{uuid.uuid4().hex[:8]}", "name": "応募アプリ"})
        secret = f"{created['partner']['id']}:{created['secret']['client_secret']}"
        token = urllib.request.Request(f"{url}/v1/oauth/token", b"grant_type=client_credentials")
        token.add_header("Authorization", "Basic " + base64.b64encode(secret.encode()).decode())
        with urllib.request.urlopen(token, timeout=30) as answer:
            super().__init__(url, json.load(answer)["access_token"])


def volunteer(partner, role):
    """Registers a volunteer, who has agreed to be matched."""
    consent = {"given_on": day(-30), "given_at": f"{day(-30)}T03:00:00Z", "text_version": "2026-04"}
    person = {"name": "佐藤 陽子", "email": f"yoko-{uuid.uuid4().hex[:8]}@example.jp"}
    skills = {"designer": "graphic_design", "copywriter": "copywriting"}
    return partner.post(
        "/workers",
        {"external_id": uuid.uuid4().hex, "area": AREA, "travel_limit_km": 30, "remote": True, "roles": [role],
         "accepted_formats": ["one_day", "one_month", "mid_long"], "skills": [{"skill": skills[role], "level": 4}],
         "personal": person, "consent": consent},
    )["id"]


def join(request, role, partner, worker, organization):
    """Applies for a place, gets an offer, and agrees with the organization on goal and schedule."""
    bid = {"deliverable_id": request, "worker_id": worker, "role": role, "message": "ぜひ作らせてください。"}
    path = f"/applications/{partner.post('/applications', bid)['id']}"
    offer = organization.patch(path, {"status": "offered"})
    print(f"   the {role} has an offer until {offer['respond_by']}")
    agreement = {"goal": "新しい会員が10人増えるチラシを作ります。", "schedule": "土曜の午前に作業します。"}
    partner.patch(path, {"agreement": agreement, "worker_agrees": True})
    print(f"   the {role}:", agree(organization, path)["status"])
    return path


def agree(organization, path):
    """Agrees to what the worker wrote: to the version that was read, in case the worker changes it meanwhile."""
    read = organization.get(path)
    print("   the goal:", read["agreement"]["goal"])
    return organization.patch(path, {"organization_agrees": True}, if_match=read["version"])


def experience_of(coordinator, need, worker):
    explained = coordinator.request("POST", f"/matches/preview/workers/{worker}", {"need": need})
    component = next(one for one in explained["components"] if one["name"] == "experience")
    return explained["fit_ppm"], component["because"]


def main():
    url, admin = os.environ["MUSUBI_URL"], Client(os.environ["MUSUBI_URL"], os.environ["MUSUBI_TOKEN"])
    group = admin.post("/organizations", {"name": f"風のひろば {uuid.uuid4().hex[:8]}", "area": AREA})["id"]
    coordinator = log_in(url, *invite(url, admin.token, "coordinator", areas=[AREA]))
    organization = log_in(url, *invite(url, admin.token, "organization", organization_id=group))
    partner = Partner(url, admin)
    copy = Copy(partner)

    # Request, endorse, hear, open.
    roles = [{"role": role, "places": 1, "skills": []} for role in ("designer", "copywriter")]
    draft = {"organization_id": group, "type": "flyer", "title": "会員募集のチラシ", "format": "mid_long", "roles": roles,
             "trouble": "会員が高齢になり、新しい仲間が集まらない。", "remote": True,
             "starts_on": day(-7), "ends_on": day(120)}
    request = organization.post("/deliverables", draft)["id"]
    path = f"/deliverables/{request}"
    organization.patch(path, {"status": "submitted"})
    print("waits for the coordinator:", [task["kind"] for task in coordinator.get("/tasks")["items"]][:3])
    endorsement = {"intermediary": {"kind": "social_welfare_council", "name": "新宿区社会福祉協議会"},
                   "person": "鈴木", "endorsed_on": day(-3), "message": "地域の要です。"}
    coordinator.patch(f"{path}/intake", {"endorsement": endorsement})
    coordinator.patch(path, {"status": "screening"})
    coordinator.patch(path, {"status": "hearing"})
    hearing = {"held_on": day(-1), "participants": ["代表 田中"], "notes": "印刷費は負担できる。"}
    coordinator.patch(f"{path}/intake", {"hearing": hearing})
    version = coordinator.get(path)["version"]
    coordinator.request("POST", f"{path}/decisions", {"status": "open", "message": "よい計画です。"}, if_match=version)
    coordinator.patch(path, {"shared_with_partners": True})

    # Rank, apply, offer, agree.
    designer, writer = volunteer(partner, "designer"), volunteer(partner, "copywriter")
    ranking = coordinator.get(f"{path}/matches", role="designer", limit=200)["items"]
    rank = next((item["rank"] for item in ranking if item["worker"]["id"] == designer), None)
    print("the designer's rank:", rank)
    bid = join(request, "designer", partner, designer, organization)
    writing = join(request, "copywriter", partner, writer, organization)

    # Work, a drop-out, a replacement.
    project = f"/projects/{request}"
    coordinator.patch(project, {"status": "in_progress"})
    for milestone in coordinator.get(f"{project}/milestones")["items"][:2]:
        done = {"progress": 100, "done_on": day(0)}
        coordinator.patch(f"{project}/milestones/{milestone['id']}", done)
    print("progress:", coordinator.get(project)["progress"])
    partner.patch(writing, {"status": "withdrawn", "reason": "relocation"})
    print("waits:", [task["kind"] for task in coordinator.get("/tasks")["items"] if task["kind"] == "fill_place"])
    other = volunteer(partner, "copywriter")
    invitation = {"deliverable_id": request, "worker_id": other, "role": "copywriter", "direction": "invitation"}
    invited = f"/applications/{coordinator.post('/applications', invitation)['id']}"
    partner.patch(invited, {"status": "shortlisted"})
    organization.patch(invited, {"status": "offered"})
    partner.patch(invited, {"agreement": {"goal": "読みやすい文", "schedule": "夜"}, "worker_agrees": True})
    agree(organization, invited)

    # Deliver. The ranking follows.
    need = {"type": "flyer", "area": AREA, "format": "mid_long", "remote": True, "roles": [roles[0]]}
    before = experience_of(coordinator, need, designer)
    coordinator.patch(project, {"status": "delivered"})
    after = experience_of(coordinator, need, designer)
    print(f"the designer's fit: {before[0]} -> {after[0]} ({after[1]})")
    assert after[0] > before[0]

    # Review. Follow-ups are asked after 6 and 12 months.
    scales = dict.fromkeys(("communication", "quality", "reliability", "again"), 5)
    review = {"application_id": bid.rsplit("/", 1)[1], "scales": scales, "message": "ありがとうございました。"}
    organization.post(f"{project}/reviews", review)
    coordinator.patch(project, {"status": "closed"})
    print("follow-ups:", [one["asked_on"] for one in organization.get(f"{project}/follow-ups")["items"]])
    print("delivered:", coordinator.get("/statistics/outcomes")["total"]["delivered"])

    # The app has heard of everything that it may see, and of nothing else.
    heard = []
    while changes := copy.follow(wait=2):
        heard += changes
    print("the app followed:", len(heard), "changes")
    assert copy.records == listed(partner), (copy.records, listed(partner))
    assert ("deliverable", request) in copy.records


if __name__ == "__main__":
    main()
