"""The reader's writes to the ledger: grade, take back, move the levels. The ledger only grows.

Every write carries a key drawn by the client. The same key again is the same action: it is not
written twice, and the answer tells what stands now, however late the retry comes.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q

from annotation.errors import BadInput, KeyReused, NothingToUndo, SiteNotInReading
from annotation.models import GradeEvent, Reading
from annotation.services import audit, instrument, reading_queue
from annotation.services.ledger import (
    Action,
    History,
    Mark,
    Marks,
    history,
    levels_turned,
    shifted,
    with_facing,
)
from inference.msasss import BRIDGE

Cause = GradeEvent.Cause


@dataclass(frozen=True)
class Circumstances:
    """What the client saw and measured when the reader acted; columns of an event."""

    client_time: datetime | None = None
    ms_spent: int | None = None
    window_center: float | None = None
    window_width: float | None = None


@dataclass(frozen=True)
class Saved:
    """The corner acted on, what stands now, and the ids of the events that the key wrote.

    `levels`: whither an undo or redo moved the levels.
    """

    site: str
    history: History
    events: tuple[int, ...]
    levels: GradeEvent.Cause | None = None


@dataclass(frozen=True)
class _Ledger:
    """A locked reading with its events, and those among them that bear the key of this request.

    `beside` are the readings of the same place.
    """

    reading: Reading
    events: list[GradeEvent]
    earlier: list[GradeEvent] = field(default_factory=list)
    beside: tuple["_Ledger", ...] = ()


@contextmanager
def _one_action() -> Iterator[None]:
    """All of a write or nothing; KeyReused where its key went to another action meanwhile."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as clash:
        raise KeyReused from clash


def histories_of(readings: Iterable[Reading]) -> dict[int, History]:
    """What stands in each reading, and what can be taken back; one question for all."""
    events: dict[int, list[GradeEvent]] = {reading.pk: [] for reading in readings}
    for event in GradeEvent.objects.filter(reading__in=list(events)).order_by("id"):
        events[event.reading_id].append(event)
    return {reading: history(of_it) for reading, of_it in events.items()}


@_one_action()
def grade(
    *,
    reader: User,
    reading_id: int,
    key: UUID,
    site: str,
    mark: Mark,
    partner: Mark | None = None,
    seen: Circumstances = Circumstances(),
) -> Saved:
    """Grade one corner. A bridge is on both facing corners or on neither (`ledger.with_facing`).

    Raises NotFound, KeyReused, AlreadyCommitted, StudyClosed, LeaseLost, SiteNotInReading,
    BadInput, PartnerNeeded.
    """
    ledger = _open(reader, reading_id, key)
    if ledger.earlier:
        _same_grade(ledger.earlier, site, mark, partner)
        return _saved(ledger, ledger.earlier)
    reading = ledger.reading
    reading_queue.keep(reading)
    if site not in reading.sites:
        raise SiteNotInReading
    for given in filter(None, (mark, partner)):
        given.check()
        instrument.check_read(reading.round.study, site, given)
    marks = history(ledger.events).marks
    changes = with_facing(marks, site, mark, partner, reading.sites)
    causes = {corner: Cause.READER if corner == site else Cause.FACING for corner in changes}
    return _saved(ledger, _write(ledger, key, changes, causes, seen))


@_one_action()
def undo(*, reader: User, reading_id: int, key: UUID, seen: Circumstances) -> Saved:
    """Take back the newest action that stands. Raises NothingToUndo, and as `grade` does."""
    ledger = _open(reader, reading_id, key)
    return _step(ledger, key, Cause.UNDO, seen)


@_one_action()
def redo(*, reader: User, reading_id: int, key: UUID, seen: Circumstances) -> Saved:
    """Bring back what was taken back last. Raises NothingToUndo, and as `grade` does."""
    ledger = _open(reader, reading_id, key)
    return _step(ledger, key, Cause.REDO, seen)


@_one_action()
def shift_levels(
    *, reader: User, reading_id: int, key: UUID, towards: GradeEvent.Cause, seen: Circumstances
) -> Saved:
    """Say that the levels were counted wrong: all marks of the film move by one disc.

    One action of new events, taken back by one undo. Levels are the patient's, so the marks of
    films that are read together move with it. Raises BadInput for a single corner or a film
    without a mark, and as `grade` does.
    """
    ledger = _open(reader, reading_id, key)
    if ledger.earlier:
        if ledger.earlier[0].cause != towards:
            raise KeyReused
        return _saved(ledger, ledger.earlier)
    reading_queue.keep(ledger.reading)
    if ledger.reading.site:
        raise BadInput("A single corner has no level to move. Grade the corner that is shown.")
    written = _shift(ledger, key, towards, seen)
    for other in ledger.beside:
        if history(other.events).marks:
            _shift(other, key, towards, seen)
    return _saved(ledger, written)


def _shift(
    ledger: _Ledger, key: UUID, towards: GradeEvent.Cause, seen: Circumstances
) -> list[GradeEvent]:
    changes = shifted(history(ledger.events).marks, ledger.reading.sites, towards)
    audit.record(
        actor=ledger.reading.reader,
        action="reading.levels_shifted",
        subject=ledger.reading,
        towards=towards,
    )
    return _write(ledger, key, changes, dict.fromkeys(changes, towards), seen)


def _open(reader: User, reading_id: int, key: UUID) -> _Ledger:
    """Lock a place and find what this key wrote before. Raises NotFound, KeyReused."""
    place = reading_queue.locked_place(reader, reading_id)
    of_both = Q(reading__in=place) | Q(idempotency_key=key)
    events: dict[int, list[GradeEvent]] = {reading.pk: [] for reading in place}
    for event in GradeEvent.objects.filter(of_both).order_by("id"):
        if event.reading_id not in events:
            raise KeyReused
        events[event.reading_id].append(event)
    asked, *beside = [
        _Ledger(one, events[one.pk], [e for e in events[one.pk] if e.idempotency_key == key])
        for one in place
    ]
    if not asked.earlier and any(other.earlier for other in beside):
        raise KeyReused
    return replace(asked, beside=tuple(beside))


def _same_grade(earlier: list[GradeEvent], site: str, mark: Mark, partner: Mark | None) -> None:
    """Raise KeyReused when the key of this request wrote something else before."""
    acted, *facing = earlier
    same = (acted.cause, acted.site, Mark.of(acted)) == (Cause.READER, site, mark)
    if facing and mark.grade != BRIDGE and partner is not None:
        same = same and Mark.of(facing[0]) == partner
    if not same:
        raise KeyReused


def _step(ledger: _Ledger, key: UUID, cause: GradeEvent.Cause, seen: Circumstances) -> Saved:
    if ledger.earlier:
        if ledger.earlier[0].cause != cause:
            raise KeyReused
        return _saved(ledger, ledger.earlier)
    reading_queue.keep(ledger.reading)
    actions = _actions(ledger, cause)
    if not actions:
        raise NothingToUndo
    newest = actions[-1]
    for other in ledger.beside:
        theirs = _actions(other, cause)
        if theirs and theirs[-1].key == newest.key:  # a shift of levels moved both films
            _turn(other, key, cause, theirs[-1], seen)
    return _saved(ledger, _turn(ledger, key, cause, newest, seen))


def _actions(ledger: _Ledger, cause: GradeEvent.Cause) -> tuple[Action, ...]:
    before = history(ledger.events)
    return before.done if cause == Cause.UNDO else before.undone


def _turn(
    ledger: _Ledger, key: UUID, cause: GradeEvent.Cause, action: Action, seen: Circumstances
) -> list[GradeEvent]:
    changes = action.before if cause == Cause.UNDO else action.after
    return _write(ledger, key, changes, dict.fromkeys(changes, cause), seen)


def _write(
    ledger: _Ledger,
    key: UUID,
    changes: Marks,
    causes: Mapping[str, GradeEvent.Cause],
    seen: Circumstances,
) -> list[GradeEvent]:
    """Append one event per changed corner, the corner acted on first."""
    shown = ledger.reading.model_known
    new = [
        GradeEvent(
            reading=ledger.reading,
            site=site,
            grade=mark.grade,
            not_assessable=mark.not_assessable,
            findings=list(mark.findings),
            cause=causes[site],
            idempotency_key=key,
            model_version_shown_id=shown,
            **asdict(seen),
        )
        for site, mark in changes.items()
    ]
    GradeEvent.objects.bulk_create(new)
    ledger.events.extend(new)
    return new


def _saved(ledger: _Ledger, written: list[GradeEvent]) -> Saved:
    # As it was when the key came first: a late retry turned what it turned then.
    then = history(event for event in ledger.events if event.pk <= written[-1].pk)
    return Saved(
        site=written[0].site,
        history=history(ledger.events),
        events=tuple(event.pk for event in written),
        levels=levels_turned(then, GradeEvent.Cause(written[0].cause)),
    )
