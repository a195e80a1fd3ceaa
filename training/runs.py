"""One training run: from a snapshot folder to an evaluated checkpoint."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from inference import checkpoint
from training import snapshot
from training.loop import Report, TrainingError
from training.resume import Resume

TASKS = ("key_points", "corner_grades")


def run(
    task: str,
    *,
    folder: Path,
    recipe: str,
    out: Path,
    init: Path | None = None,
    compare: Path | None = None,
    device: str = "auto",
    report: Report,
) -> dict[str, Any]:
    """Train, evaluate on the test patients, write `out`; returns the content of the done line.

    `compared` holds the same figures of the weights in `compare`, else in `init`, on the same
    films. A run that was killed goes on when it is started again with the same arguments; its
    state lies beside `out` until it ends. Raises TrainingError, SnapshotError or CheckpointError
    with one sentence.
    """
    work = _work(task)
    if recipe not in work.RECIPES:
        raise TrainingError(f"There is no recipe {recipe}: choose {', '.join(work.RECIPES)}.")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    report({"phase": "checking the snapshot", "step": 0, "steps": 1})
    films = snapshot.read(folder)
    start = checkpoint.load(init, task) if init else None
    other = checkpoint.load(compare, task) if compare else start
    torch.manual_seed(work.RECIPES[recipe].seed)
    resume = Resume(
        out.with_suffix(".resume"),
        f"{task} {work.RECIPES[recipe]} {films.checksum} {start.sha256 if start else None}",
    )
    network, described = work.fit(
        films, work.RECIPES[recipe], start, torch.device(device), report, resume
    )
    described |= {
        "recipe": recipe,
        "snapshot": {"name": films.name, "sha256": films.checksum, "source": films.source},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    report({"phase": "evaluating", "step": 0, "steps": 1})
    # Judged as it will serve: from the file, after rounding to 16 bits
    checkpoint.save(out, network, described)
    test = films.split("test")
    figures = work.evaluate(checkpoint.load(out, task), test, torch.device(device))
    sha256 = checkpoint.save(out, network, {**described, "metrics": figures})
    compared = work.evaluate(other, test, torch.device(device)) if other else {}
    return {"metrics": figures, "compared": compared, "weights": str(out), "sha256": sha256}


def _work(task: str) -> ModuleType:
    """The task's own file; only one of the two networks' libraries is loaded, it takes seconds."""
    if task == "corner_grades":
        from training import corner_grades

        return corner_grades
    from training import key_points

    return key_points
