"""Reading studies: which films, which readers, in which rounds, under which rules."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from pgtrigger import AnyChange, Delete, Insert, Update
from pgtrigger import Q as Row

from annotation.models.append_only import immutable
from annotation.models.fixed_design import fixed_design
from annotation.models.radiograph import Radiograph

CONVENTIONS = (
    "assist_mode",
    "cervical_squaring",
    "missing_sites",
    "finding_flags",
    "adjudication_trigger",
    "adjudication_total",
    "settling_rule",
)
"""The columns of a study that may be corrected until its first grade."""

DRAWN = ("chronology", "overlap", "readers_per_film", "double_share", "repeat_share")
"""The columns that say how places are drawn: fixed with the draw, when the study is made."""

GATE = ("gate_deck", "gate_kappa", "gate_films")
"""What a study asks of a reader before the first film: fixed when the study is made."""

DESIGN = CONVENTIONS + DRAWN + GATE


class OfPurpose(models.Manager["Study"]):
    """The studies of one purpose: nobody meets a calibration deck among the studies by accident."""

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self._purpose = purpose

    def get_queryset(self) -> models.QuerySet["Study"]:
        """Without the other purposes."""
        return super().get_queryset().filter(purpose=self._purpose)


class Study(models.Model):
    """A reading study and its design, which is fixed once the first grade is in.

    A calibration deck is one too, of a purpose of its own: films with known answers, and a round
    for each try of a reader.
    """

    class Purpose(models.TextChoices):
        READING = "reading"
        CALIBRATION = "calibration", "films with known answers"

    class Assist(models.TextChoices):
        """When the reader sees the model (domain: pre-grades bias readers)."""

        BLIND = "blind", "never while reading"
        SECOND_LOOK = "second_look", "after the reader has committed"
        CONCURRENT = "concurrent", "while reading: no such read counts as a reader's own"

    class Chronology(models.TextChoices):
        """Which films of a patient are read together, and whether their order is known.

        Read in known order, more change is seen: reads of two chronologies are never pooled.
        """

        SINGLE = "single", "each film by itself"
        PAIRED_BLINDED = "paired_blinded", "all time points of a region together, order hidden"
        PAIRED_KNOWN = "paired_known", "all time points of a region together, in their order"

    class CervicalSquaring(models.TextChoices):
        """Healthy C2 to C4 already look square, so the convention must be written down."""

        ALL = "all"
        C5_C6 = "C5_C6"
        NONE = "none"

    class MissingSites(models.TextChoices):
        R3 = "R3", "up to three missing sites of a segment take the segment's mean"
        STRICT = "strict", "a missing site leaves the segment without a score"

    class AdjudicationTrigger(models.TextChoices):
        """Which differences between readers an adjudicator decides."""

        ANY = "any", "any difference"
        TWO_GRADES = "two_grades", "two grades or more"
        BRIDGE = "bridge", "a bridge against no bridge"
        TOTAL = "total", "every difference on a film whose totals lie too far apart"

    class SettlingRule(models.TextChoices):
        """What is held of a corner that differs and does not go before an adjudicator."""

        MEAN = "mean", "the mean, half a grade upwards"
        MEDIAN = "median", "the median, half a grade upwards"

    class Overlap(models.TextChoices):
        """How many readers read a film; all films of a patient go to the same ones."""

        ALL = "all", "every film by every reader"
        SOME = "some", "every film by k of the n readers"
        DOUBLE = "double", "every film by one reader, a share of them by a second"

    name = models.CharField(max_length=120, unique=True)
    purpose = models.CharField(max_length=11, choices=Purpose, default=Purpose.READING)
    gate_deck = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="asked_by",
        help_text="the calibration deck to agree with before the first film",
    )
    gate_kappa = models.FloatField(null=True, help_text="least quadratic kappa with the answers")
    gate_films = models.PositiveIntegerField(null=True, help_text="least number of films read")
    assist_mode = models.CharField(max_length=11, choices=Assist, default=Assist.BLIND)
    cervical_squaring = models.CharField(
        max_length=5, choices=CervicalSquaring, default=CervicalSquaring.NONE
    )
    missing_sites = models.CharField(max_length=6, choices=MissingSites, default=MissingSites.R3)
    finding_flags = models.BooleanField(default=False)
    adjudication_trigger = models.CharField(
        max_length=10, choices=AdjudicationTrigger, default=AdjudicationTrigger.ANY
    )
    adjudication_total = models.PositiveSmallIntegerField(
        null=True, help_text="units of a film's total by which readers may differ, for the trigger"
    )
    chronology = models.CharField(max_length=14, choices=Chronology, default=Chronology.SINGLE)
    overlap = models.CharField(max_length=6, choices=Overlap, default=Overlap.ALL)
    readers_per_film = models.PositiveSmallIntegerField(null=True, help_text="k of the n readers")
    double_share = models.FloatField(null=True, help_text="share of patients read by two, 0 to 1")
    repeat_share = models.FloatField(
        default=0, help_text="share of films that come twice in a reader's order, unannounced"
    )
    settling_rule = models.CharField(
        max_length=6, choices=SettlingRule, default=SettlingRule.MEDIAN
    )
    is_open = models.BooleanField(default=True)
    films = models.ManyToManyField(Radiograph, through="StudyFilm", related_name="studies")
    readers = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="reads_in")
    adjudicators = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="adjudicates_in")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OfPurpose(Purpose.READING)
    decks = OfPurpose(Purpose.CALIBRATION)
    of_any_purpose: "models.Manager[Study]" = models.Manager()

    class Meta:
        verbose_name_plural = "studies"
        constraints = [
            models.CheckConstraint(
                name="gate_is_whole",
                condition=Q(gate_deck=None, gate_kappa=None, gate_films=None)
                | Q(
                    gate_deck__isnull=False, gate_kappa__gt=0, gate_kappa__lte=1, gate_films__gte=1
                ),
                violation_error_message=(
                    "Say which calibration deck, which kappa from 0.01 to 1, and how many films "
                    "a reader needs before the first film."
                ),
            ),
            # Without its limit the trigger would silently mean any difference.
            models.CheckConstraint(
                name="total_trigger_has_a_limit",
                condition=~Q(adjudication_trigger="total") | Q(adjudication_total__isnull=False),
                violation_error_message="Say by how many units the totals of a film may differ.",
            ),
            models.CheckConstraint(
                name="repeats_are_half_at_most",
                condition=Q(repeat_share__gte=0) & Q(repeat_share__lte=0.5),
                violation_error_message="At most half of the films can be read again unawares.",
            ),
            # After a look at the model's grades the repeat would be read knowing the model.
            models.CheckConstraint(
                name="repeats_are_blind",
                condition=Q(repeat_share=0) | Q(assist_mode="blind"),
                violation_error_message=(
                    "A hidden repeat must be read blind. Choose a study that never shows the "
                    "model, or no repeats."
                ),
            ),
            models.CheckConstraint(
                name="overlap_says_how_many",
                condition=Q(overlap="all")
                | Q(overlap="some", readers_per_film__isnull=False, readers_per_film__gte=1)
                | Q(
                    overlap="double",
                    double_share__isnull=False,
                    double_share__gt=0,
                    double_share__lt=1,
                ),
                violation_error_message=(
                    "Say how many readers read each film, or which share of them is read twice."
                ),
            ),
        ]
        triggers = [
            fixed_design(
                "design_is_fixed",
                Update,
                condition=AnyChange(*DESIGN),
                study="id",
            )
        ]

    def __str__(self) -> str:
        return self.name


class StudyReader(Study.readers.through):  # type: ignore[name-defined,misc]  # made by Django
    """The table of a study's readers, named so that it can carry its trigger."""

    class Meta:
        proxy = True
        triggers = [fixed_design("readers_are_fixed", Insert | Update | Delete)]


class StudyFilm(models.Model):
    """A film of a study."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT)
    radiograph = models.ForeignKey(Radiograph, on_delete=models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="film_once_per_study", fields=["study", "radiograph"])
        ]
        triggers = [fixed_design("films_are_fixed", Insert | Update | Delete)]


class Round(models.Model):
    """One pass of the readers: over whole films, or over the corners of a relabel batch."""

    class Kind(models.TextChoices):
        FULL = "full", "whole films"
        RELABEL = "relabel", "ranked corners"
        CALIBRATION = "calibration", "one reader's try of a deck"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=11, choices=Kind, default=Kind.FULL)
    washout_days = models.PositiveIntegerField(
        default=0, help_text="days between a reader's commit of a film and its next reading"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="round_number_once", fields=["study", "number"])
        ]
        triggers = [
            fixed_design("rounds_are_fixed", Update | Delete),
            fixed_design("no_further_round", Insert, condition=Row(new__kind="full")),
        ]
        ordering = ["study", "number"]

    def __str__(self) -> str:
        return f"{self.study} round {self.number}"

    @property
    def chronology(self) -> str:
        """How its films are read: single corners of a relabel batch come one by one."""
        return self.study.chronology if self.kind == self.Kind.FULL else Study.Chronology.SINGLE


class QueriedCorner(models.Model):
    """A corner of a relabel batch, with the reason why it is asked again.

    The score, the stream and the selection probability are kept so that evaluation can use the
    random stream alone and weight the rest. Readers never see any of it.
    """

    class Stream(models.TextChoices):
        RANKED = "ranked"
        RANDOM = "random"

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="queried_corners")
    radiograph = models.ForeignKey(Radiograph, on_delete=models.PROTECT)
    site = models.CharField(max_length=7)
    rank = models.PositiveIntegerField()
    score = models.FloatField()
    reason = models.CharField(max_length=120)
    stream = models.CharField(max_length=6, choices=Stream)
    selection_probability = models.FloatField()
    model_version = models.ForeignKey("ModelVersion", on_delete=models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="corner_once_per_batch", fields=["round", "radiograph", "site"]
            ),
            models.UniqueConstraint(name="rank_once_per_batch", fields=["round", "rank"]),
            models.CheckConstraint(
                name="selection_probability_is_one",
                condition=Q(selection_probability__gt=0) & Q(selection_probability__lte=1),
            ),
        ]
        triggers = [immutable("site", "rank", "score", "stream", "selection_probability")]
        ordering = ["round", "rank"]
