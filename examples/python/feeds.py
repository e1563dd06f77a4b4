"""Follows Musubi in a calendar: makes a feed, and reads its calendar with the library `icalendar`, which finds what
breaks RFC 5545, and its requests as Atom.

Start `cargo run -- demo`, install `icalendar`, then run this with the address and the administrator's token that the demo
prints:

    MUSUBI_URL=http://127.0.0.1:8080 MUSUBI_TOKEN=… python3 examples/python/feeds.py
"""

import os
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET

import icalendar
from client import Client, invite, log_in

ATOM = "{http://www.w3.org/2005/Atom}"


def read(url, address):
    """Reads a secret address, which is that of the public server, on the server at hand. It needs no token."""
    parts = urllib.parse.urlsplit(address)
    with urllib.request.urlopen(f"{url}{parts.path}?{parts.query}", timeout=30) as answer:
        return answer.read()


def main():
    url, admin_token = os.environ["MUSUBI_URL"], os.environ["MUSUBI_TOKEN"]
    admin = Client(url, admin_token)
    projects = admin.get("/projects", status="in_progress", limit=200)["items"]
    project = max(projects, key=lambda one: len(one["members"]))
    path = f"/projects/{project['id']}/meetings"
    meeting = {"title": "進み具合の確認、次の作業の分担、広報の相談（春の号と夏の号の両方について）"}
    meeting |= {"starts_at": "2199-11-07T10:00:00+09:00", "location": "区民センター, 3階; 会議室"}
    meeting = admin.post(path, meeting)
    musubi = log_in(url, *invite(url, admin_token, "coordinator", areas=[project["area"]]))
    feed = musubi.post("/feeds", {})

    calendar = icalendar.Calendar.from_ical(read(url, feed["calendar_url"]))
    assert not calendar.errors, calendar.errors
    events = {str(event["UID"]): event for event in calendar.walk("VEVENT")}
    assert all(not event.errors and "DTSTAMP" in event for event in events.values())
    print(len(events), "events")
    # The text arrives as it was sent, folded and escaped on the way.
    found = events[f"meeting-{meeting['id']}@musubi"]
    assert meeting["title"] in found["SUMMARY"] and found["LOCATION"] == meeting["location"], found
    assert found["DTSTART"].dt.isoformat() == "2199-11-07T01:00:00+00:00", found

    # A change moves the event.
    admin.patch(f"{path}/{meeting['id']}", {"starts_at": "2199-11-08T10:00:00+09:00"})
    moved = icalendar.Calendar.from_ical(read(url, feed["calendar_url"]))
    moved = [event for event in moved.walk("VEVENT") if event["UID"] == found["UID"]]
    assert len(moved) == 1 and moved[0]["SEQUENCE"] == found["SEQUENCE"] + 1, moved

    requests = ET.fromstring(read(url, feed["requests_url"]))
    titles = [entry.findtext(f"{ATOM}title") for entry in requests.findall(f"{ATOM}entry")]
    print(len(titles), "open requests, the newest:", titles[:1])
    musubi.request("DELETE", f"/feeds/{feed['id']}")


if __name__ == "__main__":
    main()
