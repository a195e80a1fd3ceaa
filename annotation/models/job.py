"""Long work. The row is the truth; the Celery message is only the hint to look at it."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class JobQuerySet(models.QuerySet["Job"]):
    """Reads of jobs as sentences."""

    def unfinished(self) -> "JobQuerySet":
        """Jobs that are waiting or running."""
        return self.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])


class Job(models.Model):
    """One piece of long work with state, progress, lease and heartbeat.

    A worker holds the job while it renews the lease. A worker that dies stops renewing, and the
    job is given to another one.
    """

    class Kind(models.TextChoices):
        PREGRADE = "pregrade"
        TRAINING = "training"
        COMPARE = "compare", "a candidate is judged again, beside what serves now"

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    kind = models.CharField(max_length=8, choices=Kind)
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    progress = models.FloatField(default=0, help_text="0 to 1")
    message = models.TextField(blank=True)
    error = models.TextField(blank=True)
    result = models.JSONField(default=dict)
    attempts = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    cancel_asked = models.BooleanField(default=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="running_job_has_lease",
                condition=~Q(state="running") | Q(lease_until__isnull=False),
            ),
            models.CheckConstraint(
                name="failed_job_says_why", condition=~Q(state="failed") | ~Q(error="")
            ),
            models.CheckConstraint(
                name="progress_is_a_share", condition=Q(progress__gte=0) & Q(progress__lte=1)
            ),
            # Two trainings at once would fight for the GPU and for the next version's name.
            models.UniqueConstraint(
                name="one_training_at_a_time",
                fields=["kind"],
                condition=Q(kind="training", state__in=["queued", "running"]),
            ),
        ]
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def asked(self, films: list[int]) -> list[int]:
        """Those of the films that the job names; all, when it names none."""
        asked = set(self.arguments.get("radiographs", films))
        return [film for film in films if film in asked]
