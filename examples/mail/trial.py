"""Tries mailer.py from an invitation to an agreement, against a mail server that writes down what it gets, refuses the first
mail for now, and knows no address that begins with "nobody". Needs `standardwebhooks` and `aiosmtpd`.

Start `MUSUBI_WEBHOOK_NETWORKS=127.0.0.1 cargo run -- demo`, then run this with the address and the administrator's token that
the demo prints:

    MUSUBI_URL=http://127.0.0.1:8080 MUSUBI_TOKEN=… python3 examples/mail/trial.py
"""

import email
import email.policy
import json
import os
import pathlib
import queue
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid

from aiosmtpd.controller import Controller

sys.path.append(str(pathlib.Path(__file__).parent.parent / "python"))
from client import Client, invite, log_in  # noqa: E402
from story import AREA, agree, day  # noqa: E402


class Sink:
    """A mail server."""

    def __init__(self):
        self.mails = queue.Queue()
        self.refused = 0
        self.unknown = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            self.unknown += 1
            return "550 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.refused == 0:
            self.refused = 1
            return "451 Try again later"
        self.mails.put(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"

    def next(self):
        mail = self.mails.get(timeout=60)
        print(f"   {mail['To']}: {mail['Subject']}")
        return mail


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def main():
    url, admin = os.environ["MUSUBI_URL"], Client(os.environ["MUSUBI_URL"], os.environ["MUSUBI_TOKEN"])
    group = admin.post("/organizations", {"name": f"風のひろば {uuid.uuid4().hex[:8]}", "area": AREA})["id"]
    organization = log_in(url, *invite(url, admin.token, "organization", organization_id=group))
    app = admin.post("/partners", {"code": f"mail_{uuid.uuid4().hex[:8]}", "name": "応募アプリ"})
    client_id, client_secret = app["partner"]["id"], app["secret"]["client_secret"]
    form = f"grant_type=client_credentials&client_id={client_id}&client_secret={client_secret}"
    with urllib.request.urlopen(f"{url}/v1/oauth/token", form.encode(), timeout=30) as answer:
        partner = Client(url, json.load(answer)["access_token"])

    # The webhook, the mail server and the mailer.
    port = free_port()
    hook = partner.post("/webhooks", {"url": f"http://127.0.0.1:{port}/", "types": ["application"]})
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    folder = tempfile.TemporaryDirectory()
    settings = {
        "MUSUBI_URL": url, "MUSUBI_CLIENT_ID": client_id, "MUSUBI_CLIENT_SECRET": client_secret,
        "MUSUBI_WEBHOOK_SECRET": hook["secret"]["secret"], "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(controller.port), "MAIL_FROM": "Musubi <musubi@example.jp>", "MAILER_PORT": str(port),
        "MAILER_DATABASE": f"{folder.name}/mailer.sqlite3",
    }
    script = str(pathlib.Path(__file__).parent / "mailer.py")
    mailer = subprocess.Popen([sys.executable, script], env={**os.environ, **settings})
    try:
        wait_for(port)
        tell(partner, organization, group, hook["webhook"]["id"], sink, port)
    finally:
        mailer.terminate()
        mailer.wait()
        controller.stop()
        folder.cleanup()


def wait_for(port):
    for _ in range(300):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the mailer did not start")


def tell(partner, organization, group, webhook, sink, port):
    roles = [{"role": "designer", "places": 2, "skills": []}]
    request = organization.post("/deliverables", {
        "organization_id": group, "type": "flyer", "title": "会員募集のチラシ", "format": "mid_long", "roles": roles,
        "remote": True, "starts_on": day(0), "ends_on": day(120)})
    admin = Client(partner.url, os.environ["MUSUBI_TOKEN"])
    path = f"/deliverables/{request['id']}"
    organization.patch(path, {"status": "submitted"})
    admin.request("PATCH", path, {"status": "open", "shared_with_partners": True}, if_match=admin.get(path)["version"])

    def apply(address):
        worker = partner.post("/workers", {
            "external_id": uuid.uuid4().hex, "area": AREA, "travel_limit_km": 30, "remote": True, "roles": ["designer"],
            "accepted_formats": ["mid_long"], "skills": [{"skill": "graphic_design", "level": 4}],
            "personal": {"name": "佐藤 陽子", "email": address},
            "consent": {"given_on": day(-30), "given_at": f"{day(-30)}T03:00:00Z", "text_version": "2026-04"}})
        bid = {"deliverable_id": request["id"], "worker_id": worker["id"], "role": "designer"}
        return f"/applications/{partner.post('/applications', bid)['id']}"

    # Nobody reads mail at this address: it is tried once, and holds up no other.
    organization.patch(apply(f"nobody-{uuid.uuid4().hex[:8]}@example.jp"), {"status": "offered"})
    address = f"yoko-{uuid.uuid4().hex[:8]}@example.jp"
    path = apply(address)

    offer = organization.patch(path, {"status": "offered"})
    mail = sink.next()
    assert mail["To"] == address and mail["Subject"] == "内定のお知らせ", mail
    text = mail.get_content()
    assert "会員募集のチラシ" in text and offer["respond_by"][:10] in text, text
    assert sink.refused == 1, "the first attempt failed, and Musubi tried again"

    partner.patch(path, {"agreement": {"goal": "会員を増やす", "schedule": "土曜"}, "worker_agrees": True})
    agree(organization, path)
    assert sink.next()["Subject"] == "参加が決まりました"

    # A message that comes twice makes no second mail, and a forged one makes none.
    sent = partner.get(f"/webhooks/{webhook}/deliveries", status="delivered")["items"]
    for one in sent:
        partner.post(f"/webhooks/{webhook}/deliveries/{one['id']}/replay", {})
    for _ in range(300):
        if partner.get(f"/webhooks/{webhook}")["waiting"] == 0:
            break
        time.sleep(0.1)
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", b"{}", timeout=10)
        raise SystemExit("a forged message was taken")
    except urllib.error.HTTPError as error:
        assert error.code == 400, error
    assert sink.mails.empty(), "a mail was sent twice"
    assert sink.unknown == 1, "a mail that can't arrive was sent again"
    left = [one for one in partner.get(f"/webhooks/{webhook}/deliveries")["items"] if one["status"] != "delivered"]
    assert not left, left
    print("   nobody got a mail twice")
    partner.request("DELETE", f"/webhooks/{webhook}")


if __name__ == "__main__":
    main()
