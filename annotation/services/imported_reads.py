"""Reads that were made elsewhere (another tool, paper, synthetic readers), put into the ledger.

They are stored as they came. A bridge on one side only, which real label sets have on one bridged
disc in fifteen, is flagged in the audit record and not repaired: nobody knows which side is right.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from annotation.errors import BadInput
from annotation.models import GradeEvent, Reading, Round
from annotation.models.reading import ReadingQuerySet
from annotation.services import audit, consensus, windows
from inference.msasss import GRADES, NOT_ASSESSABLE, one_sided_bridges, sites_of


@dataclass(frozen=True)
class ImportedFilm:
    """One reader's grades of one film: a grade 0-3, or a not-assessable reason, per site."""

    radiograph: int
    corners: Mapping[str, int | str]


@dataclass(frozen=True)
class Imported:
    """How many readings were stored, and which discs hold a bridge on one side only."""

    readings: int
    one_sided: tuple[tuple[int, str], ...]


@transaction.atomic
def import_reads(
    *,
    into: Round,
    reader: User,
    films: Iterable[ImportedFilm],
    actor: User | None,
) -> Imported:
    """Store one reader's committed readings of a round, all or none.

    The reader's readings of these films must have been drawn already and be untouched. Raises
    BadInput naming the first film or corner that does not fit.
    """
    windows.one_at_a_time(reader)  # who may be opening one of these at this moment
    mine = Reading.objects.of(reader).filter(round=into, site="", arm=Reading.Arm.MAIN)
    # The readings alone, and without the key: other readers who commit name films and readings.
    locked = mine.select_for_update(of=("self",), no_key=True).order_by("position", "slot")
    drawn = {one.radiograph_id: one for one in locked.select_related("radiograph")}
    films = list(films)
    events: list[GradeEvent] = []
    flagged: list[tuple[int, str]] = []
    for film in films:
        reading = drawn.get(film.radiograph)
        if reading is None or reading.opened_at is not None:
            raise BadInput(
                f"Radiograph {film.radiograph} is not an untouched reading of this reader in "
                f"{into}. Import each film once, into the round it was read for."
            )
        events += _events(reading, film.corners)
        grades = {site: g for site, g in film.corners.items() if isinstance(g, int)}
        flagged += [(film.radiograph, disc) for disc in one_sided_bridges(grades)]
    GradeEvent.objects.bulk_create(events, batch_size=2000)
    now = timezone.now()
    readings = Reading.objects.filter(pk__in=[drawn[film.radiograph].pk for film in films])
    _check_whole_places(into, reader, readings)
    readings.update(opened_at=now, committed_at=now)
    for reading in readings.select_related("round__study", "radiograph").order_by("radiograph"):
        consensus.settle(reading)
    audit.record(
        actor=actor,
        action="reads.imported",
        subject=into,
        reader=reader.get_username(),
        readings=len(films),
        one_sided_bridges=flagged,
    )
    return Imported(readings=len(films), one_sided=tuple(flagged))


def _check_whole_places(into: Round, reader: User, readings: ReadingQuerySet) -> None:
    """Raise BadInput where films that are read together are imported by half."""
    together = Reading.objects.of(reader).filter(
        round=into, position__in=readings.values("position")
    )
    left_out = together.exclude(pk__in=readings.values("pk")).values_list("radiograph", flat=True)
    if lacking := sorted(left_out):
        raise BadInput(
            "Time points that are read together are imported together; these are missing: "
            f"{', '.join(map(str, lacking[:10]))}."
        )


def _events(reading: Reading, corners: Mapping[str, int | str]) -> list[GradeEvent]:
    """The ledger's entries of one film. Every corner of the film's region must be given."""
    expected = {site.code for site in sites_of(reading.radiograph.region)}  # type: ignore[arg-type]
    if set(corners) != expected:
        odd = sorted(expected ^ set(corners))
        raise BadInput(f"Radiograph {reading.radiograph_id}: corners {', '.join(odd)} do not fit.")
    key = uuid.uuid4()
    return [_event(reading, site, mark, key) for site, mark in corners.items()]


def _event(reading: Reading, site: str, mark: int | str, key: uuid.UUID) -> GradeEvent:
    grade = mark if isinstance(mark, int) else None
    reason = "" if isinstance(mark, int) else mark
    if (grade is not None and grade not in GRADES) or (reason and reason not in NOT_ASSESSABLE):
        raise BadInput(f"Radiograph {reading.radiograph_id}, {site}: {mark!r} is no grade.")
    return GradeEvent(
        reading=reading,
        site=site,
        grade=grade,
        not_assessable=reason,
        cause=GradeEvent.Cause.IMPORTED,
        idempotency_key=key,
    )
