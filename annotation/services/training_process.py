"""Training and evaluation as processes of their own: what is called, and what they said last.

A process of its own can be stopped, cannot leak into a worker, and keeps torch out of ours.
"""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation.errors import ProductError
from annotation.services.jobs import Held, JobCancelled, renew

Command = list[str]
KEPT = timedelta(days=14)
"""How long the state of a training that failed waits for somebody to start it again."""


class TrainingFailed(ProductError):
    """The process said in a sentence why it could not go on."""


def training(
    *, task: str, snapshot: Path, recipe: str, out: Path, start: Path, compare: Path
) -> Command:
    """Train from a snapshot; several processes, one per GPU, where the settings say so.

    The run's state stays: until the candidate is registered, its weights can still be lost.
    """
    processes = settings.TRAINING_PROCESSES
    python = [sys.executable, "-m"]
    if processes > 1:
        python += ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
    command = [*python, "training", task, "--snapshot", str(snapshot), "--recipe", recipe]
    command += ["--out", str(out), "--init", str(start), "--compare", str(compare)]
    return [*command, "--minutes", str(settings.TRAINING_CHECKPOINT_MINUTES), "--keep-state"]


@contextmanager
def workplace(name: str) -> Iterator[Path]:
    """The folder of this training's state, kept only where the training fails: it may go on.

    One training runs at a time, so what others left is of nobody at work. It is removed once it is
    old: the schedule may train at night what a person will start again in the morning.
    """
    folder = Path(settings.DATA) / "training" / name
    folder.mkdir(parents=True, exist_ok=True)
    for other in folder.parent.iterdir():
        if other != folder and time.time() - other.stat().st_mtime > KEPT.total_seconds():
            shutil.rmtree(other)
    try:
        yield folder
    except JobCancelled:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)


def evaluation(*, snapshot: Path, weights: Path, compare: Path | None = None) -> Command:
    """Judge weights, and others beside them, on the test patients of a snapshot."""
    command = [sys.executable, "-m", "training", "evaluate", "--snapshot", str(snapshot)]
    command += ["--weights", str(weights)]
    return command + (["--compare", str(compare)] if compare else [])


@contextmanager
def started(command: Command) -> Iterator[subprocess.Popen[str]]:
    """The process, in a group of its own, so that its children end with it."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        cwd=settings.BASE_DIR,
        start_new_session=True,
    ) as process:
        try:
            yield process
        except BaseException:
            process.terminate()
            raise


def lines(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """What it says, as it says it; lines of libraries that are no JSON are passed over."""
    for line in process.stdout or ():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict):
            yield said


def outcome(last: dict[str, Any], code: int | None) -> dict[str, Any]:
    """The last line of a process that has ended. Raises TrainingFailed with a sentence."""
    if last.get("done"):
        return last
    reason = last.get("failed")
    if reason is None and code is not None and code < 0:
        name = signal.Signals(-code).name
        reason = (
            f"The process was killed ({name}), as the system does when memory runs out or a GPU "
            "fails; read the worker's log and the system's."
        )
    raise TrainingFailed(reason or f"The process ended with status {code}; read the worker's log.")


def followed(command: Command) -> dict[str, Any]:
    """Run to the end and return the last line. Raises TrainingFailed."""
    last: dict[str, Any] = {}
    with started(command) as process:
        for said in lines(process):
            last = said
    return outcome(last, process.returncode)


def followed_for(held: Held, command: Command) -> dict[str, Any]:
    """Run to the end for a job, pass its progress on, and return the last line.

    If this worker dies, the process meets a closed pipe at its next line and ends too; if the job
    is cancelled while the process says nothing, the heartbeat kills it. Raises TrainingFailed, and
    as `jobs.renew` does.
    """
    last: dict[str, Any] = {}
    with started(command) as process:
        held.process = process
        for last in lines(process):
            if "step" in last:
                renew(held.job, progress=last["progress"], message=told(last))
    held.process = None
    renew(held.job)  # killed because of a cancel, or because another worker has the job?
    return outcome(last, process.returncode)


def told(progress: dict[str, Any]) -> str:
    """One progress line of the training process in words."""
    if progress.get("unit") == "film":
        return f"{progress['phase']}: film {progress['step']} of {progress['steps']}"
    if progress["steps"] <= 1:  # what has no steps says itself where it is
        return str(progress["phase"])
    text = f"{progress['phase']}: step {progress['step']} of {progress['steps']}"
    if progress.get("loss") is not None:
        text += f", loss {progress['loss']:.3f}"
    if progress.get("eta_s") is not None:
        text += f", about {_duration(progress['eta_s'])} left"
    return text


def _duration(seconds: float) -> str:
    """In the unit that a person would use."""
    if seconds < 120:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"
