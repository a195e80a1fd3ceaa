"""A training's state on disk lives as long as its job."""

from contextlib import suppress
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from annotation.models import Job
from annotation.services.jobs import JobCancelled, JobLost
from annotation.services.training_process import TrainingFailed, run_folder

JOB = Job(pk=7)


def left_after(problem: type[BaseException], data: Path) -> bool:
    with suppress(problem), run_folder(JOB) as folder:
        (folder / "candidate.resume").touch()
        raise problem
    return (data / "training" / "job-7" / "candidate.resume").exists()


@pytest.mark.parametrize(
    ("problem", "stays"),
    [
        (JobLost, True),  # another worker has it
        (SystemExit, True),  # the worker is restarted, the job is given back
        (KeyboardInterrupt, True),
        (JobCancelled, False),
        (TrainingFailed, False),
        (OSError, False),
    ],
)
def test_the_state_stays_for_whoever_goes_on_with_the_job_and_for_nobody_else(
    settings: Settings, tmp_path: Path, problem: type[BaseException], *, stays: bool
) -> None:
    settings.DATA = tmp_path
    assert left_after(problem, tmp_path) == stays


def test_a_training_that_is_done_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    settings.DATA = tmp_path
    with run_folder(JOB) as folder:
        (folder / "candidate.safetensors").touch()
    assert not (tmp_path / "training" / "job-7").exists()
