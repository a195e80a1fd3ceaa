"""How fast films are pre-graded and networks are trained, beside the bare networks and no more.

Serving: phantom films at full size go from their DICOM files through the intake and the job
`pregrade` to stored grades, on a durable Postgres. Beside it the same networks in the same run, at
the same batch, in as many threads, on crops and views that lie ready; once with the networks of
the starter weights, once with the full-size ones of the recipes (`benchmarks.serving_networks`).
A round has enough films for its beginning and end, when cores wait, to weigh little.
Training: samples a second through `training.loop`, beside forward, backward and optimizer step on
one batch that lies ready.

    python -m benchmarks.inference --json --machine "..." > benchmarks/results/inference.json
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from benchmarks.intake import product, resident_mb
from benchmarks.serving_networks import NETWORKS, bare, served, weights
from benchmarks.training_speed import training_figures
from inference import film_batches
from inference.corner_grades import log_probabilities
from inference.disc_patches import PATCH
from inference.film_batches import FilmFile
from inference.film_views import COLS, ROWS
from inference.picture import read_picture
from inference.predict import Grader

SEED = 911
SERVING_AIM, TRAINING_AIM = 0.8, 0.85  # of the bare networks


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("runtimes_ms", "serving", "training"), help="one part")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, choices=NETWORKS)
    parser.add_argument("--rounds", type=int, default=5, help="path and bare networks in turn")
    parser.add_argument("--patients", type=int, default=8, help="of a round; two films each")
    parser.add_argument("--memory-films", type=int, default=500)
    parser.add_argument("--steps", type=int, default=20, help="training steps of a turn")
    parser.add_argument("--compile", action="store_true", help="measure torch.compile too")
    parser.add_argument("--machine", default="not named", help="in words, for the reader")
    parser.add_argument("--json", action="store_true", help="on one line")
    asked = parser.parse_args()
    figures: dict[str, Any] = {
        "machine": asked.machine,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU",
        "threads": torch.get_num_threads(),
    }
    with product() as folder:
        parts: dict[str, Callable[[], Any]] = {
            "runtimes_ms": lambda: runtime_figures(compile_too=asked.compile),
            "serving": lambda: serving_figures(
                folder, asked.networks, asked.rounds, asked.patients
            ),
            "memory": lambda: memory_figures(asked.memory_films),
            "training": lambda: {"aim": TRAINING_AIM, **training_figures(asked.steps, SEED)},
        }
        figures |= {name: part() for name, part in parts.items() if asked.only in (None, name)}
    print(json.dumps(figures, indent=None if asked.json else 1))


def runtime_figures(*, compile_too: bool) -> dict[str, Any]:
    """Milliseconds of every way to run each network, in a thread with a driver's share."""
    os.environ["SYNDESMO_COMPILE"] = "1" if compile_too else "0"
    grader = film_batches.prepare(Grader.from_files())
    os.environ["SYNDESMO_COMPILE"] = "0"
    return {
        network: {"chosen": runtime.name, **runtime.milliseconds}
        for network, runtime in grader.runtimes.items()
    }


def serving_figures(
    folder: Path, networks: Sequence[str], rounds: int, patients: int
) -> dict[str, Any]:
    """Films per second of the way, of its parts alone, and of the bare networks; medians."""
    from django.core.management import call_command

    call_command("install_starter_weights", verbosity=0, stdout=io.StringIO())
    taken = itertools.count(step=patients)
    rows = {name: _row(folder, name, rounds, patients, taken) for name in networks}
    return {"aim": SERVING_AIM, **rows}


def _row(
    folder: Path, name: str, rounds: int, patients: int, taken: Iterator[int]
) -> dict[str, Any]:
    """One choice of networks: the path and the bare networks in turn, films new in every round."""
    plain, films = bare(name), 2 * patients
    millions = weights(plain)
    looking, alone = served(name)
    turns: dict[str, list[float]] = defaultdict(list)
    graded = []
    with mock.patch("annotation.tasks._grader", return_value=looking):
        _import(folder, first=next(taken), patients=patients)
        _pregrade()  # the first one warms
        for _ in range(rounds):
            first = next(taken)
            turns["intake"].append(films / _import(folder, first=first, patients=patients))
            list(film_batches.graded(looking, _files()[-films:]))  # the rehearsal
            turns["pregrade"].append(films / _timed(lambda: graded.append(_pregrade())))
            turns["decode"].append(films / _timed(lambda: _decode(films)))
            turns["bare"].append(_bare(alone, films))
            turns["bare_plain"].append(_bare(plain, films))
    per_second = {name: statistics.median(values) for name, values in turns.items()}
    whole = 1 / (1 / per_second["intake"] + 1 / per_second["pregrade"])
    return {
        "rounds": rounds,
        "films_per_round": films,
        "batch": _batch(films),
        "millions_of_weights": round(millions, 1),
        "runtimes": {network: way.name for network, way in alone.runtimes.items()},
        "films_graded_of": [sum(graded), rounds * films],
        "films_per_second": {name: round(rate, 2) for name, rate in per_second.items()},
        "stored_picture_to_stored_grades_by_bare": round(
            per_second["pregrade"] / per_second["bare"], 3
        ),
        "by_bare_plain": round(per_second["pregrade"] / per_second["bare_plain"], 3),
        "dicom_file_to_stored_grades_by_bare": round(whole / per_second["bare"], 3),
    }


def _import(folder: Path, *, first: int, patients: int) -> float:
    """Make phantom films, import their DICOM files; returns the seconds of the import."""
    from annotation.services.dicom_import import import_paths
    from training.phantom import encode, generate

    paths = []
    for film in generate(patients, 1, "clinic", SEED, first=first):
        paths.append(folder / "in" / film.file)
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        paths[-1].write_bytes(encode(film))
    spent = _timed(lambda: list(import_paths(paths)))
    for path in paths:
        path.unlink()
    return spent


def _pregrade() -> int:
    """The job itself: claimed, graded, stored, closed. The films that got grades."""
    from annotation import tasks
    from annotation.models import Job
    from annotation.services import jobs

    job = jobs.create(kind=Job.Kind.PREGRADE, arguments={}, actor=None)
    tasks.pregrade(job.pk)
    job.refresh_from_db()
    if job.state != Job.State.SUCCEEDED or job.result["failed"]:
        raise SystemExit(f"The benchmark's own films were not graded: {job.error or job.message}")
    return int(job.result["pregraded"] - job.result["implausible"])


def _files() -> list[FilmFile]:
    from annotation.models import Radiograph
    from inference.picture import Window

    return [
        FilmFile(f.pk, f.picture_path, f.region, Window(f.window_center, f.window_width))  # type: ignore[arg-type]
        for f in Radiograph.objects.ready().order_by("pk")
    ]


def _decode(films: int) -> None:
    """The newest pictures read and decoded, as many at once as there are drivers."""
    with ThreadPoolExecutor(_drivers(films)) as pool:
        list(pool.map(read_picture, [file.path for file in _files()[-films:]]))


def _drivers(films: int) -> int:
    return min(torch.get_num_threads(), film_batches.MOST_DRIVERS, films)


def _batch(films: int) -> int:
    largest = film_batches.GPU_BATCH if torch.cuda.is_available() else film_batches.CPU_BATCH
    return min(largest, -(-films // _drivers(films)))


def _bare(grader: Grader, films: int) -> float:
    """Films per second of all looks and six crops a film, inputs ready, drivers as in serving."""
    batch, drivers = _batch(films), _drivers(films)
    device, size = grader.finder.device, grader.recipe.size
    views = torch.rand(batch, 1, ROWS, COLS).to(device)
    patches = torch.rand(6 * batch, 1, PATCH.size, PATCH.size).to(device)
    crops = torch.rand(6 * batch, 1, size, size).to(device)
    levels = (torch.arange(6 * batch) % 12).to(device)

    @torch.inference_mode()
    def forward(_: int) -> None:
        for _ in range(min(grader.finder.architecture.looks, 2)):
            grader.finder.network(views)
        if grader.finder.closer is not None:
            grader.finder.closer(patches)
        log_probabilities(grader.network(crops, levels)).cpu()

    cores, turns = torch.get_num_threads(), max(2 * drivers, films // batch)
    with ThreadPoolExecutor(
        drivers, initializer=torch.set_num_threads, initargs=(max(1, cores // drivers),)
    ) as pool:
        list(pool.map(forward, range(drivers)))  # warm
        spent = _timed(lambda: list(pool.map(forward, range(turns))))
    torch.set_num_threads(cores)
    return turns * batch / spent


def memory_figures(films: int) -> dict[str, Any]:
    """Resident memory after each tenth of a run over stored films, from files to grades."""
    stored = _files()
    files = list(itertools.islice(itertools.cycle(stored), films))
    grader = film_batches.prepare(Grader.from_files())
    resident, done = [round(resident_mb())], 0
    for outcomes in film_batches.graded(grader, files):
        before, done = done, done + len(outcomes)
        if done * 10 // films > before * 10 // films:
            resident.append(round(resident_mb()))
    return {"films": films, "resident_mb_before_and_after_each_tenth": resident}


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
