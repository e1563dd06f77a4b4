"""Re-computes rankings from the API's data and docs/ranking.md alone, with Python's standard library, and compares every
figure to the last unit.

Start `cargo run -- demo`, then run this with the address and the administrator's token that the demo prints:

    MUSUBI_URL=http://127.0.0.1:8080 MUSUBI_TOKEN=… python3 examples/python/recompute.py
"""

import collections
import datetime
import json
import math
import os
import re
import unicodedata
import urllib.parse
import urllib.request
import uuid

PPM = 1_000_000
COMPONENTS = ["skill", "experience", "availability", "distance", "theme", "format", "reliability", "responsiveness", "text"]
ORGANIZATION = ["skill", "experience", "reliability", "text"]
CREDIT = [1_000_000, 600_000, 360_000, 216_000, 129_600]


# Arithmetic


def ratio(a, b):
    """a / b, rounded half up."""
    b = max(b, 1)
    return (a + b // 2) // b


def unit(x):
    return int(min(max(x, 0.0), 1.0) * PPM + 0.5)


def median(values):
    """The lower one of two."""
    return sorted(values)[(len(values) - 1) // 2] if values else None


def apportion(total, shares):
    """Splits a total in proportion to the shares, by largest remainder."""
    whole = sum(shares)
    if whole == 0:
        return [0] * len(shares)
    parts = [total * share // whole for share in shares]
    order = sorted(range(len(shares)), key=lambda i: -(total * shares[i] % whole))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def mix(x):
    mask = (1 << 64) - 1
    x = (x + 0x9E3779B97F4A7C15) & mask
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & mask
    return x ^ x >> 31


# Words


def is_japanese(c):
    return c in "々〆ー" or any(
        first <= ord(c) <= last for first, last in [(0x3041, 0x30FF), (0x3400, 0x9FFF), (0x20000, 0x323AF)]
    )


def hiragana(c):
    return chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c


def terms(text):
    folded = "".join(map(hiragana, unicodedata.normalize("NFKC", text).lower()))
    words = "".join(c if c.isalnum() else " " for c in folded).split()
    for word in words:
        for run in re.findall(r"J+|[^J]+", "".join("J" if is_japanese(c) else "x" for c in word)):
            own, word = word[: len(run)], word[len(run) :]
            if run[0] == "x":
                yield stem(own)
            elif len(own) == 1:
                yield own
            else:
                yield from (own[i : i + 2] for i in range(len(own) - 1))


VOWELS = "aeiouy"
EXCEPTIONS = {
    "skis": "ski", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "idly": "idl", "gently": "gentl",
    "ugly": "ugli", "early": "earli", "only": "onli", "singly": "singl", "sky": "sky", "news": "news", "howe": "howe",
    "atlas": "atlas", "cosmos": "cosmos", "bias": "bias", "andes": "andes",
}
KEPT = {"inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed"}
DOUBLES = ("bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt")


def regions(word):
    def after(start):
        for i in range(start + 1, len(word)):
            if word[i] not in VOWELS and word[i - 1] in VOWELS:
                return i + 1
        return len(word)

    first = next((len(p) for p in ("gener", "commun", "arsen") if word.startswith(p)), None)
    r1 = first if first is not None else after(0)
    return r1, after(r1)


def ends_short(word):
    if len(word) == 2:
        return word[0] in VOWELS and word[1] not in VOWELS
    return len(word) > 2 and word[-3] not in VOWELS and word[-2] in VOWELS and word[-1] not in VOWELS + "wxY"


def stem(word):
    """Snowball's English stemmer (Porter2)."""
    if len(word) <= 2:
        return word
    if word in EXCEPTIONS:
        return EXCEPTIONS[word]
    word = re.sub(r"^y|(?<=[aeiouy])y", "Y", word)
    r1, r2 = regions(word)

    def longest(suffixes):
        return max((s for s in suffixes if word.endswith(s)), key=len, default=None)

    # Step 1a
    s = longest(["sses", "ied", "ies", "us", "ss", "s"])
    if s == "sses":
        word = word[:-2]
    elif s in ("ied", "ies"):
        word = word[:-2] if len(word) > 4 else word[:-1]
    elif s == "s" and any(c in VOWELS for c in word[:-2]):
        word = word[:-1]
    if word in KEPT:
        return word
    # Step 1b
    s = longest(["eed", "eedly", "ed", "edly", "ing", "ingly"])
    if s in ("eed", "eedly"):
        if len(word) - len(s) >= r1:
            word = word[: -len(s)] + "ee"
    elif s and any(c in VOWELS for c in word[: -len(s)]):
        word = word[: -len(s)]
        if word.endswith(("at", "bl", "iz")):
            word += "e"
        elif word.endswith(DOUBLES):
            word = word[:-1]
        elif ends_short(word) and r1 >= len(word):
            word += "e"
    # Step 1c
    if len(word) > 2 and word[-1] in "yY" and word[-2] not in VOWELS:
        word = word[:-1] + "i"
    # Step 2
    pairs = {
        "tional": "tion", "enci": "ence", "anci": "ance", "abli": "able", "entli": "ent", "izer": "ize",
        "ization": "ize", "ational": "ate", "ation": "ate", "ator": "ate", "alism": "al", "aliti": "al", "alli": "al",
        "fulness": "ful", "ousli": "ous", "ousness": "ous", "iveness": "ive", "iviti": "ive", "biliti": "ble",
        "bli": "ble", "ogi": "og", "fulli": "ful", "lessli": "less", "li": "",
    }
    s = longest(pairs)
    if s and len(word) - len(s) >= r1:
        before = word[: -len(s)]
        if not (s == "ogi" and not before.endswith("l") or s == "li" and before[-1:] not in tuple("cdeghkmnrt")):
            word = before + pairs[s]
    # Step 3
    pairs = {
        "tional": "tion", "ational": "ate", "alize": "al", "icate": "ic", "iciti": "ic", "ical": "ic", "ful": "",
        "ness": "", "ative": "",
    }
    s = longest(pairs)
    if s and len(word) - len(s) >= (r2 if s == "ative" else r1):
        word = word[: -len(s)] + pairs[s]
    # Step 4
    s = longest(["al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ism", "ate", "iti",
                 "ous", "ive", "ize", "ion"])
    if s and len(word) - len(s) >= r2 and (s != "ion" or word[: -len(s)].endswith(("s", "t"))):
        word = word[: -len(s)]
    # Step 5
    if word.endswith("e"):
        if len(word) - 1 >= r2 or len(word) - 1 >= r1 and not ends_short(word[:-1]):
            word = word[:-1]
    elif word.endswith("ll") and len(word) - 1 >= r2:
        word = word[:-1]
    return word.lower()


def milli(x):
    return int(x * 1000 + 0.5)


class Corpus:
    def __init__(self, pieces):
        self.known = collections.Counter(term for piece in pieces for term in piece)
        self.idf = {term: milli(1 + math.log((1.0 + len(pieces)) / (1.0 + n))) for term, n in self.known.items()}

    def weigh(self, piece):
        return {t: (self.idf[t] * milli(1 + math.log(tf)) + 500) // 1000 for t, tf in piece.items() if t in self.idf}

    def value(self, request, pieces):
        own = self.weigh(request)
        cosines = []
        for piece in map(self.weigh, pieces):
            product = sum(weight * piece.get(term, 0) for term, weight in own.items())
            lengths = [math.isqrt(sum(weight**2 for weight in text.values())) for text in (own, piece)]
            whole = lengths[0] * lengths[1]
            cosines.append(min(PPM, (product * PPM + whole // 2) // max(whole, 1)))
        c = sum(sorted(cosines, reverse=True)[:3]) ** 2
        return ratio(c * PPM, c + 300_000**2)


def counted(text):
    return collections.Counter(terms(text))


# The data


def get(path, **query):
    url = f"{os.environ['MUSUBI_URL']}/v1{path}?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {os.environ['MUSUBI_TOKEN']}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def everything(path, **query):
    items, cursor = [], None
    while True:
        page = get(path, limit=200, **query, **({"cursor": cursor} if cursor else {}))
        items += page["items"]
        cursor = page.get("next")
        if not cursor:
            return items


def metres(a, b):
    """The great-circle distance."""
    lat_a, lat_b = math.radians(a["latitude"]), math.radians(b["latitude"])
    across = math.radians(b["longitude"] - a["longitude"])
    h = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(across / 2) ** 2
    return int(2 * 6_371_009 * math.asin(math.sqrt(min(h, 1.0))) + 0.5)


def near(d):
    return unit(2 ** (-d / 10_000))


def remote(near_ppm):
    return 900_000 + ratio(near_ppm, 10)


def experience(n):
    return unit(1 - math.exp(-n / 2))


def idle(days):
    return unit(2 ** (-days / 60))


def completion(usual, completed, dropped):
    return ratio(5 * usual + PPM * completed, 5 + completed + dropped)


def worth(record):
    """What the deliveries of a family and role are worth: for each 40 hours, one counts twice."""
    return record["delivered"] + min(record["delivered"], record["minutes"] // 2400)


def reliability(usual, completed, dropped, praise, criticism):
    completed = 8 * completed + praise
    return ratio(40 * usual + PPM * completed, 40 + completed + 8 * dropped + criticism)


def counted_here(workers):
    """Adds what was counted here to what each roster says: of a person's records, the primary one has everything."""
    people = {w["id"]: dict(w, praise=0, criticism=0) for w in workers}
    for one in workers:
        here, person = one["here"], people.get(one["merged_into"] or one["id"])
        if person is None:
            continue
        person["open_load"] += here["open_load"]
        delivered = [dict(r, delivered=worth(r)) for r in here["by_role"] if r["delivered"]]
        if delivered:
            person["experience"] = (person["experience"] or []) + delivered
        if here["delivered"] or here["dropped"]:
            record = person["track_record"] or {"completed": 0, "dropped": 0}
            person["track_record"] = {
                "completed": record["completed"] + here["delivered"],
                "dropped": record["dropped"] + here["dropped"],
            }
        person["praise"] += here["praise"]
        person["criticism"] += here["criticism"]
        if here["last_active_on"]:
            person["last_active_on"] = max(person["last_active_on"] or "", here["last_active_on"])
    return list(people.values())


class Population:
    """What everybody's answers say about those who have not answered."""

    def __init__(self, workers, catalogue, today):
        self.catalogue, self.today = catalogue, today
        self.workers = [w for w in workers if is_ranked(w)]
        self.pieces = {
            w["id"]: [counted(f"{p['title'] or ''}\n{p['text']}") for p in (w["personal"] or {}).get("evidence", [])]
            for w in self.workers
        }
        self.corpus = Corpus([piece for own in self.pieces.values() for piece in own])
        self.hours = median(self.known("hours_per_week"))
        self.idle = median([max((today - datetime.date.fromisoformat(d)).days, 0) for d in self.known("last_active_on")])
        self.remote = self.share([answer for answer in self.known("remote")])
        recorded = [w for w in self.workers if w["track_record"]]

        def sums(some):
            return [sum(w["track_record"][key] for w in some) for key in ("completed", "dropped")]

        overall = completion(800_000, *sums(recorded))
        roles = {role for w in recorded for role in w["roles"] or []}
        of_role = {r: completion(overall, *sums([w for w in recorded if r in (w["roles"] or [])])) for r in roles}
        self.completion = collections.defaultdict(lambda: overall, of_role)

    def known(self, name):
        return [w[name] for w in self.workers if w[name] is not None]

    def share(self, flags):
        return ratio(sum(flags) * PPM, len(flags)) if flags else 500_000

    def theme(self, code):
        """The idf of a theme, and the share of those who named it."""
        named = [code in themes for themes in self.known("themes")]
        idf = int(math.log(1 + (len(named) + 1) / (sum(named) + 1)) * PPM + 0.5)
        return idf, self.share(named)

    def distance(self, area):
        """The median distance to an area."""
        places = self.catalogue["areas"]
        return median([metres(places[home], places[area]) for home in self.known("area")])


def is_ranked(worker):
    consent = worker["consent"]
    is_real = not worker["sandbox"] and worker["merged_into"] is None
    return worker["status"] == "active" and consent and consent["purpose"] == "matching" and is_real


# The components


def hops(parents, a, b):
    def path(skill):
        while skill:
            yield skill
            skill = parents.get(skill)

    up = list(path(a))
    return next((up.index(skill) + down for down, skill in enumerate(path(b)) if skill in up), None)


def skill(population, wishes, held):
    if not wishes:
        return PPM
    parents = population.catalogue["parents"]
    qualities = []
    for wish in wishes:
        earned = [0]
        for own in held:
            edges = hops(parents, own["skill"], wish["skill"])
            earned.append(own["level"] * CREDIT[edges] if edges is not None and edges < len(CREDIT) else 0)
        qualities.append(min(PPM, ratio(max(earned), wish["level"])))
    weights = [wish["weight"] for wish in wishes]
    mean = sum(v * q for v, q in zip(weights, qualities))
    return ratio(7 * mean + 3 * sum(weights) * min(qualities), 10 * sum(weights))


def deliveries(worker, family, role):
    return sum(past["delivered"] for past in worker["experience"] if past["family"] == family or past["role"] == role)


def formats(worker):
    """The accepted and the preferred formats, or None if neither is known."""
    accepted, preferred = worker["accepted_formats"], worker["preferred_formats"]
    return None if accepted is None and preferred is None else (accepted or [], preferred or [])


def of_format(answer, code):
    accepted, preferred = answer
    return PPM if code in preferred else PPM // 2 if code in accepted else 0


def values(population, request, worker, role):
    """The values of all components."""
    role_code, wishes = role["role"], role["skills"]
    family = request["family"]
    if worker["skills"] is not None or not wishes:
        yield skill(population, wishes, worker["skills"])
    else:
        known = [skill(population, wishes, held) for held in population.known("skills")]
        yield ratio(sum(known), len(known)) if known else 500_000

    if worker["experience"] is not None:
        yield experience(deliveries(worker, family, role_code))
    else:
        known = [deliveries(w, family, role_code) for w in population.workers if w["experience"] is not None]
        yield experience(median(known) or 0)

    def hours(offered):
        return min(PPM, ratio(5 * offered * PPM, 6 * request["hours_per_week"]))

    offered = population.hours if worker["hours_per_week"] is None else worker["hours_per_week"]
    needed = request["day_parts"]
    if not needed:
        parts = PPM
    elif worker["day_parts"] is not None:
        parts = ratio(PPM * len(set(needed) & set(worker["day_parts"])), len(needed))
    else:
        answers = population.known("day_parts")
        parts = ratio(sum(population.share([part in own for own in answers]) for part in needed), len(needed))
    yield ratio((500_000 if offered is None else hours(offered)) * parts, PPM)

    places = population.catalogue["areas"]
    if request["area"] is None:
        close = 0
    else:
        home = worker["area"]
        d = population.distance(request["area"]) if home is None else metres(places[home], places[request["area"]])
        close = 500_000 if d is None else near(d)
    if not request["remote"] or worker["remote"] is False:
        yield close
    elif worker["remote"]:
        yield remote(close)
    else:
        yield ratio(population.remote * remote(close) + (PPM - population.remote) * close, PPM)

    named = worker["themes"] or []
    themes = [(*population.theme(code), code in named) for code in request["themes"]]
    whole = sum(idf for idf, _, _ in themes)
    yield ratio(sum(idf * (PPM if own else share) for idf, share, own in themes), whole) if themes else 500_000

    if formats(worker) is not None:
        yield of_format(formats(worker), request["format"])
    else:
        known = [of_format(formats(w), request["format"]) for w in population.workers if formats(w) is not None]
        yield ratio(sum(known), len(known)) if known else 500_000

    record = worker["track_record"] or {"completed": 0, "dropped": 0}
    reviews = worker["praise"], worker["criticism"]
    yield reliability(population.completion[role_code], record["completed"], record["dropped"], *reviews)

    if worker["last_active_on"] is not None:
        last = datetime.date.fromisoformat(worker["last_active_on"])
        yield idle(max((population.today - last).days, 0))
    else:
        yield 500_000 if population.idle is None else idle(population.idle)

    words = counted(f"{request['title']}\n{request['trouble'] or ''}")
    yield population.corpus.value(words, population.pieces[worker["id"]])


# The fit


def sides(weights):
    """The weights of both sides. That of availability is divided so that the sides come to 0.6 and 0.4."""
    organization = [weights[c] if c in ORGANIZATION else 0 for c in COMPONENTS]
    worker = [0 if c in ORGANIZATION else weights[c] for c in COMPONENTS]
    at = COMPONENTS.index("availability")
    organization[at] = min(max(600_000 - sum(organization), 0), weights["availability"])
    worker[at] = weights["availability"] - organization[at]
    return apportion(PPM, organization), apportion(PPM, worker)


def fit(weights, own):
    """The fit and the contributions. Both sides need some weight here."""
    weighted = [[w * v for w, v in zip(side, own)] for side in sides(weights)]
    o, w = (max(1000, ratio(sum(side), PPM)) for side in weighted)
    result = ratio(5 * o * w, 3 * w + 2 * o)
    left = min(PPM, 500_000 + 2 * own[COMPONENTS.index("availability")])
    result = ratio(result * left, PPM) if left < PPM else result
    for i, side in enumerate(sides(weights)):
        if sum(weighted[i]) < 1000 * PPM:
            weighted[i] = side
    of_org, of_worker = sum(weighted[0]), sum(weighted[1])
    shares = [3 * w * a * of_worker + 2 * o * b * of_org for a, b in zip(*weighted)]
    return result, o, w, apportion(result, shares)


# The comparison


def check(population, deliverable, themes):
    """Compares the ranking of a deliverable, and returns how many items it has."""
    request = dict(deliverable, themes=deliverable["themes"] or themes[deliverable["organization_id"]] or [])
    path = f"/deliverables/{deliverable['id']}/matches"
    items, weights = ranking(path), get(path, limit=1)["weights"]
    workers = {w["id"]: w for w in population.workers}
    roles = {role["role"]: role for role in request["roles"]}
    for item in items:
        where = f"{deliverable['title']}, rank {item['rank']}"
        worker = workers[item["worker"]["id"]]
        own = list(values(population, request, worker, roles[item["role"]]))
        shown = {c["name"]: c for c in item["components"]}
        for name, value in zip(COMPONENTS, own):
            assert value == shown[name]["value_ppm"], (where, name, value, shown[name])
        result, o, w, parts = fit(weights, own)
        assert (o, w) == (item["organization_side_ppm"], item["worker_side_ppm"]), (where, o, w)
        assert result == item["fit_ppm"], (where, result, item["fit_ppm"])
        assert parts == [shown[name]["contribution_ppm"] for name in COMPONENTS], (where, parts)
    check_team(deliverable, path, items)
    return len(items)


def ranking(path, **query):
    """All items of a ranking by fit."""
    items, cursor = [], {}
    while True:
        page = get(path, fairness="off", counts="false", limit=200, **query, **cursor)
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = {"cursor": page["next"]}


# The team


def most(lists):
    """How many lists can give a different worker each: a maximum matching."""
    given = {}

    def serve(i, tried):
        for worker in lists[i]:
            if worker not in tried:
                tried.add(worker)
                if worker not in given or serve(given[worker], tried):
                    given[worker] = i
                    return True
        return False

    return sum(serve(i, set()) for i in range(len(lists)))


def team(roles):
    """Interleaves the lists of roles, each with its open places and the keys of its workers in order."""
    listed, taken, before = [], set(), None
    while before != len(listed):
        before = len(listed)
        for turn in range(1, max((places for places, _ in roles.values()), default=0) + 1):
            waiting = [role for role, (places, _) in roles.items() if places >= turn]
            while waiting:

                def left(without=None, gone=None):
                    """Those who are not listed yet, as many of each list as can matter."""
                    for role in waiting:
                        if role != without:
                            own = [key for key in roles[role][1] if key[-1] not in taken and key[-1] != gone]
                            yield own[: len(waiting)]

                whole = most([[key[-1] for key in own] for own in left()])

                def is_spare(role, key):
                    return most([[key[-1] for key in own] for own in left(role, key[-1])]) == whole - 1

                pairs = []
                for i, (role, own) in enumerate(zip(waiting, left())):
                    pairs += next(([(key, i, role)] for key in own if is_spare(role, key)), [])
                if not pairs:
                    break
                key, _, role = min(pairs)
                listed.append((role, key[-1]))
                taken.add(key[-1])
                waiting.remove(role)
    return listed


def check_team(deliverable, path, items):
    """Compares the order of the list for the whole team with the lists of its roles."""
    low = uuid.UUID(deliverable["id"]).int & (1 << 64) - 1
    roles, ranks = {}, {}
    for open_places in deliverable["open_places"]:
        role = open_places["role"]
        if open_places["left"]:
            found = ranking(path, role=role)
            ids = [uuid.UUID(item["worker"]["id"]).int for item in found]
            keys = [(-item["fit_ppm"], mix(mix(low) ^ i & (1 << 64) - 1), i) for item, i in zip(found, ids)]
            assert keys == sorted(keys), (deliverable["title"], role)
            roles[role] = (open_places["left"], keys)
            ranks[role] = {i: rank for rank, i in enumerate(ids, 1)}
    shown = [(item["role"], uuid.UUID(item["worker"]["id"]).int) for item in items]
    assert team(roles) == shown, deliverable["title"]
    assert all(ranks[role][i] == item["fit_rank"] for (role, i), item in zip(shown, items)), deliverable["title"]


def main():
    # Workers may live anywhere.
    areas = {area["code"]: area for area in get("/areas", include_unserved="true")["items"]}
    skills = get("/skills")["items"]
    catalogue = {"areas": areas, "parents": {skill["code"]: skill["parent"] for skill in skills}}
    families = {kind["code"]: kind["family"] for kind in get("/deliverable-types")["items"]}
    organizations = {o["id"]: o["themes"] for o in everything("/organizations")}
    deliverables = everything("/deliverables", status="open")
    today = datetime.date.fromisoformat(get(f"/deliverables/{deliverables[0]['id']}/matches", limit=1)["as_of"])
    population = Population(counted_here(everything("/workers")), catalogue, today)
    compared = 0
    for deliverable in deliverables:
        deliverable["family"] = families[deliverable["type"]]
        compared += check(population, deliverable, organizations)
    print(f"{compared} matches of {len(deliverables)} deliverables are the same to the last unit")


if __name__ == "__main__":
    main()
