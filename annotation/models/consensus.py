"""Cases for adjudication, and what a study holds to be true of a corner."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation.models.append_only import append_only, immutable
from annotation.models.radiograph import Radiograph
from annotation.models.reading import Reading
from annotation.models.study import Study


class AdjudicationCase(models.Model):
    """A corner on which two readers of a round differ. Who is shown as A is drawn once."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="cases")
    radiograph = models.ForeignKey(Radiograph, on_delete=models.PROTECT)
    site = models.CharField(max_length=7)
    reading_a = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="+")
    reading_b = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="+")
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    lease_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="case_once", fields=["study", "radiograph", "site"]),
            models.CheckConstraint(
                name="case_has_two_readings", condition=~Q(reading_a=models.F("reading_b"))
            ),
        ]
        # Only who holds it may change; the corner and the two reads never do.
        triggers = [
            immutable("study_id", "radiograph_id", "site", "reading_a_id", "reading_b_id"),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]


class ConsensusQuerySet(models.QuerySet["Consensus"]):
    """Reads of consensus as sentences."""

    def current(self) -> "ConsensusQuerySet":
        """What stands of every corner: its newest row, unless that waits for an adjudicator."""
        newest = self.order_by("study_id", "radiograph_id", "site", "-id").distinct(
            "study_id", "radiograph_id", "site"
        )
        standing = Consensus.objects.filter(pk__in=newest.values("pk"))
        return standing.exclude(rule=Consensus.Rule.WAITING)


class Consensus(models.Model):
    """What a study holds to be true of a corner, and by which rule. It never touches the reads.

    The newest row of a corner counts. A corner that waits for an adjudicator is held to be nothing,
    whatever was agreed on before.
    """

    class Rule(models.TextChoices):
        AGREED = "agreed", "all readers gave the same grade"
        ADJUDICATED = "adjudicated", "an adjudicator decided"
        WAITING = "waiting", "the readers differ, and an adjudicator is asked"
        # The readers differ, but not so far that the study sends the corner to an adjudicator.
        MEAN = "mean", "mean of the readers, half a grade upwards"
        MEDIAN = "median", "median of the readers, half a grade upwards"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="consensus")
    radiograph = models.ForeignKey(Radiograph, on_delete=models.PROTECT, related_name="consensus")
    site = models.CharField(max_length=7)
    grade = models.PositiveSmallIntegerField(null=True)
    not_assessable = models.CharField(max_length=16, blank=True)
    findings = models.JSONField(default=list)
    rule = models.CharField(max_length=11, choices=Rule)
    case = models.ForeignKey(AdjudicationCase, null=True, on_delete=models.PROTECT)
    adjudicator = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT)
    idempotency_key = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ConsensusQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "consensus"
        constraints = [
            models.UniqueConstraint(
                name="decision_once", fields=["idempotency_key", "radiograph", "site"]
            ),
            models.CheckConstraint(
                name="consensus_grade_or_not_assessable",
                condition=Q(rule="waiting", grade__isnull=True, not_assessable="")
                | ~Q(rule="waiting")
                & (
                    Q(grade__isnull=False, grade__lte=3, not_assessable="")
                    | (Q(grade__isnull=True) & ~Q(not_assessable=""))
                ),
            ),
            models.CheckConstraint(
                name="adjudicated_by_somebody",
                condition=~Q(rule="adjudicated") | Q(adjudicator__isnull=False),
            ),
        ]
        triggers = append_only()
