"""The known answers of a calibration deck. A deck is a study of that purpose (`study.py`)."""

from django.db import models
from django.db.models import Q

from annotation.models.append_only import append_only
from annotation.models.radiograph import Radiograph
from annotation.models.study import Study


class CalibrationAnswer(models.Model):
    """What a deck holds to be right at one corner. Its readers see it after the commit, not before.

    Never changed: agreement with the deck is agreement with these rows.
    """

    deck = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="answers")
    radiograph = models.ForeignKey(Radiograph, on_delete=models.PROTECT, related_name="+")
    site = models.CharField(max_length=7)
    grade = models.PositiveSmallIntegerField(null=True)
    not_assessable = models.CharField(max_length=16, blank=True)
    source = models.CharField(max_length=160, help_text="a study's consensus, or who imported it")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_answer", fields=["deck", "radiograph", "site"]),
            models.CheckConstraint(
                name="answer_is_grade_or_not_assessable",
                condition=Q(grade__isnull=False, grade__lte=3, not_assessable="")
                | (Q(grade__isnull=True) & ~Q(not_assessable="")),
            ),
        ]
        triggers = append_only()
