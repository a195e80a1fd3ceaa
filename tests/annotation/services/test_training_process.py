"""A training's state on disk lives as long as somebody may go on with it."""

import os
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from annotation.services.jobs import JobCancelled, JobLost
from annotation.services.training_process import TrainingFailed, workplace


def left_after(problem: type[BaseException], data: Path) -> bool:
    with suppress(problem), workplace("grades-quick-7") as folder:
        (folder / "candidate.resume").touch()
        raise problem
    return (data / "training" / "grades-quick-7" / "candidate.resume").exists()


@pytest.mark.parametrize(
    ("problem", "stays"),
    [
        (JobLost, True),  # another worker has it
        (SystemExit, True),  # the worker is restarted, the job is given back
        (TrainingFailed, True),  # a person may start it again
        (OSError, True),
        (JobCancelled, False),
    ],
)
def test_the_state_stays_for_whoever_may_go_on_and_for_nobody_else(
    settings: Settings, tmp_path: Path, problem: type[BaseException], *, stays: bool
) -> None:
    settings.DATA = tmp_path
    assert left_after(problem, tmp_path) == stays


def test_a_training_that_is_done_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    settings.DATA = tmp_path
    with workplace("grades-quick-7") as folder:
        (folder / "candidate.safetensors").touch()
    assert list((tmp_path / "training").iterdir()) == []


@pytest.mark.parametrize(("days", "stays"), [(13, True), (15, False)])
def test_what_an_earlier_training_left_goes_when_it_is_old(
    settings: Settings, tmp_path: Path, days: int, *, stays: bool
) -> None:
    settings.DATA = tmp_path
    assert left_after(TrainingFailed, tmp_path)
    then = time.time() - timedelta(days=days).total_seconds()
    os.utime(tmp_path / "training" / "grades-quick-7", (then, then))
    with workplace("points-quick-8") as folder:
        left = {other.name for other in folder.parent.iterdir()} - {folder.name}
    assert left == ({"grades-quick-7"} if stays else set())
