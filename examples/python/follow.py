"""Keeps a copy of everything that a caller may see: lists once, and then only follows changes. Standard library only.

story.py follows like this. Alone it prints what changes, until you stop it:

    MUSUBI_URL=http://127.0.0.1:8080 MUSUBI_TOKEN=… python3 examples/python/follow.py
"""

import os

from client import Client, Refused

LISTS = {
    "organization": "/organizations",
    "deliverable": "/deliverables",
    "worker": "/workers",
    "application": "/applications",
    "project": "/projects",
}


def listed(client):
    """Returns the version of each record that the caller sees now."""
    records = {}
    for kind, path in LISTS.items():
        page = client.get(path, limit=200)
        while True:
            records.update({(kind, item["id"]): item["version"] for item in page["items"]})
            if page["next"] is None:
                break
            page = client.get(path, limit=200, cursor=page["next"])
    return records


class Copy:
    def __init__(self, client):
        self.client = client
        # The position comes first: what changes while we list comes again as a change.
        self.position = client.get("/changes")["position"]
        self.records = listed(client)

    def follow(self, wait):
        """Takes over what has changed. Returns the changes, none if there was none for so many seconds."""
        try:
            page = self.client.get("/changes", after=self.position, types=",".join(LISTS), wait=wait)
        except Refused as refused:
            if refused.status != 410:
                raise
            self.__init__(self.client)
            return []
        for change in page["items"]:
            self.take(change)
        self.position = page["position"]
        return page["items"]

    def take(self, change):
        key = (change["type"], change["id"])
        is_listed = change["href"] and change["action"] != "archived"
        record = self.client.find(change["href"]) if is_listed else None
        if record is None:
            self.records.pop(key, None)
        else:
            self.records[key] = record["version"]


def main():
    copy = Copy(Client(os.environ["MUSUBI_URL"], os.environ["MUSUBI_TOKEN"]))
    print(len(copy.records), "records")
    while True:
        for change in copy.follow(wait=25):
            print(change["at"], change["action"], change["type"], change["id"])


if __name__ == "__main__":
    main()
