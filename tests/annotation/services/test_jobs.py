"""Jobs: the row is the truth, a dead worker gives its job back, cancel is obeyed."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from annotation.errors import Conflict
from annotation.models import AuditRecord, Job
from annotation.services import jobs


@pytest.fixture
def admin(db: None) -> models.Model:
    return get_user_model().objects.create_user("an-admin")


@pytest.fixture
def job(admin: models.Model) -> Job:
    return jobs.create(kind="pregrade", arguments={"radiographs": [1]}, actor=admin)


def test_a_new_job_waits_and_says_who_asked_for_it(job: Job, admin: models.Model) -> None:
    assert job.state == "queued"
    record = AuditRecord.objects.get(subject=f"Job {job.pk}")
    assert (record.actor, record.action) == (admin, "job.pregrade_asked")


def test_a_claimed_job_is_running_under_a_lease(job: Job) -> None:
    held = jobs.claim(job.pk)
    assert held is not None
    assert held.state == "running"
    assert held.lease_until is not None
    assert held.lease_until > timezone.now()


def test_a_held_job_is_not_given_to_a_second_worker(job: Job) -> None:
    jobs.claim(job.pk)
    assert jobs.claim(job.pk) is None


def test_a_finished_job_is_not_started_again_by_a_late_message(job: Job) -> None:
    held = jobs.claim(job.pk)
    assert held is not None
    jobs.succeed(held, message="Done.", result={})
    assert jobs.claim(job.pk) is None


def test_a_worker_that_stops_renewing_gives_the_job_back(job: Job) -> None:
    first = jobs.claim(job.pk)
    assert first is not None
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert list(jobs.left_behind()) == [job]
    second = jobs.claim(job.pk)
    assert second is not None
    assert second.attempts == 2
    assert second.started_at == first.started_at  # what a job took counts from its first worker
    with pytest.raises(jobs.JobLost):
        jobs.renew(first)
    jobs.renew(second)


def test_a_job_that_killed_three_workers_fails_with_a_sentence(job: Job) -> None:
    for _ in range(jobs.MOST_ATTEMPTS):
        assert jobs.claim(job.pk) is not None
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.claim(job.pk) is None
    job.refresh_from_db()
    assert job.state == "failed"
    assert "3 workers died" in job.error


def test_renewing_tells_progress_and_message(job: Job) -> None:
    held = jobs.claim(job.pk)
    assert held is not None
    jobs.renew(held, progress=0.25, message="Film 2 of 8")
    job.refresh_from_db()
    assert (job.progress, job.message) == (0.25, "Film 2 of 8")


def test_progress_beyond_the_end_is_the_end(job: Job) -> None:
    held = jobs.claim(job.pk)
    assert held is not None
    jobs.renew(held, progress=7.0)
    job.refresh_from_db()
    assert job.progress == 1.0


def test_a_waiting_job_is_cancelled_at_once(job: Job, admin: models.Model) -> None:
    assert jobs.cancel(job_id=job.pk, actor=admin).state == "cancelled"
    assert jobs.claim(job.pk) is None


def test_a_running_job_meets_the_cancel_at_its_next_heartbeat(
    job: Job, admin: models.Model
) -> None:
    held = jobs.claim(job.pk)
    assert held is not None
    assert jobs.cancel(job_id=job.pk, actor=admin).state == "running"
    with pytest.raises(jobs.JobCancelled):
        jobs.renew(held)
    jobs.stopped(held)
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_an_ended_job_cannot_be_cancelled(job: Job, admin: models.Model) -> None:
    jobs.cancel(job_id=job.pk, actor=admin)
    with pytest.raises(Conflict, match="ended already"):
        jobs.cancel(job_id=job.pk, actor=admin)


def test_only_one_training_waits_or_runs(admin: models.Model) -> None:
    jobs.create(kind="training", arguments={}, actor=admin)
    with pytest.raises(Conflict, match="already waiting or running"):
        jobs.create(kind="training", arguments={}, actor=admin)


def test_a_hundred_uploads_need_one_pregrading(db: None) -> None:
    first = jobs.waiting_pregrading()
    assert jobs.waiting_pregrading() == first
    jobs.claim(first.pk)  # from now on its list of films may be complete: a new one is needed
    assert jobs.waiting_pregrading() != first


def test_the_database_wants_a_reason_for_a_failure(job: Job) -> None:
    with pytest.raises(IntegrityError, match="failed_job_says_why"), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(state="failed", error="")


@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_that_want_a_job_one_gets_it() -> None:
    job = jobs.create(kind="pregrade", arguments={}, actor=None)
    start, got = threading.Barrier(8), []

    def work() -> None:
        start.wait()
        if jobs.claim(job.pk):
            got.append(threading.get_ident())
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(got) == 1


@pytest.mark.django_db(transaction=True)
def test_the_heart_beats_while_one_step_takes_long(settings: Settings) -> None:
    settings.JOB_LEASE_SECONDS = 0.3
    created = jobs.create(kind="pregrade", arguments={}, actor=None)
    held = jobs.claim(created.pk)
    assert held is not None
    before = held.lease_until
    renewed = threading.Event()
    with jobs.kept_alive(held):
        for _ in range(2000):
            held.refresh_from_db()
            if held.lease_until != before:
                renewed.set()
                break
            renewed.wait(0.02)
    assert renewed.is_set()


def test_a_worker_that_lost_its_job_cannot_end_the_other_ones(job: Job) -> None:
    first = jobs.claim(job.pk)
    assert first is not None
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    second = jobs.claim(job.pk)
    assert second is not None
    for end in (
        lambda: jobs.succeed(first, message="Done.", result={}),
        lambda: jobs.fail(first, "No."),
        lambda: jobs.stopped(first),
    ):
        with pytest.raises(jobs.JobLost):
            end()
    job.refresh_from_db()
    assert (job.state, job.worker) == ("running", second.worker)


def test_a_job_given_back_waits_again_and_no_attempt_is_spent(job: Job) -> None:
    held = jobs.claim(job.pk)
    assert held is not None
    jobs.give_back(held)
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("queued", 0)
