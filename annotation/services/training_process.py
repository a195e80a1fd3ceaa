"""Training and evaluation as processes of their own: what is called, and what they said last.

A process of its own can be stopped, cannot leak into a worker, and keeps torch out of ours.
"""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation.errors import ProductError
from annotation.models import Job
from annotation.services.jobs import JobLost

Command = list[str]


class TrainingFailed(ProductError):
    """The process said in a sentence why it could not go on."""


def training(
    *, task: str, snapshot: Path, recipe: str, out: Path, start: Path, compare: Path
) -> Command:
    """Train from a snapshot; several processes, one per GPU, where the settings say so."""
    processes = settings.TRAINING_PROCESSES
    python = [sys.executable, "-m"]
    if processes > 1:
        python += ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
    command = [*python, "training", task, "--snapshot", str(snapshot), "--recipe", recipe]
    command += ["--out", str(out), "--init", str(start), "--compare", str(compare)]
    return [*command, "--minutes", str(settings.TRAINING_CHECKPOINT_MINUTES)]


def evaluation(*, snapshot: Path, weights: Path, compare: Path | None = None) -> Command:
    """Judge weights, and others beside them, on the test patients of a snapshot."""
    command = [sys.executable, "-m", "training", "evaluate", "--snapshot", str(snapshot)]
    command += ["--weights", str(weights)]
    return command + (["--compare", str(compare)] if compare else [])


@contextmanager
def run_folder(job: Job) -> Iterator[Path]:
    """Where a training keeps its state, several times its weights: as long as the job goes on.

    It goes by the job: whoever takes the job over from a worker that died or was stopped goes on
    where that one was. A job that ends here, however it does, leaves nothing.
    """
    folder = Path(settings.DATA) / "training" / f"job-{job.pk}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    except (KeyboardInterrupt, SystemExit, JobLost):
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder)


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


def told(progress: dict[str, Any]) -> str:
    """One progress line of the training process in words."""
    if progress["steps"] <= 1:  # what has no steps says itself where it is
        return str(progress["phase"])
    text = f"{progress['phase']}: step {progress['step']} of {progress['steps']}"
    if progress.get("loss") is not None:
        text += f", loss {progress['loss']:.3f}"
    if progress.get("eta_s") is not None:
        text += f", about {round(progress['eta_s'])} s left"
    return text
