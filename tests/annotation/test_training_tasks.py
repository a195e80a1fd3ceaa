"""The doors of training: progress, refusal, death and cancelling of the process behind them."""

import sys

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from annotation.models import Job
from annotation.services import jobs, training_process
from annotation.services.training_process import TrainingFailed


def saying(*lines: str) -> list[str]:
    """A process that prints these lines as the training would."""
    printed = "; ".join(f"print({line!r}, flush=True)" for line in lines)
    return [sys.executable, "-c", printed]


@pytest.fixture
def held(db: None) -> jobs.Held:
    created = jobs.create(kind="training", arguments={}, actor=None)
    job = jobs.claim(created.pk)
    assert job is not None
    return jobs.Held(job)


def test_progress_of_the_training_reaches_the_job(held: jobs.Held) -> None:
    line = (
        '{"step": 30, "steps": 40, "loss": 0.51, "eta_s": 9, "phase": "Training", "progress": 0.4}'
    )
    report = training_process.followed_for(held, saying(line, '{"done": true, "metrics": {}}'))
    held.job.refresh_from_db()
    assert report["done"]
    assert held.job.progress == 0.4
    assert held.job.message == "Training: step 30 of 40, loss 0.510, about 9 s left"


@pytest.mark.parametrize(("seconds", "said"), [(119, "119 s"), (3463, "58 min"), (100_000, "28 h")])
def test_what_is_left_is_told_in_the_unit_that_a_person_would_use(seconds: int, said: str) -> None:
    line = {"step": 1, "steps": 2, "phase": "train", "eta_s": seconds}
    assert training_process.told(line) == f"train: step 1 of 2, about {said} left"


def test_films_are_told_with_their_total() -> None:
    line = {"phase": "reading", "step": 61, "steps": 400, "unit": "film"}
    assert training_process.told(line) == "reading: film 61 of 400"


def test_what_has_no_steps_is_told_without_them(held: jobs.Held) -> None:
    line = '{"step": 0, "steps": 1, "phase": "evaluating", "progress": 0.8}'
    training_process.followed_for(held, saying(line, '{"done": true, "metrics": {}}'))
    held.job.refresh_from_db()
    assert held.job.message == "evaluating"


def test_a_training_that_refuses_says_why(held: jobs.Held) -> None:
    with pytest.raises(TrainingFailed, match="no corner of grade 2"):
        training_process.followed_for(held, saying('{"failed": "There is no corner of grade 2."}'))


def test_a_training_that_dies_is_a_failure(held: jobs.Held) -> None:
    with pytest.raises(TrainingFailed, match="status 7"):
        training_process.followed_for(held, [sys.executable, "-c", "raise SystemExit(7)"])


def test_a_cancelled_training_is_stopped(held: jobs.Held) -> None:
    Job.objects.filter(pk=held.job.pk).update(cancel_asked=True)
    line = '{"step": 1, "steps": 2, "phase": "Training", "progress": 0.5}'
    endless = [sys.executable, "-c", f"print({line!r}, flush=True)\nimport time\ntime.sleep(60)"]
    began = timezone.now()
    with pytest.raises(jobs.JobCancelled):
        training_process.followed_for(held, endless)
    assert (timezone.now() - began).total_seconds() < 30


@pytest.mark.django_db(transaction=True)
def test_a_silent_training_is_killed_when_it_is_cancelled(settings: Settings) -> None:
    settings.JOB_LEASE_SECONDS = 0.6
    created = jobs.create(kind="training", arguments={}, actor=None)
    job = jobs.claim(created.pk)
    assert job is not None
    Job.objects.filter(pk=job.pk).update(cancel_asked=True)
    silent = [sys.executable, "-c", "import time\ntime.sleep(60)"]
    began = timezone.now()
    with jobs.kept_alive(job) as held, pytest.raises(jobs.JobCancelled):
        training_process.followed_for(held, silent)
    assert (timezone.now() - began).total_seconds() < 30
