"""How long readers wait for their next film and for a saved grade, and whether size matters.

Starts the demo (gunicorn, real Postgres) in a folder of its own, writes a study of 10,000 open
places, lets real HTTP clients read, then does the same beside a study of 1,000,000 open places.
The clients are processes of their own on the same cores. Every figure is the median of the runs'
own medians and 95th percentiles; the ratio is large to small.

    python -m benchmarks.reading_load --json > benchmarks/results/reading_load.json
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

from benchmarks.workstation import demo
from tests.web_reader import WebReader

READERS = 8
SIZES = {"10,000": 10_000, "1,000,000": 1_000_000}
THINK_SECONDS = 2.0
# Label Studio 1.23.2, measured on a like machine (2 cores, client on the same cores), 50,000 items
# unless said otherwise, medians of three runs, milliseconds: (p50, p95). Saves: at 5,000 items.
PEER = {
    "origin": "Label Studio 1.23.2, measured on a like machine",
    "1 reader": {
        "take": {"SQLite": [87, 240], "Postgres": [148, 194]},
        "save": {"SQLite": [61, 92], "Postgres": [114, 135]},
    },
    "8 readers": {
        "take": {"SQLite": [785, 4046], "Postgres": [653, 884]},
        "save": {"SQLite": [398, 979], "Postgres": [883, 1106]},
    },
    "8 readers thinking 2 s": {
        "take": {"SQLite": [385, 1777], "Postgres": [221, 467]},
        "save": {"SQLite": [206, 896], "Postgres": [147, 341]},
    },
}
AIMS = {"latency_of_the_peers": 0.1, "ratio_of_sizes": 1.5}
Times = dict[str, list[float]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--films", type=int, default=8, help="that each reader reads in a run")
    parser.add_argument("--thoughts", type=int, default=8, help="cycles of a reader who thinks")
    parser.add_argument("--large", type=int, default=SIZES["1,000,000"])
    parser.add_argument("--machine", default="", help="in words, for the record")
    asked = parser.parse_args()
    load = os.getloadavg()
    figures: dict[str, Any] = {}
    with demo() as address:
        for size, places in SIZES.items():
            places = min(places, asked.large)
            began = time.monotonic()
            round_ = _study(size, places)
            print(f"{places} places in {time.monotonic() - began:.0f} s", file=sys.stderr)
            runs = [_run(address, round_, asked) for _ in range(asked.runs)]
            figures[size] = {
                who: {what: _middle([run[who][what] for run in runs]) for what in runs[0][who]}
                for who in runs[0]
            }
    record = {
        "machine": asked.machine,
        "load_before": [round(value, 2) for value in load],
        "server": "gunicorn, 2 workers of 4 threads; Postgres with fsync",
        "runs": asked.runs,
        "aims": AIMS,
        "milliseconds": figures,
        "ratio_of_sizes": _ratios(figures),
        "peer": PEER,
        "share_of_the_peers_postgres": _shares(figures["1,000,000"]),
    }
    print(json.dumps(record, indent=1) if asked.json else table(record))


def _study(name: str, places: int) -> int:
    """A study with that many open places; the id of its round."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "annotation.settings"
    django.setup()
    from benchmarks import many_places

    people = many_places.readers(READERS)
    return many_places.study(name, films=places // READERS, of=people).pk


def _run(address: str, round_: int, asked: argparse.Namespace) -> dict[str, Times]:
    """One run of the three ways to read."""
    return {
        "1 reader": _together(address, round_, 1, films=2 * asked.films),
        "8 readers": _together(address, round_, READERS, films=asked.films),
        "8 readers thinking 2 s": _together(
            address, round_, READERS, films=asked.thoughts, think=THINK_SECONDS
        ),
    }


def _together(address: str, round_: int, number: int, *, films: int, think: float = 0) -> Times:
    """Let readers read at once; all their times by what they waited for, ms."""
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(number, context) as people:
        start = manager.Barrier(number)
        work = partial(_reader, address, round_, films, think, start)
        found: Times = defaultdict(list)
        for times in people.map(work, [f"load-{n}" for n in range(1, number + 1)], timeout=300):
            for what, values in times.items():
                found[what] += values
    return dict(found)


def _reader(
    address: str, round_: int, films: int, think: float, start: Barrier, name: str
) -> Times:
    """One reader: a process of its own with one connection. Milliseconds by what was waited for."""
    import django

    django.setup()
    from benchmarks.many_places import PASSWORD, close_place

    times: Times = defaultdict(list)
    with WebReader(address, name, PASSWORD) as reader:
        reader.take(round_)  # the connections of the server are open afterwards
        start.wait(60)
        for _ in range(films):
            close_place(round_, name)
            reading = reader.take(round_)["reading"]
            times["take"].append(reader.seconds)
            for site in reading["sites"][: 1 if think else None]:
                time.sleep(think)
                reader.grade(reading["id"], site, {"grade": 1})
                times["save"].append(reader.seconds)
            if not think:
                reader.commit(reading["id"])
                times["commit and next"].append(reader.seconds)
    return {what: [1000 * t for t in found] for what, found in times.items()}


def _middle(runs: list[list[float]]) -> dict[str, float]:
    """The median of the runs' medians and of their 95th percentiles; n over all runs."""
    cuts = [statistics.quantiles(run, n=20, method="inclusive") for run in runs]
    return {
        "p50": round(statistics.median(statistics.median(run) for run in runs), 1),
        "p95": round(statistics.median(cut[18] for cut in cuts), 1),
        "n": sum(map(len, runs)),
    }


def _ratios(figures: dict[str, Any]) -> dict[str, Any]:
    """Large to small, of the medians."""
    small, large = (figures[size] for size in SIZES)
    return {
        who: {what: round(large[who][what]["p50"] / small[who][what]["p50"], 2) for what in whats}
        for who, whats in small.items()
    }


def _shares(figures: dict[str, Any]) -> dict[str, Any]:
    """Ours at a million places by the peer's at its size, of the medians."""
    return {
        who: {
            what: round(figures[who][what]["p50"] / PEER[who][what]["Postgres"][0], 3)
            for what in ("take", "save")
        }
        for who in figures
    }


def table(record: dict[str, Any]) -> str:
    """The figures, the ratios and the peer's, a line each."""
    lines = [f"{'':<44}{'p50':>9}{'p95':>9}   ms"]
    for size, of_size in record["milliseconds"].items():
        for who, of_who in of_size.items():
            for what, v in of_who.items():
                lines.append(f"{f'{size} places, {who}: {what}':<56}{v['p50']:>8}{v['p95']:>8}")
    lines.append(f"ratio of sizes {record['ratio_of_sizes']}, aim {AIMS['ratio_of_sizes']}")
    lines.append(f"share of the peer's {record['share_of_the_peers_postgres']}, aim 0.1")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
