"""Solves made-up rounds with HiGHS, and writes what it finds: python3 vectors.py > vectors.json

Needs scipy (1.17.1 was used). `books/mod.rs` draws the same rounds from the same numbers. Each row has the seed, then for
"fill then fit" places and fit, for "fit" the fit, for "worst first" places, lowest fit and fit, for "complete teams"
teams and fit. Each part of an objective is a program of its own, with the part before it as a constraint; so no large
weights meet HiGHS's tolerances.
"""

import json
import sys

import numpy
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

MASK = (1 << 64) - 1


class Draw:
    """SplitMix64, as in src/draw.rs."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        x = (self.state + 0x9E3779B97F4A7C15) & MASK
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
        return (x ^ (x >> 31)) % max(bound, 1)

    def chance(self, percent):
        return self.below(100) < percent


def book(seed):
    """A round: slots as (deliverable, places), capacities, and pairs as (slot, worker, fit)."""
    draw = Draw(seed)
    slots = []
    for deliverable in range(4 + draw.below(12)):
        for _ in range(1 + draw.below(3)):
            slots.append((deliverable, 1 + draw.below(3)))
    levels = [3, 25, 1_000_000][draw.below(3)]
    often = [20, 50, 90][draw.below(3)]
    capacities = [1 + (draw.below(6) if draw.chance(40) else 0) for _ in range(5 + draw.below(45))]
    pairs = []
    for slot in range(len(slots)):
        for worker in range(len(capacities)):
            if draw.chance(often):
                pairs.append((slot, worker, (1 + draw.below(levels)) * (1_000_000 // levels)))
    return slots, capacities, pairs


class Program:
    def __init__(self, slots, capacities, pairs):
        self.pairs, self.deliverables = pairs, 1 + slots[-1][0]
        self.size = len(pairs) + self.deliverables
        self.rows, self.upper, self.equal = [], [], []
        by = {}
        for x, (slot, worker, _) in enumerate(pairs):
            by.setdefault(("slot", slot), []).append(x)
            by.setdefault(("worker", worker), []).append(x)
            by.setdefault(("team", worker, slots[slot][0]), []).append(x)
        for key, xs in by.items():
            most = {"slot": lambda: slots[key[1]][1], "worker": lambda: capacities[key[1]], "team": lambda: 1}[key[0]]()
            self.add([(x, 1) for x in xs], -numpy.inf, most)
        self.slots, self.by = slots, by

    def add(self, row, least, most):
        self.rows.append((row, least, most))

    def complete(self):
        for slot, (deliverable, places) in enumerate(self.slots):
            row = [(x, 1) for x in self.by.get(("slot", slot), [])]
            self.add(row + [(len(self.pairs) + deliverable, -places)], 0, 0)

    def most(self, worth, floor=0):
        data, i, j = [], [], []
        for at, (row, _, _) in enumerate(self.rows):
            for x, a in row:
                data.append(a), i.append(at), j.append(x)
        matrix = csr_matrix((data, (i, j)), shape=(len(self.rows), self.size))
        upper = numpy.ones(self.size)
        upper[: len(self.pairs)] = [1.0 if fit >= floor else 0.0 for _, _, fit in self.pairs]
        limits = LinearConstraint(matrix, [r[1] for r in self.rows], [r[2] for r in self.rows])
        found = milp(
            [-w for w in worth], constraints=limits, bounds=Bounds(0, upper), integrality=numpy.ones(self.size),
            options={"mip_rel_gap": 0, "time_limit": 60},
        )
        assert found.status == 0, found.message
        xs = [round(x) for x in found.x]
        return sum(w * x for w, x in zip(worth, xs))


def solve(seed):
    slots, capacities, pairs = book(seed)
    none = [0] * (1 + slots[-1][0])
    fits, ones = [fit for _, _, fit in pairs] + none, [1] * len(pairs) + none
    row = [(x, 1) for x in range(len(pairs))]
    free = Program(slots, capacities, pairs)
    fit = free.most(fits)
    filled = free.most(ones)
    values = sorted({fit for _, _, fit in pairs})
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if free.most(ones, values[middle]) == filled else (low, middle)
    free.add(row, filled, filled)
    most, fair = free.most(fits), free.most(fits, values[low])
    teams = Program(slots, capacities, pairs)
    teams.complete()
    counted = [0] * len(pairs) + [1] * len(none)
    count = teams.most(counted)
    teams.add([(len(pairs) + d, 1) for d in range(len(none))], count, count)
    return [seed, filled, most, fit, filled, values[low], fair, count, teams.most(fits)]


if __name__ == "__main__":
    rows = []
    for seed in range(int(sys.argv[1]) if len(sys.argv) > 1 else 240):
        rows.append(solve(seed))
        print(rows[-1], file=sys.stderr, flush=True)
    print("[" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "]")
