"""How many full-size phantom films are drawn and encoded a second; prints one JSON.

Beside it stands the floor: the noise of the same films alone, one normal number a pixel, which
every film with quantum noise must draw. Seconds of processor time per film stand there too: on a
machine that others share they say what two free cores could do.

    python -m benchmarks.phantom --json > benchmarks/results/phantom.json
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from statistics import median

import cv2
import numpy as np

from training.phantom import encode, generate

SEED = 905
AIM = 5.0  # films a second on two cores


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="on one line")
    asked = parser.parse_args()
    load = round(os.getloadavg()[0], 1)  # of the machine, which may be shared
    rates: dict[str, list[float]] = {"whole": [], "noise": []}
    spent: dict[str, list[float]] = {"whole": [], "noise": []}
    with ProcessPoolExecutor(asked.workers, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        list(pool.map(whole, range(asked.workers)))  # libraries and tables are loaded
        for _ in range(asked.repeats):  # in turn, so that a busy minute hits both
            for name, work in (("whole", whole), ("noise", noise)):
                rate, seconds = _rate(pool, work, asked.patients)
                rates[name].append(rate)
                spent[name].append(seconds)
    figures = {
        "films_per_second": round(median(rates["whole"]), 2),
        "aim": AIM,
        "noise_alone_films_per_second": round(median(rates["noise"]), 2),
        "processor_seconds_per_film": round(median(spent["whole"]), 3),
        "noise_alone_processor_seconds_per_film": round(median(spent["noise"]), 3),
        "films": 2 * asked.patients,
        "repeats": asked.repeats,
        "processes": asked.workers,
        "cores": os.cpu_count(),
        "load_average_at_start": load,
        "seed": SEED,
        "note": "full size, both regions, both vendors, with DICOM encoding, without the disk",
    }
    print(json.dumps(figures, indent=None if asked.json else 1))


def whole(patient: int) -> tuple[int, float]:
    """Both films of one patient as the bytes of DICOM files; their number and processor seconds."""
    began = time.process_time()
    films = generate(1, 1, "clinic", SEED, first=patient, mishaps=True)
    return sum(len(encode(film)) > 0 for film in films), time.process_time() - began


def noise(patient: int) -> tuple[int, float]:
    """The noise of two films of the commonest sizes."""
    began, rng = time.process_time(), np.random.default_rng(patient)
    for shape in ((1760, 1480), (3000, 2400)) if patient % 2 else ((2510, 2010), (2140, 1760)):
        rng.standard_normal(shape, dtype=np.float32)
    return 2, time.process_time() - began


def _rate(
    pool: ProcessPoolExecutor, work: Callable[[int], tuple[int, float]], patients: int
) -> tuple[float, float]:
    """Films per second of all workers together, and processor seconds per film."""
    started = time.perf_counter()
    done = list(pool.map(work, range(patients)))
    films = sum(number for number, _ in done)
    taken = time.perf_counter() - started
    return films / taken, sum(seconds for _, seconds in done) / films


if __name__ == "__main__":
    main()
