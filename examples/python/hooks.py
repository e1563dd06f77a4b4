"""Receives webhooks, and verifies their signatures with the library `standardwebhooks`.

Start `MUSUBI_WEBHOOK_NETWORKS=127.0.0.1 cargo run -- demo`, install `standardwebhooks`, then run this with the address and the
administrator's token that the demo prints:

    MUSUBI_URL=http://127.0.0.1:8080 MUSUBI_TOKEN=… python3 examples/python/hooks.py
"""

import http.server
import os
import pathlib
import queue
import threading
import uuid

from client import Client
from standardwebhooks import Webhook, WebhookVerificationError
from story import AREA, Partner


class Receiver(http.server.ThreadingHTTPServer):
    """Puts the messages that are signed with one of the secrets into a queue."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/hooks"
        self.secrets = []
        self.messages = queue.Queue()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def verified(self, body, headers):
        for secret in self.secrets:
            try:
                return Webhook(secret).verify(body, headers)
            except (WebhookVerificationError, ValueError):
                pass
        return None

    def next(self):
        return self.messages.get(timeout=60)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        message = self.server.verified(body, headers)
        # What is forged, and what is older than five minutes, is refused.
        self.send_response(204 if message else 400)
        self.end_headers()
        if message:
            self.server.messages.put((headers, body, message))

    def log_message(self, *_):
        pass


def check_documented(secret, body, headers):
    """Runs the lines of docs/webhooks.md with a message, and with some that are forged."""
    page = pathlib.Path(__file__).parent.parent.parent / "docs/webhooks.md"
    code = page.read_text("utf-8").split("```python\n")[1].split("```")[0].replace("whsec_…", secret)

    def verified(body, headers):
        names = {"body": body, "headers": headers}
        exec(code, names)
        return names.get("message")

    assert verified(body, headers)["type"] == "webhook.test"
    for name, forged in [("webhook-signature", "v1,é"), ("webhook-signature", "v1,%,"), ("webhook-timestamp", "0")]:
        assert verified(body, {**headers, name: forged}) is None, forged
    for forged in (body + b" ", b"\xff"):
        assert verified(forged, headers) is None, forged
    print("verified as documented")


def main():
    url, admin = os.environ["MUSUBI_URL"], Client(os.environ["MUSUBI_URL"], os.environ["MUSUBI_TOKEN"])
    partner = Partner(url, admin)
    receiver = Receiver()
    made = partner.post("/webhooks", {"url": receiver.url, "types": ["deliverable"]})
    receiver.secrets.append(made["secret"]["secret"])
    webhook = f"/webhooks/{made['webhook']['id']}"

    partner.post(f"{webhook}/test", {})
    headers, body, message = receiver.next()
    print("verified:", message["type"])
    assert message["type"] == "webhook.test"
    assert receiver.verified(body.replace(b"webhook.test", b"webhook.fake"), headers) is None
    check_documented(receiver.secrets[0], body, headers)

    group = admin.post("/organizations", {"name": f"風のひろば {uuid.uuid4().hex[:8]}", "area": AREA})["id"]
    body = {"organization_id": group, "type": "flyer", "title": "会員募集のチラシ", "status": "open"}
    request = admin.post("/deliverables", {**body, "shared_with_partners": True})["id"]
    _, _, message = receiver.next()
    print("verified:", message["type"], message["data"]["link"])
    assert (message["type"], message["data"]["id"]) == ("deliverable.created", request), message
    assert partner.find(message["data"]["link"].removeprefix(url))["id"] == request

    # While two secrets are valid, a receiver that has only one of them verifies each message.
    fresh = partner.post(f"{webhook}/secrets", {"keep_old_hours": 24})["secret"]
    for secret in (receiver.secrets[0], fresh):
        receiver.secrets = [secret]
        partner.post(f"{webhook}/test", {})
        headers, _, _ = receiver.next()
        assert len(headers["webhook-signature"].split()) == 2, headers
    print("verified with either secret")

    admin.patch(f"/deliverables/{request}", {"shared_with_partners": False})
    _, _, message = receiver.next()
    assert message["data"]["action"] == "removed" and message["data"]["link"] is None, message
    partner.request("DELETE", webhook)


if __name__ == "__main__":
    main()
