"""Model versions and what each of them predicted."""

from pathlib import Path

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation.models.append_only import append_only, immutable
from annotation.models.dataset import Snapshot
from annotation.models.radiograph import Radiograph
from inference.msasss import likeliest


def never_without_a_serving_one() -> pgtrigger.Trigger:
    """Once a version serves a task, one always does: looked at when the transaction commits.

    Within it, the old one retires before the new one serves, for there may never be two.
    """
    return pgtrigger.Trigger(
        name="never_without_a_serving_one",
        when=pgtrigger.After,
        operation=pgtrigger.Update | pgtrigger.Delete,
        level=pgtrigger.Row,
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Condition("OLD.\"state\" = 'serving'"),
        func="""
            IF NOT EXISTS (
                SELECT 1 FROM annotation_modelversion
                WHERE task = OLD.task AND state = 'serving'
            ) THEN
                RAISE EXCEPTION 'No model version serves % any more', OLD.task;
            END IF;
            RETURN NULL;
        """,
    )


class ModelVersion(models.Model):
    """A trained network with everything that made it. Exactly one per task is serving."""

    class Task(models.TextChoices):
        KEY_POINTS = "key_points"
        CORNER_GRADES = "corner_grades"

    class State(models.TextChoices):
        CANDIDATE = "candidate"
        SERVING = "serving"
        RETIRED = "retired"
        REJECTED = "rejected"

    task = models.CharField(max_length=13, choices=Task)
    name = models.CharField(max_length=64, unique=True)
    recipe = models.CharField(max_length=32)
    state = models.CharField(max_length=9, choices=State, default=State.CANDIDATE)
    weights = models.CharField(max_length=200, help_text="file name below the weights folder")
    weights_sha256 = models.CharField(max_length=64)
    code_version = models.CharField(
        max_length=40, blank=True, help_text="that trained it; blank: from before files said so"
    )
    snapshot = models.ForeignKey(Snapshot, null=True, on_delete=models.PROTECT)
    metrics = models.JSONField(default=dict, help_text="on the snapshot's frozen test patients")
    compared_with = models.ForeignKey("self", null=True, on_delete=models.PROTECT)
    compared_metrics = models.JSONField(
        default=dict, help_text="the serving version's, on the same test patients"
    )
    comparison = models.JSONField(
        default=dict, help_text="the gate: paired differences to `compared_with`, and the verdict"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_serving_per_task", fields=["task"], condition=Q(state="serving")
            )
        ]
        triggers = [
            immutable("task", "weights", "weights_sha256", "recipe", "snapshot_id"),
            never_without_a_serving_one(),
        ]
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def weights_path(self) -> Path:
        """Where the safetensors file lies."""
        return Path(settings.WEIGHTS) / self.weights


class CornerPredictionQuerySet(models.QuerySet["CornerPrediction"]):
    """Reads of predictions as sentences."""

    def serving(self) -> "CornerPredictionQuerySet":
        """What the two networks that serve now say together."""
        serving = ModelVersion.State.SERVING
        return self.filter(model_version__state=serving, points_version__state=serving)


class CornerPrediction(models.Model):
    """Grade probabilities of one corner by one pair of versions; old versions' rows stay.

    A crop lies where its disc was found: the same grader says something else at other points.
    """

    radiograph = models.ForeignKey(
        Radiograph, on_delete=models.PROTECT, related_name="corner_predictions"
    )
    site = models.CharField(max_length=7)
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT)
    points_version = models.ForeignKey(
        ModelVersion,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="that found the discs, or that a reader put right (Pregrading.by_hand)",
    )
    p0 = models.FloatField()
    p1 = models.FloatField()
    p2 = models.FloatField()
    p3 = models.FloatField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CornerPredictionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_prediction_per_versions",
                fields=["radiograph", "site", "model_version", "points_version"],
            ),
            models.CheckConstraint(
                name="probabilities_sum_to_one",
                condition=Q(p0__gte=0, p1__gte=0, p2__gte=0, p3__gte=0)
                & Q(p0__gte=0.999 - models.F("p1") - models.F("p2") - models.F("p3"))
                & Q(p0__lte=1.001 - models.F("p1") - models.F("p2") - models.F("p3")),
            ),
        ]
        triggers = append_only()

    @property
    def grade(self) -> int:
        """What these probabilities stand for, as evaluation counts it too."""
        return likeliest((self.p0, self.p1, self.p2, self.p3))


class Pregrading(models.Model):
    """That a film went through the two networks, and whether its key points were plausible.

    An implausible film goes to a person and has no corner predictions. When a reader has moved its
    points, it is graded again at those (`by_hand`), after every correction until that works.
    """

    radiograph = models.ForeignKey(Radiograph, on_delete=models.PROTECT, related_name="pregradings")
    key_points = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    corner_grades = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    plausible = models.BooleanField()
    by_hand = models.BooleanField(default=False, help_text="graded at a reader's points")
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="pregraded_once_per_versions",
                fields=["radiograph", "key_points", "corner_grades"],
                condition=Q(by_hand=False),
            ),
            models.CheckConstraint(
                name="implausible_has_reason", condition=Q(plausible=True) | ~Q(reason="")
            ),
        ]
        triggers = append_only()
