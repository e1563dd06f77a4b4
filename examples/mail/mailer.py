"""Sends mail to the volunteers of a partner app when Musubi has something for them: a receiver of webhooks in one file.

docs/mail.md explains it. Needs `standardwebhooks`, and these environment variables:

    MUSUBI_URL MUSUBI_CLIENT_ID MUSUBI_CLIENT_SECRET MUSUBI_WEBHOOK_SECRET SMTP_HOST SMTP_PORT MAIL_FROM
    SMTP_USER SMTP_PASSWORD (if the mail server wants them)   MAILER_PORT (8025)   MAILER_DATABASE (mailer.sqlite3)
"""

import base64
import contextlib
import email.message
import email.utils
import http.server
import json
import os
import smtplib
import sqlite3
import threading
import urllib.error
import urllib.request

from standardwebhooks import Webhook, WebhookVerificationError

MAILS = {
    "invited": ("参加のお願いが届きました", "「{title}」に参加しませんか。{until}までにお返事ください。"),
    "offered": ("内定のお知らせ", "「{title}」のメンバーに内定しました。{until}までにお返事ください。"),
    "reminded": ("お返事をお待ちしています", "「{title}」へのお返事の期限は{until}です。"),
    "agreed": ("参加が決まりました", "「{title}」への参加が決まりました。"),
    "cancelled": ("取りやめのお知らせ", "「{title}」は取りやめになりました。理由：{why}。"),
}

# The reasons for which requests are cancelled or archived: ProjectReason of GET /v1/vocabulary.
WHY = {
    "no_longer_needed": "必要がなくなったため",
    "organization_unavailable": "団体が対応できなくなったため",
    "team_dissolved": "メンバーが足りなくなったため",
    "schedule": "日程が合わなくなったため",
}


def reasons(application):
    """Returns what a volunteer should hear about an application as it is now."""
    status, is_invitation = application["status"], application["direction"] == "invitation"
    if status == "submitted" and is_invitation:
        yield "invited"
    elif status in ("offered", "agreed"):
        yield status
    elif application["request_reason"]:
        yield "cancelled"
    # Musubi notes once that an answer is overdue: the task is due.
    if application["warned_at"] and (status == "offered" or (status == "submitted" and is_invitation)):
        yield "reminded"


def is_final(error):
    """Returns whether the mail server will never take this mail: no such address, or it refuses what the mail says. Anything
    else can be repaired: a full mailbox, a server that is down, a wrong password."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500


class Musubi:
    """Reads records with client credentials. A token lasts 15 minutes."""

    def __init__(self, url, client, secret):
        self.url, self.token = url, None
        self.credentials = base64.b64encode(f"{client}:{secret}".encode()).decode()

    def get(self, path):
        for attempt in range(2):
            if self.token is None:
                self.token = self.ask("POST", "/v1/oauth/token", f"Basic {self.credentials}")["access_token"]
            try:
                return self.ask("GET", path, f"Bearer {self.token}")
            except urllib.error.HTTPError as error:
                if error.code == 404:
                    return None
                if error.code != 401 or attempt:
                    raise
                self.token = None

    def ask(self, method, path, authorization):
        request = urllib.request.Request(f"{self.url}{path}", method=method)
        request.add_header("Authorization", authorization)
        if method == "POST":
            request.data = b"grant_type=client_credentials"
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)


class Mailer(http.server.ThreadingHTTPServer):
    def __init__(self, musubi, secret, settings):
        super().__init__(("127.0.0.1", int(settings.get("MAILER_PORT", 8025))), Handler)
        self.musubi, self.webhook, self.settings = musubi, Webhook(secret), settings
        self.lock = threading.Lock()
        with self.database() as database:
            database.execute("CREATE TABLE IF NOT EXISTS sent (what TEXT PRIMARY KEY) STRICT")

    @contextlib.contextmanager
    def database(self):
        with contextlib.closing(sqlite3.connect(self.settings.get("MAILER_DATABASE", "mailer.sqlite3"))) as database:
            with database:
                yield database

    def take(self, message):
        """Sends the mails that follow from a message."""
        data = message["data"]
        if data.get("type") != "application" or data["link"] is None:
            return
        application = self.musubi.get(f"/v1/applications/{data['id']}")
        # A message may come twice, and two at once: a mail goes out once.
        with self.lock:
            for reason in reasons(application) if application else ():
                what = f"{application['id']} {reason}"
                with self.database() as database:
                    if database.execute("SELECT 1 FROM sent WHERE what = ?", [what]).fetchone():
                        continue
                    try:
                        self.send(application, reason)
                    except smtplib.SMTPException as error:
                        if not is_final(error):
                            raise
                        print(f"gave up {what}:", error, flush=True)
                    database.execute("INSERT INTO sent VALUES (?)", [what])

    def send(self, application, reason):
        worker = self.musubi.get(f"/v1/workers/{application['worker_id']}")
        address = (worker or {}).get("personal", {}).get("email")
        if not address:
            return
        deliverable = self.musubi.get(f"/v1/deliverables/{application['deliverable_id']}?include_archived=true") or {}
        until = (application["respond_by"] or "")[:10]
        why = WHY.get(application["request_reason"], "依頼した団体の都合")
        subject, text = MAILS[reason]
        mail = email.message.EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.settings["MAIL_FROM"], address, subject
        mail["Date"], mail["Message-ID"] = email.utils.formatdate(), f"<{application['id']}.{reason}@musubi>"
        mail.set_content(text.format(title=deliverable.get("title", "プロジェクト"), until=until, why=why) + "\n")
        with smtplib.SMTP(self.settings["SMTP_HOST"], int(self.settings["SMTP_PORT"]), timeout=5) as server:
            if self.settings.get("SMTP_USER"):
                server.starttls()
                server.login(self.settings["SMTP_USER"], self.settings["SMTP_PASSWORD"])
            server.send_message(mail)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 65536))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            message = self.server.webhook.verify(body, headers)
        except (WebhookVerificationError, ValueError):
            # Forged, too old, or not a message at all.
            self.send_response(400)
            self.end_headers()
            return
        try:
            self.server.take(message)
            status = 204
        except (OSError, smtplib.SMTPException) as error:
            # For now. Musubi sends the message again: after 5 seconds, a minute, …, for three days.
            print("cannot send:", error, flush=True)
            status = 503
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


def main(settings=os.environ):
    musubi = Musubi(settings["MUSUBI_URL"], settings["MUSUBI_CLIENT_ID"], settings["MUSUBI_CLIENT_SECRET"])
    Mailer(musubi, settings["MUSUBI_WEBHOOK_SECRET"], settings).serve_forever()


if __name__ == "__main__":
    main()
