"""A film that kills its worker does so twice, and stands in nobody's way."""

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from annotation.models import BegunFilm, Job, ModelVersion, Radiograph
from annotation.services import begun_films, jobs
from tests.annotation.conftest import MakeFilm, MakeUser
from tests.annotation.own_process import HOME, environment
from tests.annotation.pregrading.conftest import FakeGrader, pregraded_by


def status_of_a_worker(job: Job, deadly: Radiograph, data: Path) -> int:
    """How a worker of its own ends that takes the job; if it dies, the job is free again."""
    words = [sys.executable, "-m", "tests.annotation.pregrading.killing", str(job.pk)]
    ended = subprocess.run(
        [*words, str(deadly.pk)], cwd=HOME, env=environment(data), check=False, timeout=120
    )
    Job.objects.filter(pk=job.pk, state="running").update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
    return ended.returncode


@pytest.mark.django_db(transaction=True)
def test_a_film_that_kills_two_workers_is_set_aside_and_the_others_are_graded(
    pictured: MakeFilm, serving: dict[str, ModelVersion], settings: Any
) -> None:
    deadly, *others = (pictured() for _ in range(3))
    job = jobs.create(kind="pregrade", arguments={}, actor=None)
    ended = [status_of_a_worker(job, deadly, Path(settings.DATA)) for _ in range(3)]
    assert ended == [-signal.SIGKILL, -signal.SIGKILL, 0]
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("succeeded", 3)
    reason = begun_films.SENTENCE
    assert job.result["failed"] == [{"radiograph": deadly.pk, "reason": reason}]
    assert all(other.pregradings.exists() for other in others)
    assert not deadly.pregradings.exists()


@pytest.fixture
def deadly(pictured: MakeFilm, serving: dict[str, ModelVersion]) -> Radiograph:
    """One under which two workers died."""
    film = pictured()
    for worker in ("one", "another"):
        BegunFilm.objects.create(radiograph=film, worker=worker)
    return film


def test_the_next_jobs_name_it_and_leave_it(
    deadly: Radiograph, grader: FakeGrader, pictured: MakeFilm
) -> None:
    other = pictured()
    for graded in (1, 0):
        job = pregraded_by(jobs.waiting_pregrading())
        assert (job.result["pregraded"], grader.seen) == (graded, 1)
        assert [one["radiograph"] for one in job.result["failed"]] == [deadly.pk]
    assert other.pregradings.exists()
    job = jobs.create(kind="pregrade", arguments={"radiographs": [other.pk]}, actor=None)
    assert pregraded_by(job).result["failed"] == []


def test_an_admin_who_starts_pre_grading_has_it_tried_once_more(
    deadly: Radiograph, grader: FakeGrader, admin: MakeUser, signed_in: Any
) -> None:
    answer = signed_in(admin()).post(
        "/api/v1/pregrade", {"radiographs": "all"}, content_type="application/json"
    )
    job = pregraded_by(Job.objects.get(pk=answer.json()["id"]))
    assert (job.result["pregraded"], job.result["failed"]) == (1, [])
    assert not BegunFilm.objects.exists()


def test_what_is_graded_already_is_not_named(deadly: Radiograph, grader: FakeGrader) -> None:
    begun_films.ask_again()
    pregraded_by(jobs.waiting_pregrading())
    for worker in ("one", "another"):  # of a newer version, which was rolled back since
        BegunFilm.objects.create(radiograph=deadly, worker=worker)
    assert pregraded_by(jobs.waiting_pregrading()).result["failed"] == []
