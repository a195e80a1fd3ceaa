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
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing.managers import SyncManager
from threading import Barrier
from typing import Any

from benchmarks.workstation_demo import demo
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
_CONNECTIONS = 4  # of the server to its database, one a thread and worker
AIMS = {"latency_of_the_peers": 0.1, "ratio_of_sizes": 1.5}
Times = dict[str, list[float]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--films", type=int, default=5, help="that each reader reads in a run")
    parser.add_argument("--thoughts", type=int, default=6, help="cycles of a reader who thinks")
    parser.add_argument("--large", type=int, default=SIZES["1,000,000"])
    parser.add_argument("--machine", default="", help="in words, for the record")
    asked = parser.parse_args()
    load = os.getloadavg()
    figures: dict[str, Any] = {}
    context = multiprocessing.get_context("spawn")
    with (
        demo() as address,
        context.Manager() as manager,
        ProcessPoolExecutor(READERS, context, initializer=_at_home) as people,
    ):
        for size, places in SIZES.items():
            places = min(places, asked.large)
            began = time.monotonic()
            room = _room(size, places, address, people, manager)
            _say(f"{places} places", began)
            runs = [_run(room, asked) for _ in range(asked.runs)]
            _say(f"{asked.runs} runs", began)
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


def _say(what: str, began: float) -> None:
    print(f"{what}: {time.monotonic() - began:.0f} s", file=sys.stderr)


@dataclass(frozen=True)
class _Room:
    """A round with its readers' sessions, and the processes that are the readers."""

    address: str
    round: int
    sessions: dict[str, str]
    people: Executor
    manager: SyncManager


def _at_home() -> None:
    """What every process of a reader does once: `close_place` asks the database."""
    import django

    django.setup()


def _room(name: str, places: int, address: str, people: Executor, manager: SyncManager) -> _Room:
    """A study with that many open places."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "annotation.settings"
    _at_home()
    from benchmarks import many_places

    readers = many_places.readers(READERS)
    sessions = {reader.username: many_places.session(reader) for reader in readers}
    round_ = many_places.study(name, films=places // READERS, of=readers)
    return _Room(address, round_.pk, sessions, people, manager)


def _run(room: _Room, asked: argparse.Namespace) -> dict[str, Times]:
    """One run of the three ways to read."""
    return {
        "1 reader": _together(room, 1, films=3 * asked.films),
        "8 readers": _together(room, READERS, films=asked.films),
        "8 readers thinking 2 s": _together(
            room, READERS, films=asked.thoughts, think=THINK_SECONDS
        ),
    }


def _together(room: _Room, number: int, *, films: int, think: float = 0) -> Times:
    """Let readers read at once; all their times by what they waited for, ms."""
    start = room.manager.Barrier(number)
    work = partial(_reader, room.address, room.round, films, think, start)
    found: Times = defaultdict(list)
    for times in room.people.map(work, list(room.sessions.items())[:number], timeout=300):
        for what, values in times.items():
            found[what] += values
    return dict(found)


def _reader(
    address: str, round_: int, films: int, think: float, start: Barrier, who: tuple[str, str]
) -> Times:
    """One reader: a process of its own with one connection. Milliseconds by what was waited for."""
    from benchmarks.many_places import close_place

    name, session = who
    times: Times = defaultdict(list)
    with WebReader(address, session=session) as reader:
        for _ in range(_CONNECTIONS):  # the connections of the server are open afterwards
            reader.take(round_)
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
