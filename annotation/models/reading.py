"""Readings and their append-only ledger of grades."""

import pgtrigger
from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Exists, OuterRef, Q

from annotation.models.append_only import append_only, immutable
from annotation.models.place import DrawnId, place_moves_together, stays_committed
from annotation.models.radiograph import Radiograph
from annotation.models.study import Round, Study
from inference.msasss import sites_of


class ReadingQuerySet(models.QuerySet["Reading"]):
    """Reads of readings as sentences. Every reader's query starts with ``of``."""

    def of(self, user: User) -> "ReadingQuerySet":
        """The reader's own, and nobody else's: blinding by query, not by template."""
        return self.filter(reader=user)

    def committed(self) -> "ReadingQuerySet":
        """Readings that the reader has finished."""
        return self.filter(committed_at__isnull=False)

    def pending(self) -> "ReadingQuerySet":
        """Readings still to be done, in the reader's drawn order."""
        return self.filter(committed_at__isnull=True).order_by("position", "slot")

    def blind(self) -> "ReadingQuerySet":
        """Readings that no model's grades were in sight of, from the first corner to the last.

        Only these enter agreement between readers, consensus, and truth to judge a model by. The
        first grades of a second look are among them; what was revised after it is not.
        """
        decks = Q(round__kind=Round.Kind.CALIBRATION)
        seen = GradeEvent.objects.filter(reading=OuterRef("pk"), model_version_shown__isnull=False)
        beside_the_model = Q(
            round__study__assist_mode=Study.Assist.CONCURRENT, round__kind=Round.Kind.FULL
        )
        own = self.first_looks().exclude(beside_the_model).exclude(decks)
        return own.filter(~Exists(seen.order_by()))

    def first_looks(self) -> "ReadingQuerySet":
        """What the design drew; a second look follows one of these and adds nothing to read."""
        return self.exclude(arm=Reading.Arm.SECOND_LOOK)

    def places(self) -> "ReadingQuerySet":
        """One reading for each drawn place: the first of the films that are read together."""
        return self.first_looks().filter(slot=1)

    def place_of(self, reading: "Reading") -> "ReadingQuerySet":
        """All readings that are read together with a reading, as they are shown: film A, film B."""
        return self.filter(
            round=reading.round_id,
            reader=reading.reader_id,
            position=reading.position,
            arm=reading.arm,
        ).order_by("slot")


class Reading(models.Model):
    """One reader, one film, one round, one arm: the place in the queue and what was read there.

    Readings of one position are one place: the films of a pair, in the order of their slots, which
    are opened, held and committed together. Where films are read one by one, each has a place of
    its own and slot 1. ``site`` is empty where the whole film is read, and one corner in a relabel
    round: the place is then that corner. The order is drawn once and stored. The id is drawn too,
    because it stands in addresses: it tells nothing of order, other readers or other studies.

    A second look is a reading of its own at the same position. It begins with the grades of the one
    that it ``revises``, which stay as they are.
    """

    class Arm(models.TextChoices):
        """A film may come a second time in a round.

        The reader is never told which time it is, unless the second time is a second look.
        """

        MAIN = "main", "the read that counts"
        REPEAT = "repeat", "read again unawares: how well the reader repeats"
        SECOND_LOOK = "second", "revised after the model's grades were shown"

    id = models.BigIntegerField(primary_key=True, db_default=DrawnId())
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="readings")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    radiograph = models.ForeignKey(Radiograph, on_delete=models.PROTECT, related_name="readings")
    site = models.CharField(max_length=7, blank=True)
    arm = models.CharField(max_length=6, choices=Arm, default=Arm.MAIN)
    position = models.PositiveIntegerField()
    revises = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="second_look"
    )
    slot = models.PositiveSmallIntegerField(default=1, help_text="1 is film A, 2 is film B")
    lease_until = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    committed_at = models.DateTimeField(null=True)
    commit_key = models.UUIDField(null=True, unique=True)
    model_version_shown = models.ForeignKey(
        "ModelVersion",
        null=True,
        on_delete=models.PROTECT,
        help_text="whose grades stand beside the reading; later reads know them",
    )
    points_version_shown = models.ForeignKey(
        "ModelVersion",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="at whose points those grades were given",
    )

    objects = ReadingQuerySet.as_manager()

    model_known: int | None
    """Of a locked reading alone (`reading_queue.locked`)."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="reading_once", fields=["round", "reader", "radiograph", "site", "arm"]
            ),
            models.UniqueConstraint(
                name="place_once", fields=["round", "reader", "position", "slot", "arm"]
            ),
            # Beside the one above, whose index finds the films of any place.
            models.UniqueConstraint(
                name="position_drawn_once",
                fields=["round", "reader", "position", "slot"],
                condition=~Q(arm="second"),  # that one stands behind what it revises
            ),
            models.CheckConstraint(
                name="second_look_revises",
                condition=Q(arm="second", revises__isnull=False)
                | ~Q(arm="second") & Q(revises__isnull=True),
            ),
            # A reader works on one place of a round at a time, in however many windows.
            models.UniqueConstraint(
                name="one_open_place",
                fields=["round", "reader", "slot"],
                condition=Q(opened_at__isnull=False, committed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="committed_after_opened",
                condition=Q(committed_at__isnull=True) | Q(opened_at__isnull=False),
            ),
            models.CheckConstraint(
                name="committed_is_not_held",
                condition=Q(committed_at__isnull=True) | Q(lease_until__isnull=True),
            ),
            models.CheckConstraint(
                name="grades_shown_with_their_points",
                condition=Q(model_version_shown__isnull=True, points_version_shown__isnull=True)
                | Q(model_version_shown__isnull=False, points_version_shown__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="next_place",
                fields=["round", "reader", "position"],
                condition=Q(committed_at__isnull=True),
            )
        ]
        triggers = [
            immutable(
                "round_id",
                "reader_id",
                "radiograph_id",
                "site",
                "arm",
                "position",
                "slot",
                "revises_id",
            ),
            place_moves_together(),
            stays_committed(),
            # The order is drawn once: a place that nobody has read yet is part of the design too.
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"reading {self.pk}"

    @property
    def sites(self) -> tuple[str, ...]:
        """The corners to grade here, from the top down; one in a relabel round."""
        if self.site:
            return (self.site,)
        return tuple(site.code for site in sites_of(self.radiograph.region))  # type: ignore[arg-type]


class GradeEventQuerySet(models.QuerySet["GradeEvent"]):
    """Reads of the ledger as sentences."""

    def current(self) -> "GradeEventQuerySet":
        """The newest event of every corner of every reading: what stands now."""
        return self.order_by("reading_id", "site", "-id").distinct("reading_id", "site")


class GradeEvent(models.Model):
    """One entry of the ledger. Nothing is overwritten: undo and a change of mind are new events.

    Grade 0-3, or not assessable with a reason, or neither: the corner is blank again after an undo.
    """

    class Cause(models.TextChoices):
        READER = "reader", "the reader graded this corner"
        FACING = "facing", "follows from the facing corner: a bridge is on both or on neither"
        UNDO = "undo"
        REDO = "redo"
        IMPORTED = "imported", "read elsewhere"
        CARRIED = "carried", "the first grade, with which a second look begins"
        # The levels were counted wrong: every grade of the film moves by one disc.
        CRANIAL = "cranial", "moved one disc towards the head"
        CAUDAL = "caudal", "moved one disc towards the feet"

    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="events")
    site = models.CharField(max_length=7)
    grade = models.PositiveSmallIntegerField(null=True)
    not_assessable = models.CharField(max_length=16, blank=True)
    findings = models.JSONField(default=list)
    cause = models.CharField(max_length=8, choices=Cause, default=Cause.READER)
    # The client draws one key per action: a bridge writes two corners under it, a shift of levels
    # all corners of the films that are read together.
    idempotency_key = models.UUIDField()
    created_at = models.DateTimeField(auto_now_add=True)
    client_time = models.DateTimeField(null=True)
    ms_spent = models.PositiveIntegerField(null=True)
    window_center = models.FloatField(null=True)
    window_width = models.FloatField(null=True)
    model_version_shown = models.ForeignKey(
        "ModelVersion", null=True, on_delete=models.PROTECT, help_text="none: read blind"
    )

    objects = GradeEventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="event_once", fields=["idempotency_key", "reading", "site"]
            ),
            models.CheckConstraint(
                name="grade_0_to_3", condition=Q(grade__isnull=True) | Q(grade__lte=3)
            ),
            models.CheckConstraint(
                name="grade_or_not_assessable",
                condition=Q(grade__isnull=True) | Q(not_assessable=""),
            ),
        ]
        indexes = [models.Index(name="newest_event", fields=["reading", "site", "-id"])]
        triggers = append_only()
        ordering = ["id"]
