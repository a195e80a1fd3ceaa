"""The schedule of periodic retraining."""

from django.db import models
from django.db.models import Q

from annotation.models.study import Study


class RetrainingSchedule(models.Model):
    """When the program trains a candidate by itself. It never promotes one. One row at most."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    enabled = models.BooleanField(default=False)
    every_hours = models.PositiveIntegerField(default=168)
    study = models.ForeignKey(Study, null=True, on_delete=models.PROTECT)
    recipe = models.CharField(max_length=32, default="quick")
    last_started_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="one_schedule", condition=Q(id=1)),
            models.CheckConstraint(
                name="enabled_schedule_names_study",
                condition=Q(enabled=False) | Q(study__isnull=False),
            ),
            models.CheckConstraint(name="schedule_waits_an_hour", condition=Q(every_hours__gte=1)),
        ]
