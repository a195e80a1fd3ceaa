"""Periodic retraining: is it due, and what does it train."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from annotation.errors import Conflict
from annotation.models import Consensus, Job, ModelVersion, RetrainingSchedule, Snapshot, Study
from annotation.services import audit, dataset_snapshots, jobs


def request_training(
    *,
    study: Study,
    recipe: str,
    actor: User | None,
    task: str = ModelVersion.Task.CORNER_GRADES.value,
) -> Job:
    """Queue a training of one of the networks on a study's labels. No actor: the schedule."""
    return jobs.create(
        kind=Job.Kind.TRAINING,
        arguments={"study": study.pk, "task": task, "recipe": recipe},
        actor=actor,
    )


def request_again(*, job_id: int, actor: User) -> Job:
    """Queue a training that failed once more, with the snapshot it had: it goes on where it was.

    Raises Conflict for another job, and when a training is waiting or running.
    """
    failed = Job.objects.get(pk=job_id)
    if failed.kind != Job.Kind.TRAINING or failed.state != Job.State.FAILED:
        raise Conflict("Only a training that failed can be started again.")
    return jobs.create(kind=Job.Kind.TRAINING, arguments=failed.arguments, actor=actor)


def frozen(job: Job) -> Snapshot:
    """The snapshot of this training, frozen once however often the job is taken over."""
    if "snapshot" not in job.arguments:
        jobs.renew(job, progress=0.0, message="Freezing the labels into a snapshot")
        snapshot = dataset_snapshots.freeze(Study.objects.get(pk=job.arguments["study"]))
        job.arguments["snapshot"] = snapshot.pk
        job.save(update_fields=["arguments"])
    return Snapshot.objects.get(pk=job.arguments["snapshot"])


def schedule() -> RetrainingSchedule:
    """The one schedule; switched off until an admin switches it on."""
    return RetrainingSchedule.objects.get_or_create(pk=1)[0]


@transaction.atomic
def change_schedule(*, actor: User, **changes: object) -> RetrainingSchedule:
    """Store what the admin set. A new rhythm counts from now."""
    row = RetrainingSchedule.objects.select_for_update().get(pk=schedule().pk)
    rhythm = (row.enabled, row.every_hours)
    for name, value in changes.items():
        setattr(row, name, value)
    if rhythm != (row.enabled, row.every_hours):
        row.last_started_at = timezone.now()
    row.save()
    audit.record(
        actor=actor,
        action="retraining.scheduled",
        subject=row,
        enabled=row.enabled,
        every_hours=row.every_hours,
        new_corners=row.new_corners,
        recipe=row.recipe,
        study=row.study_id,
    )
    return row


def new_consensus_corners(row: RetrainingSchedule) -> int:
    """Corners of the study whose consensus is new since the last start."""
    held = Consensus.objects.filter(study=row.study, grade__isnull=False)
    if row.last_started_at:
        held = held.filter(created_at__gt=row.last_started_at)
    return held.values("radiograph", "site").distinct().count()


@transaction.atomic
def start_if_due() -> Job | None:
    """Queue the scheduled training when it is due by time or by corners and none is under way."""
    row = RetrainingSchedule.objects.select_for_update().filter(enabled=True).first()
    if row is None or row.study is None or row.last_started_at is None:
        return None
    due = row.last_started_at + timedelta(hours=row.every_hours)
    early = row.new_corners is not None and new_consensus_corners(row) >= row.new_corners
    busy = Job.objects.unfinished().filter(kind=Job.Kind.TRAINING).exists()
    if busy or not (early or timezone.now() >= due):
        return None
    job = request_training(study=row.study, recipe=row.recipe, actor=None)
    row.last_started_at = timezone.now()
    row.save(update_fields=["last_started_at"])
    return job
