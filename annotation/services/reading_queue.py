"""A reader's places: take the next one, hold it, give it back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Literal

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from annotation.errors import AlreadyCommitted, LeaseLost, NotFound, StudyClosed
from annotation.models import Reading, Round, Study
from annotation.models.reading import ReadingQuerySet
from annotation.services import model_shown, windows, worklist

# A hold renewed so lately is not written again: every grade would cost a second write.
_FRESH = timedelta(seconds=30)
# Places that a reader's page may know before they are opened: it goes on to the next film without
# waiting for the server, and one film further when the network is cut.
AHEAD = 2

Place = tuple[Reading, ...]
"""The readings of one place: film A, film B. One that was asked for comes first."""

# What no reading page shows of a film is not even fetched: the columns cost more than the rows.
_UNSEEN = [
    f"radiograph__{column}"
    for column in (
        *("state", "reason", "sop_uid", "pixel_sha256", "codes_sha256", "spacing_plane"),
        "manufacturer",
        *("scanner", "device", "inverted", "mirrored", "turned", "facing", "recipe"),
        "imported_at",
    )
]


@dataclass(frozen=True)
class Taken:
    """The reader's place, or none and the reason; `upcoming` are those that would come next."""

    state: worklist.State
    sentence: str = ""
    place: Place = ()
    upcoming: tuple[Place, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """The place and those that would come next; empty without one."""
        return (self.place, *self.upcoming) if self.place else ()

    @property
    def reading(self) -> Reading | None:
        """The first film of the place."""
        return self.place[0] if self.place else None


@transaction.atomic
def take_next(*, reader: User, round_id: int, shown: int | None = None) -> Taken:
    """Lease the reader's next place; the one already open comes again, held or expired.

    `shown` is the place that the reader's page has gone on to by itself: it is taken before the
    others while it may be opened at all. Raises NotFound when the reader has no place in this
    round.
    """
    windows.one_at_a_time(reader)
    round_ = Round.objects.select_related("study").filter(pk=round_id).first()
    if round_ is None:
        raise NotFound
    in_hand = _in_hand(reader, round_)
    next_ones = _next_places(reader, round_, AHEAD if in_hand else AHEAD + 1, first=shown)
    in_order = [*in_hand, *next_ones]
    if not in_order or not round_.study.is_open:
        found = worklist.places(reader, round_)
        return Taken(found.state, found.sentence)
    now, *coming = in_order
    _open_now(now)
    return Taken("open", place=now, upcoming=tuple(coming[:AHEAD]))


def _in_hand(reader: User, round_: Round) -> list[Place]:
    """The open place, locked: another window may be committing it at this moment."""
    mine = Reading.objects.of(reader).filter(round=round_)
    return _by_place(
        worklist.opened(mine).select_for_update(of=("self",), no_key=True), reader, round_
    )


def _next_places(
    reader: User, round_: Round, number: int, *, first: int | None = None
) -> list[Place]:
    """So many of the next unopened places, the one of the reading `first` before the others."""
    waiting = worklist.unopened(reader, round_)
    found = _places_at(waiting[:number], reader, round_)
    if first is not None and all(place[0].pk != first for place in found):
        found += _places_at(waiting.filter(pk=first), reader, round_)
    return sorted(found, key=lambda place: place[0].pk != first)


def _places_at(waiting: ReadingQuerySet, reader: User, round_: Round) -> list[Place]:
    mine = Reading.objects.of(reader).filter(round=round_, position__in=waiting.values("position"))
    return _by_place(mine.order_by("position", "slot"), reader, round_)


def _by_place(readings: ReadingQuerySet, reader: User, round_: Round) -> list[Place]:
    """Readings in the order of their places, put together place by place."""
    found = list(readings.select_related("radiograph__visit").defer(*_UNSEEN))
    for one in found:
        one.round, one.reader = round_, reader
    return [tuple(place) for _, place in groupby(found, key=lambda one: one.position)]


def _open_now(of_place: Place) -> None:
    """Hold all films of a place; the model's grades are fixed when they come into sight."""
    now = timezone.now()
    for one in of_place:
        if one.opened_at is None:
            one.opened_at = now
            for name, version in model_shown.to_show(one, Study.Assist.CONCURRENT).items():
                setattr(one, name, version)
        one.lease_until = lease_end(now)
        one.save(update_fields=["opened_at", "lease_until", *model_shown.FIELDS])


def place(reader: User, reading_id: int) -> Place:
    """The place of the reader's own opened reading. Raises NotFound otherwise, whoever's it is."""
    return _asked_first(_place_of(reader, reading_id), reader, reading_id)


def locked_place(reader: User, reading_id: int) -> Place:
    """The same, locked until the transaction ends.

    Its readings come with `model_known`, see `model_shown.known`.
    """
    of_place = _place_of(reader, reading_id).annotate(
        model_known=model_shown.known()  # type: ignore[no-redef]  # named by the model
    )
    # Locked in the order of slots, whichever film is asked for.
    locked = of_place.select_for_update(of=("self",), no_key=True)
    return _asked_first(locked, reader, reading_id)


def locked(reader: User, reading_id: int) -> Reading:
    """The asked reading of a locked place."""
    return locked_place(reader, reading_id)[0]


def _place_of(reader: User, reading_id: int) -> ReadingQuerySet:
    mine = Reading.objects.of(reader)
    asked = mine.filter(pk=reading_id, opened_at__isnull=False)
    of_place = mine.filter(
        round=asked.values("round")[:1],
        position=asked.values("position")[:1],
        arm=asked.values("arm")[:1],
    ).order_by("slot")
    return of_place.select_related("round__study", "radiograph__visit").defer(*_UNSEEN)


def _asked_first(of_place: ReadingQuerySet, reader: User, reading_id: int) -> Place:
    found = sorted(of_place, key=lambda reading: reading.pk != reading_id)
    if not found:
        raise NotFound
    for reading in found:
        reading.reader = reader
    return tuple(found)


def keep(reading: Reading) -> None:
    """Renew the hold on a locked reading. Raises AlreadyCommitted, StudyClosed, LeaseLost.

    A hold that has run out is taken up again: the place is drawn for this reader and nobody else
    can have it, while a refusal would lose grades made offline. One that was given back is not.
    """
    if reading.committed_at is not None:
        raise AlreadyCommitted
    if not reading.round.study.is_open:
        raise StudyClosed
    if reading.lease_until is None:
        raise LeaseLost
    until = lease_end(timezone.now())
    if until - reading.lease_until > _FRESH:
        reading.lease_until = until
        Reading.objects.place_of(reading).order_by().update(lease_until=until)


def state_of(reading: Reading) -> Literal["open", "leased", "committed"]:
    """Whether the reading is finished, held now, or neither."""
    if reading.committed_at is not None:
        return "committed"
    held = reading.lease_until is not None and reading.lease_until > timezone.now()
    return "leased" if held else "open"


@transaction.atomic
def renew(*, reader: User, reading_id: int) -> Reading:
    """The reader is still at work. Raises as `keep` does."""
    reading = locked(reader, reading_id)
    keep(reading)
    return reading


@transaction.atomic
def give_back(*, reader: User, reading_id: int) -> None:
    """End the hold; saved grades stay, and the place comes first when the reader goes on."""
    reading = locked(reader, reading_id)
    if reading.committed_at is None:
        Reading.objects.place_of(reading).order_by().update(lease_until=None)


def upcoming(reading: Reading) -> list[Place]:
    """The places that would come after this one, to be fetched ahead."""
    if reading.committed_at is not None or not reading.round.study.is_open:
        return []
    return _next_places(reading.reader, reading.round, AHEAD)


def film_visible_to(reader: User, reading_id: int) -> Reading:
    """The reading whose picture the reader may fetch: opened, or soon to come in an open round.

    Raises NotFound for any other: a film in washout stays unseen.
    """
    mine = Reading.objects.of(reader).select_related("round__study", "radiograph")
    reading = mine.filter(pk=reading_id).first()
    if reading is None:
        raise NotFound
    if reading.opened_at is None:
        coming = worklist.unopened(reader, reading.round).values("position")[:AHEAD]
        # Asked in one statement: a place that is opened at this moment is one of the two
        may_be_seen = mine.filter(Q(opened_at__isnull=False) | Q(position__in=coming))
        if not reading.round.study.is_open or not may_be_seen.filter(pk=reading_id).exists():
            raise NotFound
    return reading


def lease_end(now: datetime) -> datetime:
    """Until when a place is held that somebody works on now."""
    return now + timedelta(minutes=settings.READING_LEASE_MINUTES)
