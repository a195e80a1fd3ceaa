"""Periodic retraining: is it due, and what does it train."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from annotation.models import Job, ModelVersion, RetrainingSchedule, Study
from annotation.services import audit, jobs


def request_training(*, study: Study, recipe: str, actor: User | None) -> Job:
    """Queue a training of the corner grader on a study's labels."""
    return jobs.create(
        kind=Job.Kind.TRAINING,
        arguments={
            "study": study.pk,
            "task": ModelVersion.Task.CORNER_GRADES.value,
            "recipe": recipe,
        },
        actor=actor,
    )


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
        recipe=row.recipe,
    )
    return row


@transaction.atomic
def start_if_due() -> Job | None:
    """Queue the scheduled training when its time has come and none is waiting or running."""
    row = RetrainingSchedule.objects.select_for_update().filter(enabled=True).first()
    if row is None or row.study is None or row.last_started_at is None:
        return None
    due = row.last_started_at + timedelta(hours=row.every_hours)
    busy = Job.objects.unfinished().filter(kind=Job.Kind.TRAINING).exists()
    if timezone.now() < due or busy:
        return None
    row.last_started_at = timezone.now()
    row.save(update_fields=["last_started_at"])
    return request_training(study=row.study, recipe=row.recipe, actor=None)
