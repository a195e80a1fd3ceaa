"""Patients, visits and their lateral radiographs, as they stand after de-identification."""

from pathlib import Path
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Case, ExpressionWrapper, Q, When

from annotation.models.append_only import append_only, immutable, immutable_unless
from annotation.models.whose_film import known_by_its_patient, ready_asks_nobody

if TYPE_CHECKING:
    from annotation.models.study import Round

REGIONS = [("C", "cervical"), ("L", "lumbar")]


class Centre(models.Model):
    """A hospital, under a pseudonym, so that results can be split by centre."""

    name = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.name


class Patient(models.Model):
    """A patient under a keyed pseudonym.

    The split is drawn once, here and not on the film: a patient's films of two years would
    otherwise stand on both sides of training and test, which the source paper names as its own
    weakness. The database refuses to change it.
    """

    class Split(models.TextChoices):
        TRAIN = "train"
        VAL = "val"
        TEST = "test"

    pseudonym = models.CharField(max_length=32, unique=True)
    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="patients")
    split = models.CharField(max_length=5, choices=Split)
    sex = models.CharField(max_length=1, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="patient_split_known", condition=Q(split__in=["train", "val", "test"])
            )
        ]
        triggers = [immutable("split", "pseudonym")]

    def __str__(self) -> str:
        return self.pseudonym


class Visit(models.Model):
    """One day of one patient, its date shifted by the patient's secret, constant number of days."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="visits")
    date = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(name="visit_once_a_day", fields=["patient", "date"])]
        ordering = ["patient", "date"]

    def __str__(self) -> str:
        return f"{self.patient} {self.date}"


class RadiographQuerySet(models.QuerySet["Radiograph"]):
    """Reads of radiographs as sentences."""

    def ready(self) -> "RadiographQuerySet":
        """Films that may be read and graded."""
        return self.filter(state=Radiograph.State.READY)

    def kept(self) -> "RadiographQuerySet":
        """Films whose picture is here: in use, or waiting for a decision."""
        return self.filter(state__in=[Radiograph.State.READY, Radiograph.State.QUARANTINED])

    def known(self) -> "RadiographQuerySet":
        """Films that are known again when they are sent again; those discarded stay out."""
        return self.exclude(state=Radiograph.State.FORGOTTEN)


class Radiograph(models.Model):
    """A lateral film: its calibrated 16-bit picture lies in the picture store under its id."""

    class State(models.TextChoices):
        READY = "ready"
        QUARANTINED = "quarantined", "waits for a person's decision"
        DISCARDED = "discarded", "kept out: its picture is deleted, its hashes know it again"
        FORGOTTEN = "forgotten", "discarded, may come again: sent again it is a new film"

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="radiographs")
    known_by = models.ForeignKey(
        "PatientNumber",
        null=True,
        on_delete=models.PROTECT,
        related_name="films",
        help_text="whose it is; null while a person is asked",
    )
    region = models.CharField(max_length=1, choices=REGIONS, blank=True)
    state = models.CharField(max_length=11, choices=State, default=State.READY)
    reason = models.TextField(blank=True, help_text="Why the film waits or was discarded.")
    let_in = models.BooleanField(
        default=False, help_text="a person let it in: no network sets it aside again"
    )
    # Keyed hash of SOPInstanceUID. Two rows may share it only while one is a quarantined conflict.
    sop_uid = models.CharField(max_length=64)
    pixel_sha256 = models.CharField(max_length=64)
    codes_sha256 = models.CharField(
        max_length=64,
        blank=True,
        help_text="of the exposure, however it is shown; blank from before it was kept",
    )
    width = models.PositiveIntegerField(help_text="pixels")
    height = models.PositiveIntegerField(help_text="pixels")
    spacing_mm = models.FloatField(null=True, help_text="mm per pixel; see spacing_plane")
    spacing_plane = models.CharField(max_length=10, blank=True)
    window_center = models.FloatField()
    window_width = models.FloatField()
    manufacturer = models.CharField(max_length=64, blank=True)
    scanner = models.CharField(max_length=64, blank=True, help_text="manufacturer's model name")
    device = models.CharField(max_length=32, blank=True, help_text="the one machine's pseudonym")
    # How the stored picture came from the film as it was sent: first inverted, then mirrored
    # left to right, then turned. The header decides at the import, a person in the quarantine.
    # What a person blacked out before all that, the audit record of the decision says.
    inverted = models.BooleanField(default=False)
    mirrored = models.BooleanField(default=False)
    turned = models.PositiveSmallIntegerField(default=0, help_text="quarter turns anticlockwise")
    corrected = models.BooleanField(default=False, help_text="a person changed the picture")
    facing = models.CharField(
        max_length=5,
        blank=True,
        help_text="side of the stored picture where the patient's front is",
    )
    recipe = models.CharField(max_length=16, help_text="version of the pixel recipe, 'film/1'")
    imported_at = models.DateTimeField(auto_now_add=True)

    objects = RadiographQuerySet.as_manager()

    class Meta:
        constraints = [
            # A film once: the same pixels under another UID are the same film.
            models.UniqueConstraint(
                name="film_once_by_pixels",
                fields=["pixel_sha256"],
                condition=~Q(state="forgotten"),
            ),
            # So is the same exposure under another window, polarity or orientation.
            models.UniqueConstraint(
                name="film_once_by_codes",
                fields=["codes_sha256"],
                condition=~Q(codes_sha256="") & ~Q(state="forgotten"),
            ),
            models.UniqueConstraint(
                name="film_once_by_uid",
                fields=["sop_uid"],
                condition=Q(state="ready"),
            ),
            models.CheckConstraint(
                name="film_state_known",
                condition=Q(state__in=["ready", "quarantined", "discarded", "forgotten"]),
            ),
            models.CheckConstraint(
                name="ready_film_has_region", condition=~Q(state="ready") | Q(region__in=["C", "L"])
            ),
            models.CheckConstraint(
                name="quarantine_has_reason", condition=~Q(state="quarantined") | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="film_has_extent", condition=Q(width__gt=0) & Q(height__gt=0)
            ),
            models.CheckConstraint(name="film_turned_in_quarters", condition=Q(turned__lte=3)),
            models.CheckConstraint(
                name="film_facing_known", condition=Q(facing__in=["", "left", "right"])
            ),
        ]
        triggers = [
            # The hashes are of the film as it came: they know it again, corrected or not.
            immutable("pixel_sha256", "codes_sha256"),
            # Points and grades are of this picture, and of this person: they change only before
            # anybody has seen it.
            immutable_unless(
                *("quarantined", "visit_id"),
                *("width", "height", "inverted", "mirrored", "turned", "corrected"),
            ),
            ready_asks_nobody(),
            known_by_its_patient(),
            # Another film may have its identifier since then: a forgotten one is history.
            pgtrigger.Protect(
                name="forgotten_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state="forgotten") & ~pgtrigger.Q(new__state="forgotten")
                | ~pgtrigger.Q(old__state__in=["discarded", "forgotten"])
                & pgtrigger.Q(new__state="forgotten"),
            ),
        ]
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"radiograph {self.pk}"

    @property
    def file_name(self) -> str:
        """Of the picture and its preview, without suffix: no file ever changes under its name."""
        return f"{self.pk}.corrected" if self.corrected else str(self.pk)

    @property
    def picture_path(self) -> Path:
        """Where the calibrated 16-bit picture lies (JPEG-LS, lossless)."""
        return Path(settings.PICTURES) / f"{self.file_name}.jls"

    @property
    def preview_path(self) -> Path:
        """Where the small 8-bit preview lies (JPEG)."""
        return Path(settings.PICTURES) / f"{self.file_name}.jpg"


class DiscPointQuerySet(models.QuerySet["DiscPoint"]):
    """Reads of disc points as sentences."""

    def current(self) -> "DiscPointQuerySet":
        """One row per film and disc: the newest correction by a reader, else the model's.

        That is the model that serves now, also after a roll-back to an older one; the newest
        where it has not seen the film yet.
        """
        by_model = ExpressionWrapper(Q(reader__isnull=True), output_field=models.BooleanField())
        serving = Case(When(model_version__state="serving", then=0), default=1)
        return self.order_by("radiograph_id", "disc", by_model, serving, "-id").distinct(
            "radiograph_id", "disc"
        )

    def of_model(self) -> "DiscPointQuerySet":
        """The newest model's points, one row per film and disc."""
        return self.filter(reader__isnull=True).current()

    def moved_by(self, reader: User, round_: "Round | None" = None) -> "DiscPointQuerySet":
        """A reader's own corrections, oldest first, never another reader's.

        In a round those of the study's earlier rounds and of this one: a correction that changes
        an older reading would give a hidden repeat away.
        """
        own = self.filter(reader=reader).order_by("id")
        if round_ is None:
            return own
        return own.filter(
            Q(reading__isnull=True)
            | Q(reading__round__study=round_.study_id, reading__round__number__lt=round_.number)
            | Q(reading__round=round_.pk)
        )


class DiscPoint(models.Model):
    """Centre and anterior point of one disc space, by a model or corrected by a reader.

    Coordinates are film pixels, x to the right, y down, pixel centres at whole numbers.
    """

    radiograph = models.ForeignKey(Radiograph, on_delete=models.PROTECT, related_name="disc_points")
    disc = models.CharField(max_length=7, help_text="'C2/C3'")
    center_x = models.FloatField()
    center_y = models.FloatField()
    anterior_x = models.FloatField()
    anterior_y = models.FloatField()
    confidence = models.FloatField(null=True)
    model_version = models.ForeignKey("ModelVersion", null=True, on_delete=models.PROTECT)
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT)
    reading = models.ForeignKey(
        "Reading", null=True, on_delete=models.PROTECT, help_text="in which a reader corrected it"
    )
    idempotency_key = models.UUIDField(null=True, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DiscPointQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="disc_point_by_model_or_reader",
                condition=Q(model_version__isnull=False, reader__isnull=True)
                | Q(model_version__isnull=True, reader__isnull=False),
            ),
            models.UniqueConstraint(
                name="one_disc_prediction_per_version",
                fields=["radiograph", "disc", "model_version"],
            ),
        ]
        triggers = append_only()
