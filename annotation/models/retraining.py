"""Periodic retraining: when it trains, and what it may do with the candidate by itself."""

from django.db import models
from django.db.models import Q

from annotation.models.study import Study


class RetrainingSchedule(models.Model):
    """When the program trains a candidate by itself. One row at most.

    After so many hours or, when that is set, as soon as so many corners of the study have a new
    consensus; never two at once. It promotes nothing unless the study has `PromotionBounds`.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    enabled = models.BooleanField(default=False)
    every_hours = models.PositiveIntegerField(default=168)
    new_corners = models.PositiveIntegerField(
        null=True, help_text="train earlier, when so many corners have a new consensus"
    )
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
            models.CheckConstraint(
                name="new_corners_are_some",
                condition=Q(new_corners__isnull=True) | Q(new_corners__gte=1),
            ),
        ]


class PromotionBounds(models.Model):
    """Within which bounds a study lets a scheduled candidate serve without a person.

    Off unless an admin switches it on. Every bound must hold; the defaults are our choice.
    """

    study = models.OneToOneField(Study, on_delete=models.PROTECT, related_name="promotion_bounds")
    enabled = models.BooleanField(default=False)
    most_kappa_lost = models.FloatField(
        default=0.01,
        help_text="the paired 95 % interval of the difference must lie above minus this",
    )
    least_recall_2 = models.FloatField(
        default=0.8, help_text="share of the true grade 2 that the candidate finds, at least"
    )
    most_bias = models.FloatField(
        default=0.5, help_text="units per patient and visit, predicted minus true, in either way"
    )
    least_patients = models.PositiveIntegerField(
        default=50, help_text="test patients: with few, every interval is luck"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="promotion_bounds_are_shares",
                condition=Q(most_kappa_lost__gte=0)
                & Q(most_kappa_lost__lte=1)
                & Q(least_recall_2__gte=0)
                & Q(least_recall_2__lte=1)
                & Q(most_bias__gte=0)
                & Q(least_patients__gte=2),
            )
        ]
