"""The weights that ship: phantom films -> snapshot -> both networks, in one command.

Natural prevalence is seven corners in ten without a finding; a third of the training patients
come from the "trial" preset, so that spurs and bridges are seen often. Validation (and with it
the calibration) and test keep the clinic's prevalence.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inference.predict import CORNER_GRADES_FILE, KEY_POINTS_FILE
from training import runs, snapshot
from training.loop import Report
from training.phantom_snapshot import write_phantoms
from training.snapshot import SnapshotError

PATIENTS = 900
SCALE = 0.5  # half the pixels a side: the crops still shrink a little, and four times faster
TRAIN_SEED, TRIAL_SEED, VAL_SEED, TEST_SEED = 101, 102, 103, 104  # other seeds, other people


def make(
    films: Path,
    out: Path,
    patients: int | None,
    report: Report,
    *,
    init: Path | None = None,
    recipe: str = "starter",
    tasks: Sequence[str] = runs.TASKS,
) -> dict[str, Any]:
    """Write the phantoms unless they are there, train the networks, put them into `out`.

    `patients` learn; None: as many as are there, else 900. `init`: a folder of such weights to go
    on from. Raises SnapshotError when the phantoms that are there are of another number.
    """
    if not (films / snapshot.MANIFEST).is_file():
        _write(films, PATIENTS if patients is None else patients, report)
    elif patients is not None:
        there = len({film.patient for film in snapshot.read(films).split("train")})
        if there != 2 * patients // 3 + patients // 3:
            raise SnapshotError(
                f"{films} holds phantoms of {there} training patients already: leave --patients "
                "out, or name another folder by --films."
            )
    names = {"key_points": KEY_POINTS_FILE, "corner_grades": CORNER_GRADES_FILE}
    return {
        task: runs.run(
            task,
            folder=films,
            recipe=recipe,
            out=out / names[task],
            init=init / names[task] if init else None,
            report=report,
        )
        for task in tasks
    }


def _write(films: Path, patients: int, report: Report) -> None:
    held = max(2, patients // 12)
    write_phantoms(
        films,
        [
            ("train", "clinic", TRAIN_SEED, 2 * patients // 3),
            ("train", "trial", TRIAL_SEED, patients // 3),
            ("val", "clinic", VAL_SEED, held),
            ("test", "clinic", TEST_SEED, held),
        ],
        scale=SCALE,
        mishaps=True,
        tick=lambda done, of: (
            report({"phase": "phantoms", "step": done, "steps": of}) if done % 50 == 0 else None
        ),
    )
