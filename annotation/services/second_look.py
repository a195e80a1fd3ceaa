"""The second look: a committed film once more, with the model's grades beside one's own.

The first grades are blind and stay as they are. The second look is a reading of an arm of its own,
open from the commit of the first one on; it begins with the first grades, and what the reader
changes there are new events that name the model's version. Both are kept, and never mix.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import uuid4

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from annotation.models import CornerPrediction, GradeEvent, Reading, Round, Study
from annotation.services import model_shown
from annotation.services.ledger import Mark
from annotation.services.reading_queue import Place, lease_end


def begin(place: Place) -> None:
    """Open the second look at a place that was just committed, if its study shows the model now.

    Nothing happens where the model has graded none of its films, and after a second look.
    """
    versions = [model_shown.to_show(one, Study.Assist.SECOND_LOOK) for one in place]
    if place[0].arm != Reading.Arm.MAIN or not any(versions):
        return
    now = timezone.now()
    for first, shown in zip(place, versions, strict=True):
        revised = Reading.objects.create(
            round=first.round,
            reader=first.reader,
            radiograph=first.radiograph,
            arm=Reading.Arm.SECOND_LOOK,
            revises=first,
            position=first.position,
            slot=first.slot,
            opened_at=now,
            lease_until=lease_end(now),
            **shown,
        )
        _carry_over(first, revised)


def _carry_over(first: Reading, revised: Reading) -> None:
    key = uuid4()
    GradeEvent.objects.bulk_create(
        GradeEvent(
            reading=revised,
            site=event.site,
            grade=event.grade,
            not_assessable=event.not_assessable,
            findings=event.findings,
            window_center=event.window_center,
            window_width=event.window_width,
            cause=GradeEvent.Cause.CARRIED,
            idempotency_key=key,
            model_version_shown=revised.model_version_shown,
        )
        for event in first.events.current()
        if not Mark.of(event).blank
    )


@dataclass
class Revised:
    """What the second looks of one reader changed, in corners that the model had graded.

    `agreed_before` and `agreed_after` are the corners with the model's grade, before and after it
    was shown; `to_model` those changed to the model's grade.
    """

    reader: str
    films: int = 0
    corners: int = 0
    changed: int = 0
    to_model: int = 0
    agreed_before: int = 0
    agreed_after: int = 0

    def count(self, first: Mark, revised: Mark, model: int) -> None:
        """One more corner."""
        changed = (first.grade, first.not_assessable) != (revised.grade, revised.not_assessable)
        self.corners += 1
        self.changed += changed
        self.to_model += changed and revised.grade == model
        self.agreed_before += first.grade == model
        self.agreed_after += revised.grade == model


def revised(round_: Round) -> list[Revised]:
    """What committed second looks of a round changed, by reader's name; empty without any.

    Looks after a first read that was not blind are left out, and so are films whose levels were
    moved: what changed there is the disc, not the grade.
    """
    moved = GradeEvent.objects.filter(
        Q(reading=OuterRef("pk")) | Q(reading=OuterRef("revises")),
        cause__in=(GradeEvent.Cause.CRANIAL, GradeEvent.Cause.CAUDAL),
    )
    firsts = Reading.objects.filter(round=round_, arm=Reading.Arm.MAIN).blind()
    looks = list(
        Reading.objects.filter(revises__in=firsts)
        .filter(~Exists(moved.order_by()))
        .committed()
        .select_related("reader")
        .order_by("reader__username", "pk")
    )
    marks = _marks(pk for look in looks for pk in (look.pk, look.revises_id or 0))
    models = _models_grades(looks)
    found: dict[str, Revised] = {}
    for look in looks:
        name = look.reader.get_username()
        mine = found.setdefault(name, Revised(name))
        mine.films += 1
        first = marks.get(look.revises_id or 0, {})
        for site, mark in marks.get(look.pk, {}).items():
            model = models.get((*_versions(look), look.radiograph_id, site))
            if model is not None:
                mine.count(first.get(site, Mark()), mark, model)
    return list(found.values())


def _marks(readings: Iterable[int]) -> dict[int, dict[str, Mark]]:
    found: dict[int, dict[str, Mark]] = {}
    for event in GradeEvent.objects.filter(reading__in=list(readings)).current():
        found.setdefault(event.reading_id, {})[event.site] = Mark.of(event)
    return found


def _versions(look: Reading) -> tuple[int | None, int | None]:
    return look.model_version_shown_id, look.points_version_shown_id


def _models_grades(
    looks: Iterable[Reading],
) -> Mapping[tuple[int | None, int | None, int, str], int]:
    """By grader, finder of the points, film and site."""
    rows = CornerPrediction.objects.filter(
        model_version__in={look.model_version_shown_id for look in looks} - {None},
        radiograph__in={look.radiograph_id for look in looks},
    )
    return {
        (row.model_version_id, row.points_version_id, row.radiograph_id, row.site): row.grade
        for row in rows
    }
