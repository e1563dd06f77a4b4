"""Finds next week's events of one ward without an account, as a stranger's calendar, feed reader, spreadsheet and search
engine do. Libraries of others read each format, and find what breaks it: `icalendar`, `feedparser`, `pydantic2-schemaorg`
(the vocabulary of schema.org).

Start `cargo run -- demo`, install these three, then run this with the address and the administrator's token that the demo
prints. The token is only for publishing an event.

    MUSUBI_URL=http://127.0.0.1:8080 MUSUBI_TOKEN=… python3 examples/python/listings.py
"""

import csv
import importlib
import io
import json
import os
import urllib.parse
import urllib.request
from datetime import date, timedelta

import feedparser
import icalendar
from client import Client

WARD = "131041"


def read(url, path, **filters):
    """Reads a public address. It needs no token."""
    query = urllib.parse.urlencode(filters)
    with urllib.request.urlopen(f"{url}{path}?{query}", timeout=30) as answer:
        assert answer.headers["Cache-Control"].startswith("public"), answer.headers
        return answer.read()


def check_node(node):
    """Checks a node of JSON-LD, and those within it, against the types and properties of schema.org."""
    name = node["@type"]
    model = getattr(importlib.import_module(f"pydantic2_schemaorg.{name}"), name)
    known = {field.alias for field in model.__fields__.values()}
    assert set(node) <= known, f"{name} has no {set(node) - known}"
    for value in node.values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                check_node(part)


def main():
    url, admin_token = os.environ["MUSUBI_URL"], os.environ["MUSUBI_TOKEN"]
    monday = date.today() + timedelta(days=7 - date.today().weekday())
    day = monday + timedelta(days=2)
    admin = Client(url, admin_token)
    title = "みんなの食堂, 秋の会; 「はじめての方も」 <歓迎> & 見学可"
    event = {"kind": "community_event", "title": title, "status": "published", "areas": [WARD], "fee_yen": 0}
    event |= {"description": "一行目、長い説明がつづきます。" * 10 + "\n二行目", "online": True, "capacity": 30}
    event |= {"times": [{"starts_at": f"{day}T11:00:00+09:00", "ends_at": f"{day}T13:00:00+09:00"}]}
    event |= {"place": {"name": "風の家", "address": "東京都新宿区歌舞伎町1-5-1", "wheelchair": True}}
    event |= {"series": "みんなの食堂", "audience": "地域の方", "contact": {"office": "社会福祉協議会"}}
    event |= {"speakers": [{"name": "田中 さくら", "affiliation": "研究所"}]}
    event = admin.post("/events", event)
    opening = {"kind": "volunteer_opening", "title": "配膳の手伝い", "status": "published", "areas": [WARD]}
    opening |= {"times": event["times"]}
    opening = admin.post("/events", opening)
    week = {"area": WARD, "from": monday, "to": monday + timedelta(days=6)}

    calendar = icalendar.Calendar.from_ical(read(url, "/v1/listings.ics", **week))
    entries = calendar.walk("VEVENT")
    assert not calendar.errors and not any(entry.errors for entry in entries), calendar.errors
    found = {str(entry["UID"]): entry for entry in entries}[f"event-{event['id']}-0@musubi"]
    assert found["SUMMARY"] == title and found["DTSTART"].dt.isoformat() == f"{day}T02:00:00+00:00", found

    feed = feedparser.parse(read(url, "/v1/listings.atom", **week))
    assert not feed.bozo and feed.version == "atom10", feed.get("bozo_exception")
    assert title in [entry.title for entry in feed.entries], feed.entries

    rows = csv.DictReader(io.StringIO(read(url, "/v1/listings.csv", **week).decode("utf-8-sig")), strict=True)
    titles = {row["イベント名"]: row for row in rows}
    assert len(rows.fieldnames) == 32 and titles[title]["開始日"] == str(day), titles

    graph = json.loads(read(url, "/v1/listings.jsonld", **week))
    assert graph["@context"] == "https://schema.org"
    for node in graph["@graph"]:
        check_node(node)
    kinds = {node["name"]: node["@type"] for node in graph["@graph"]}
    assert kinds[title] == "SocialEvent", kinds
    print(len(entries), "entries of a calendar,", len(feed.entries), "of a feed,", len(titles), "rows,", len(kinds), "nodes")
    for one in [event, opening]:
        admin.patch(f"/events/{one['id']}", {"status": "cancelled", "notice": "試しのため取り消します。"})


if __name__ == "__main__":
    main()
