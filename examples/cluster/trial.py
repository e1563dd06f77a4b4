#!/usr/bin/env python3
"""Breaks the cluster under load, and prints what was lost, doubled or late.

Eight clients create organizations with an Idempotency-Key. A request that is not answered with 201 is repeated with the
same key until it is. Three times each, the primary, a standby and a server are killed, frozen and cut off. Everything that
was acknowledged has to be in the list afterwards, once.

usage: trial.py [SECONDS] [primary|standby|server]...

SECONDS is how long each fault lasts, 40 by default. Name what is broken to leave out the rest.
"""

import http.client
import json
import pathlib
import secrets
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

CLUSTER = str(pathlib.Path(__file__).parent / "cluster")
CLIENTS = 8
PATIENCE = 8  # seconds that a client waits for an answer
LATE = 1.0  # seconds
REPAIRED = 120  # seconds after which every client has its answer once all hosts are back
RUN = secrets.token_hex(4)  # names the records and keys of this run, so that those of an earlier one don't count


def cluster(*arguments):
    done = subprocess.run([CLUSTER, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


URL = urllib.parse.urlsplit(cluster("url"))
HEADERS = {"authorization": f"Bearer {cluster('token')}", "content-type": "application/json"}


class Load:
    """Clients that write until they are stopped."""

    def __init__(self, name):
        self.name, self.stopping = name, threading.Event()
        self.acknowledged = []  # (when, how long it took, name)
        self.failures = {}
        self.broken = []  # what no client should be told
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, args=(n,), daemon=True) for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        end = time.monotonic() + REPAIRED
        for thread in self.threads:
            thread.join(max(0, end - time.monotonic()))
            if thread.is_alive():
                self.broken.append("a client still waits for its answer")

    def work(self, number):
        connection, turn = None, 0
        while not self.stopping.is_set():
            turn += 1
            name = f"{self.name} {number} {turn}"
            body = json.dumps({"name": name, "area": "131041"})
            headers = HEADERS | {"idempotency-key": name.replace(" ", "-")}
            began = time.monotonic()
            while True:
                try:
                    if connection is None:
                        connection = http.client.HTTPConnection(URL.hostname, URL.port, timeout=PATIENCE)
                    connection.request("POST", "/v1/organizations", body, headers)
                    answer = connection.getresponse()
                    answered = answer.read()
                    if answer.status == 201:
                        break
                    reason = json.loads(answered).get("code") if answered.startswith(b"{") else answer.status
                    if answer.status not in (409, 429, 502, 503, 504):
                        with self.lock:
                            self.broken.append(f"{answer.status}: {answered}")
                        return
                except (OSError, http.client.HTTPException) as error:
                    reason, connection = type(error).__name__, None
                with self.lock:
                    self.failures[str(reason)] = self.failures.get(str(reason), 0) + 1
                time.sleep(0.2)
            now = time.monotonic()
            with self.lock:
                self.acknowledged.append((now, now - began, name))
            time.sleep(0.02)

    def longest_gap(self):
        times = sorted(at for at, _, _ in self.acknowledged)
        return max((b - a for a, b in zip(times, times[1:])), default=0)


def names(prefix):
    """How often each name of this trial is in the list."""
    found, cursor = {}, ""
    while cursor is not None:
        query = urllib.parse.urlencode({"limit": 200} | ({"cursor": cursor} if cursor else {}))
        request = urllib.request.Request(f"{URL.geturl()}/v1/organizations?{query}", headers=HEADERS)
        with urllib.request.urlopen(request, timeout=30) as answer:
            page = json.load(answer)
        for item in page["items"]:
            if item["name"].startswith(prefix):
                found[item["name"]] = found.get(item["name"], 0) + 1
        cursor = page["next"]
    return found


def standby(primary):
    return next(host for host in ("db1", "db2", "db3") if host != primary)


def primary_now():
    try:
        return cluster("primary")
    except subprocess.CalledProcessError:
        return "none"


def trial(fault, target, seconds):
    cluster("healthy", "240")
    primary = cluster("primary")
    host = {"primary": primary, "standby": standby(primary), "server": "app1"}[target]
    load = Load(f"{RUN} {fault} {target}")
    time.sleep(5)
    cluster(fault, host)
    time.sleep(seconds)
    now = primary_now()
    before = len(load.acknowledged)
    time.sleep(3)
    goes_on = len(load.acknowledged) > before
    cluster("heal", host)
    time.sleep(5)
    load.stop()
    cluster("healthy", "240")
    found = names(f"{load.name} ")
    sent = [name for _, _, name in load.acknowledged]
    lost = sum(name not in found for name in sent)
    doubled = sum(count > 1 for count in found.values())
    waits = sorted(wait for _, wait, _ in load.acknowledged) or [0]
    late = sum(wait > LATE for wait in waits)
    moved = f"{primary} -> {now}" if now != primary else "stays"
    print(
        f"| {fault} | {target} | {len(sent)} | {lost} | {doubled} | {late} | {waits[-1]:.1f} s | "
        f"{load.longest_gap():.1f} s | {moved} |",
        flush=True,
    )
    print(f"    not 201 at first: {load.failures}", file=sys.stderr, flush=True)
    if not goes_on:
        load.broken.append("nothing was acknowledged any more, though only one host was broken")
    for what in load.broken:
        print(f"    broken: {what}", file=sys.stderr, flush=True)
    return sent and lost == 0 and doubled == 0 and not load.broken


def main():
    seconds = next((int(word) for word in sys.argv[1:] if word.isdigit()), 40)
    targets = [target for target in ("primary", "standby", "server") if target in sys.argv[1:]]
    print("| fault | of the | acknowledged | lost | doubled | later than 1 s | slowest | longest pause of all | primary |")
    print("|---|---|---|---|---|---|---|---|---|")
    kinds = [(fault, target) for target in targets or ["primary", "standby", "server"] for fault in ("kill", "freeze", "cut")]
    passed = [trial(fault, target, seconds) for fault, target in kinds]
    sys.exit(0 if all(passed) else "something was lost, doubled or refused, or the service did not go on by itself")


if __name__ == "__main__":
    main()
