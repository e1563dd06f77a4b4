"""A coordinator's day, with Python's standard library: accepts an invitation, logs in, lists open deliverables, ranks
workers, explains the best match, applies for that worker, accepts, and reads the answer back.

Start `cargo run -- demo`, then run this with the address and the administrator's token that the demo prints:

    MUSUBI_URL=http://127.0.0.1:8080 MUSUBI_TOKEN=… python3 examples/python/client.py
"""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
import uuid


class Refused(SystemExit):
    """A request that was refused, with the problem document."""

    def __init__(self, text, status):
        super().__init__(text)
        self.status = status


class Client:
    """Sends JSON to Musubi. Raises an error with the problem document where a request is refused."""

    def __init__(self, url, token=None):
        self.url = url
        self.token = token

    def request(self, method, path, body=None, if_match=None, **query):
        url = f"{self.url}/v1{path}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        request = urllib.request.Request(url, method=method)
        request.add_header("Accept-Language", "en")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        if if_match is not None:
            request.add_header("If-Match", f'"{if_match}"')
        if method == "POST":
            # With the same key, a repetition does nothing twice.
            request.add_header("Idempotency-Key", str(uuid.uuid4()))
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer) if answer.status != 204 else None
        except urllib.error.HTTPError as error:
            raise Refused(f"{method} {path}: {error.code} {error.read().decode()}", error.code) from None

    def get(self, path, **query):
        return self.request("GET", path, **query)

    def find(self, href):
        """Returns the record at the path of a link, or None if it isn't there (any more)."""
        try:
            return self.request("GET", href.removeprefix("/v1"))
        except Refused as refused:
            if refused.status != 404:
                raise
            return None

    def post(self, path, body):
        return self.request("POST", path, body)

    def patch(self, path, body, if_match=None):
        return self.request("PATCH", path, body, if_match=if_match)


def log_in(url, email, password):
    """Returns a client whose token lasts 15 minutes. `/auth/refresh` renews it."""
    tokens = Client(url).post("/auth/login", {"email": email, "password": password})
    return Client(url, tokens["access_token"])


def invite(url, admin_token, role, **belonging):
    """Invites somebody and accepts for them. In real life the link goes to the person, who chooses a password."""
    email, password = f"{uuid.uuid4().hex[:8]}@example.jp", f"musubi {uuid.uuid4()}"
    invitation = Client(url, admin_token).post(
        "/users", {"email": email, "name": "鈴木", "role": role, **belonging}
    )["invitation"]
    Client(url).post("/auth/invitations/accept", {"token": invitation["token"], "password": password})
    return email, password


def with_a_place(deliverables):
    """The first that has a place left: nobody is ranked for requests that have all their places taken."""
    return next(one for one in deliverables if any(role["left"] for role in one["open_places"]))


def main():
    url, admin_token = os.environ["MUSUBI_URL"], os.environ["MUSUBI_TOKEN"]
    flyers = Client(url, admin_token).get("/deliverables", status="open", type="flyer")["items"]
    area = with_a_place(flyers)["area"]
    musubi = log_in(url, *invite(url, admin_token, "coordinator", areas=[area]))

    # Coordinators see the records of their areas.
    deliverable = with_a_place(musubi.get("/deliverables", status="open", type="flyer")["items"])
    print(deliverable["title"])

    # Without a role, each worker appears in the role where they fit best.
    matches = f"/deliverables/{deliverable['id']}/matches"
    items = musubi.get(matches, limit=50)["items"]
    for item in items[:3]:
        print(f"{item['rank']}. {item['worker']['alias']} as {item['role']}: {item['fit_ppm'] / 10_000:.1f} %")

    # Coordinators apply for workers of their own areas.
    best = next(item for item in items if item["worker"]["area"] == area)
    worker_id, role = best["worker"]["id"], best["role"]
    explanation = musubi.get(f"{matches}/{worker_id}")
    for component in explanation["components"]:
        print(f"   {component['contribution_ppm'] / 10_000:5.1f} {component['name']}: {component['because']}")

    body = {"deliverable_id": deliverable["id"], "worker_id": worker_id, "role": role}
    path = f"/applications/{musubi.post('/applications', body)['id']}"
    musubi.patch(path, {"status": "agreed"})
    print("application:", musubi.get(path)["status"])

    # Withdraws it, so that you can run this again.
    print("application:", musubi.patch(path, {"status": "withdrawn", "reason": "schedule"})["status"])


if __name__ == "__main__":
    main()
