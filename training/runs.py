"""One training run, from a snapshot folder to an evaluated checkpoint; or the evaluation alone."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from inference import checkpoint
from inference.checkpoint import Checkpoint, CheckpointError
from training import snapshot
from training.code_version import code_version
from training.loop import Report, TrainingError
from training.processes import joined
from training.progress import EVALUATION, RUN, of_the_whole
from training.resume import Resume
from training.seen_films import refuse_seen, seen
from training.snapshot import Snapshot

TASKS = ("key_points", "corner_grades")


def recipes(task: str) -> dict[str, Any]:
    """The recipes of a task by name; each says in `about` what it is for."""
    return dict(_work(task).RECIPES)


def state_file(out: Path) -> Path:
    """Where the state of the run that will write the weights `out` lies until it ends."""
    return out.with_suffix(".resume")


def run(
    task: str,
    *,
    folder: Path,
    recipe: str,
    out: Path,
    init: Path | None = None,
    compare: Path | None = None,
    device: str = "auto",
    minutes: float = 3.0,
    leave_out: str | None = None,
    keep_state: bool = False,
    report: Report,
) -> dict[str, Any]:
    """Train, evaluate on the test patients, write `out`; returns the content of the done line.

    `compared` holds the same figures of the weights in `compare`, else in `init`, on the same
    films. A run that was killed goes on when it is started again with the same arguments; its
    state, written every few `minutes`, lies beside `out` until it ends, with `keep_state` longer.
    `leave_out` names a centre whose films judge and teach nothing. Of several processes (torchrun)
    the first alone returns. Raises TrainingError, SnapshotError, CheckpointError with a sentence.
    """
    with joined(device) as (group, place):
        report = of_the_whole(report if group.first else _silent, RUN)
        work = _work(task)
        chosen = _known(work, recipe, out)
        report({"phase": "checking the snapshot", "step": 0, "steps": 1})
        films = snapshot.read(folder)
        films = snapshot.leaving_out(films, leave_out) if leave_out else films
        snapshot.refuse_misplaced(films.films)
        start = checkpoint.load(init, task) if init else None
        other = checkpoint.load(compare, task) if compare else start
        test = films.split("test")
        refuse_seen([start, other], test)
        snapshot.refuse_broken(test)  # the others are read before the first step
        repeatable(chosen.seed)
        key = f"{task} {chosen} {films.checksum} {films.left_out} {start and start.sha256}"
        resume = Resume(state_file(out), key, every_s=60 * minutes)
        network, described = work.fit(films, chosen, start, place, report, resume, group)
        if not group.first:
            return {}
        described |= {"recipe": recipe, **_origin(films, start)}
        report({"phase": "evaluating", "step": 0, "steps": 1})
        # Judged as it will serve: from the file, after rounding to 16 bits
        checkpoint.save(out, network, described)
        figures = work.compare(checkpoint.load(out, task), other, test, place, report)
        sha256 = checkpoint.save(out, network, {**described, "metrics": figures["metrics"]})
        if not keep_state:  # nor before: who is killed while it evaluates has trained already
            resume.forget()
        return {**figures, "weights": str(out), "sha256": sha256}


def _known(work: ModuleType, recipe: str, out: Path) -> Any:
    if recipe not in work.RECIPES:
        raise TrainingError(f"There is no recipe {recipe}: choose {', '.join(work.RECIPES)}.")
    if not out.parent.is_dir():  # found out now, not after days
        raise TrainingError(f"There is no folder {out.parent} to write the weights into.")
    return work.RECIPES[recipe]


def _origin(films: Snapshot, start: Checkpoint | None) -> dict[str, Any]:
    """Where the weights come from, for their file."""
    return {
        "snapshot": {
            "name": films.name,
            "sha256": films.checksum,
            "source": films.source,
            "left_out": films.left_out,
        },
        "seen": seen(films, start),
        "code": code_version(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def evaluate(
    *, folder: Path, weights: Path, compare: Path | None, device: str, report: Report
) -> dict[str, Any]:
    """Judge a weights file, and another beside it, on the test patients of a snapshot.

    Returns what `run` does. Raises SnapshotError or CheckpointError with one sentence, also when
    a test patient or a test film is one that the weights were trained on.
    """
    report = of_the_whole(report, EVALUATION)
    report({"phase": "checking the snapshot", "step": 0, "steps": 1})
    films = snapshot.read(folder)
    snapshot.refuse_misplaced(films.split("test"))
    stored = checkpoint.load(weights)
    task = str(stored.metadata.get("task"))
    if task not in TASKS:
        raise CheckpointError(f"{weights.name} holds weights for {task}: nothing evaluates that.")
    other = checkpoint.load(compare, task) if compare else None
    refuse_seen([stored, other], films.split("test"))
    report({"phase": "evaluating", "step": 0, "steps": 1})
    with joined(device) as (_, place):
        figures: dict[str, Any] = _work(task).compare(
            stored, other, films.split("test"), place, report
        )
    return {**figures, "weights": str(weights), "sha256": stored.sha256}


def repeatable(seed: int) -> None:
    """The same seed, the same weights: also on a GPU, where faster kernels add in any order.

    Beside cuDNN's convolutions that is the backward of the heads that enlarge maps, and cuBLAS. An
    operation that knows no order is warned of in the log.
    """
    torch.manual_seed(seed)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # as cuBLAS asks for it
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False


def _silent(line: dict[str, Any]) -> None:
    """Only the first process speaks."""


def _work(task: str) -> ModuleType:
    """The task's own file; only one of the two networks' libraries is loaded, it takes seconds."""
    if task == "corner_grades":
        from training import corner_grades

        return corner_grades
    from training import key_points

    return key_points
