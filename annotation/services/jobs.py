"""Long work as rows: make, claim, keep alive, finish. A worker that dies gives its job back."""

import logging
import os
import signal
import socket
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.models import F, Q
from django.utils import timezone

from annotation.errors import Conflict, ProductError
from annotation.models import Job
from annotation.services import audit

log = logging.getLogger(__name__)

# A job that took three workers down with it will take the fourth down too.
MOST_ATTEMPTS = 3


class JobCancelled(Exception):
    """A person asked the job to stop."""


class JobLost(Exception):
    """The lease ran out and another worker has the job: this one must stop at once."""


def create(*, kind: str, arguments: dict[str, Any], actor: User | None) -> Job:
    """Add a queued job.

    Raises Conflict when a training is waiting or running already: the database allows one.
    """
    try:
        with transaction.atomic():
            job = Job.objects.create(kind=kind, arguments=arguments, created_by=actor)
            audit.record(actor=actor, action=f"job.{kind}_asked", subject=job, **arguments)
    except IntegrityError as clash:
        raise Conflict(
            "A training is already waiting or running. Wait for it to end, or cancel it first."
        ) from clash
    return job


def waiting_pregrading() -> Job:
    """The one queued job that pre-grades whatever is not pre-graded; made if there is none.

    A hundred uploads need one such job, not a hundred.
    """
    with transaction.atomic():
        waiting = Job.objects.select_for_update(skip_locked=True).filter(
            kind=Job.Kind.PREGRADE, state=Job.State.QUEUED, arguments={}
        )
        return waiting.first() or create(kind=Job.Kind.PREGRADE, arguments={}, actor=None)


def claim(job_id: int) -> Job | None:
    """Take the job for this worker, or None when it is finished or another worker holds it."""
    with transaction.atomic():
        job = Job.objects.select_for_update(skip_locked=True).filter(pk=job_id).first()
        if job is None or not _is_free(job):
            return None
        if job.attempts >= MOST_ATTEMPTS:
            _end(
                job,
                Job.State.FAILED,
                error=f"{job.attempts} workers died on this job. Read the worker's log, then "
                "start it again.",
            )
            return None
        job.state = Job.State.RUNNING
        job.attempts += 1
        job.worker = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        job.heartbeat_at = timezone.now()
        job.started_at = job.started_at or job.heartbeat_at  # by the first: the job took it all
        job.lease_until = _next_lease()
        job.save()
    return job


def _is_free(job: Job) -> bool:
    """Waiting, or left behind by a worker that stopped renewing."""
    if job.state == Job.State.QUEUED:
        return True
    expired = job.lease_until is not None and job.lease_until < timezone.now()
    return job.state == Job.State.RUNNING and expired


def _next_lease() -> datetime:
    return timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)


def renew(job: Job, *, progress: float | None = None, message: str | None = None) -> None:
    """Heartbeat: keep the lease, and say how far the work is (0 to 1) and what it is doing.

    Raises JobLost when another worker has taken over, JobCancelled when a person asked to stop.
    """
    changes: dict[str, Any] = {"lease_until": _next_lease(), "heartbeat_at": timezone.now()}
    if progress is not None:
        changes["progress"] = min(1.0, max(0.0, progress))
    if message is not None:
        changes["message"] = message
    held = Job.objects.filter(pk=job.pk, worker=job.worker, state=Job.State.RUNNING)
    if not held.update(**changes):
        raise JobLost(f"{job} is held by another worker.")
    if Job.objects.filter(pk=job.pk, cancel_asked=True).exists():
        raise JobCancelled(f"{job} was cancelled.")


@dataclass
class Held:
    """A job that this worker holds; ``process`` is what must die when the hold or the job ends."""

    job: Job
    process: subprocess.Popen[str] | None = None

    def let_go(self) -> None:
        """End the work at once; the body then meets JobLost or JobCancelled at its next renew."""
        if self.process is not None:
            # With its children: several GPUs are several processes
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


@contextmanager
def kept_alive(job: Job) -> Iterator[Held]:
    """Renew the lease from a thread while the body runs, however long its single steps take."""
    stop = threading.Event()
    held = Held(job)

    def beat() -> None:
        while not stop.wait(settings.JOB_LEASE_SECONDS / 3):
            try:
                renew(job)
            except (JobLost, JobCancelled):
                held.let_go()
                return
            except DatabaseError:
                log.warning("The heartbeat of %s missed the database; it tries again.", job)
            finally:
                connection.close()

    heart = threading.Thread(target=beat, name=f"heartbeat of {job}", daemon=True)
    heart.start()
    try:
        yield held
    finally:
        stop.set()
        heart.join()


def _end(job: Job, state: str, **changes: Any) -> None:
    """Write how the job ended. Raises JobLost when another worker has taken it since."""
    mine = Job.objects.filter(pk=job.pk, worker=job.worker).unfinished()
    if not mine.update(state=state, finished_at=timezone.now(), lease_until=None, **changes):
        raise JobLost(f"{job} is held by another worker.")


def succeed(job: Job, *, message: str, result: dict[str, Any]) -> None:
    """The work is done; ``result`` is what the asker wants to read."""
    _end(job, Job.State.SUCCEEDED, progress=1.0, message=message, result=result)


def fail(job: Job, sentence: str) -> None:
    """The work cannot be done; ``sentence`` tells the admin why and what to do."""
    _end(job, Job.State.FAILED, error=sentence)


def stopped(job: Job) -> None:
    """The worker has obeyed the request to cancel."""
    _end(job, Job.State.CANCELLED, message="Cancelled.")


def give_back(job: Job) -> None:
    """The worker is being stopped in good order: another one goes on, and no attempt is spent."""
    Job.objects.filter(pk=job.pk, worker=job.worker, state=Job.State.RUNNING).update(
        state=Job.State.QUEUED, lease_until=None, attempts=F("attempts") - 1
    )


def cancel(*, job_id: int, actor: User) -> Job:
    """Ask a job to stop: a waiting one is cancelled now, a running one at its next heartbeat."""
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job_id)
        if job.state == Job.State.QUEUED:
            _end(job, Job.State.CANCELLED, message="Cancelled before it began.")
            job.refresh_from_db()
        elif job.state == Job.State.RUNNING:
            job.cancel_asked = True
            job.save()
        else:
            raise Conflict("The job has ended already.")
        audit.record(actor=actor, action="job.cancelled", subject=job)
    return job


def left_behind() -> models.QuerySet[Job]:
    """Jobs that nobody is working on: waiting ones, and those whose worker died."""
    return Job.objects.filter(
        Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, lease_until__lt=timezone.now())
    )


@contextmanager
def held(job_id: int) -> Iterator[Held | None]:
    """Claim a job, keep it alive, and write down how it ended. None: nothing to do here."""
    job = claim(job_id)
    if job is None:
        yield None
        return
    try:
        with kept_alive(job) as work:
            yield work
    except (KeyboardInterrupt, SystemExit):
        give_back(job)
        raise
    except JobLost:
        log.warning("%s was taken over by another worker; this one stops.", job)
    except JobCancelled:
        stopped(job)
    except ProductError as problem:
        fail(job, str(problem))
    except Exception as problem:
        fail(job, f"Unexpected {type(problem).__name__}: {problem}. Read the worker's log.")
        raise
