"""A reader's places: take the next one, hold it, give it back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from annotation.errors import AlreadyCommitted, LeaseLost, NotFound, StudyClosed
from annotation.models import Reading, Round, Study
from annotation.models.reading import ReadingQuerySet
from annotation.services import model_shown, worklist

# A hold renewed so lately is not written again: every grade would cost a second write.
_FRESH = timedelta(seconds=30)


@dataclass(frozen=True)
class Taken:
    """The reader's place, or None and the reason.

    `place` holds all its readings in the order in which they are shown, `upcoming` those of the
    place that would come next.
    """

    reading: Reading | None
    state: worklist.State
    sentence: str
    place: tuple[Reading, ...] = ()
    upcoming: tuple[Reading, ...] = ()


@transaction.atomic
def take_next(*, reader: User, round_id: int) -> Taken:
    """Lease the reader's next place; the one already open comes again, held or expired.

    Raises NotFound when the reader has no place in this round.
    """
    # All of a reader's windows queue here, so that two of them get the same place, not two places.
    User.objects.select_for_update(no_key=True).values_list("pk").get(pk=reader.pk)
    round_ = Round.objects.select_related("study").filter(pk=round_id).first()
    if round_ is None:
        raise NotFound
    mine = Reading.objects.of(reader).filter(round_id=round_id)
    in_hand = list(worklist.opened(mine).select_related("radiograph__visit"))
    in_order = [*in_hand, *_next_places(reader, round_, 1 if in_hand else 2)]
    if not in_order or not round_.study.is_open:
        found = worklist.places(reader, round_)
        return Taken(None, found.state, found.sentence)
    for one in in_order:
        one.round, one.reader = round_, reader
    now = [one for one in in_order if one.position == in_order[0].position]
    _open_now(now)
    return Taken(now[0], "open", "", tuple(now), tuple(in_order[len(now) :]))


def _next_places(reader: User, round_: Round, number: int) -> list[Reading]:
    """The readings of the next unopened places, in the order in which they are shown."""
    positions = worklist.unopened(reader, round_).values("position")[:number]
    found = (
        Reading.objects.of(reader)
        .filter(round=round_, position__in=positions)
        .order_by("position", "slot")
    )
    return list(found.select_related("radiograph__visit"))


def _open_now(of_place: list[Reading]) -> None:
    """Hold all films of a place; the model's grades are fixed when they come into sight."""
    now = timezone.now()
    for one in of_place:
        if one.opened_at is None:
            one.opened_at = now
            one.model_version_shown = model_shown.to_show(one, Study.Assist.CONCURRENT)
        one.lease_until = _lease_end(now)
        one.save(update_fields=["opened_at", "lease_until", "model_version_shown"])


def place(reading: Reading) -> list[Reading]:
    """All readings of the place of a reading, in the order in which they are shown."""
    of_place = Reading.objects.place_of(reading)
    return list(of_place.select_related("round__study", "radiograph__visit", "reader"))


def owned(reader: User, reading_id: int) -> Reading:
    """The reader's own opened reading. Raises NotFound otherwise, whoever's it is."""
    return _the_only(_of_id(reader, reading_id).filter(opened_at__isnull=False))


def locked_place(reader: User, reading_id: int) -> list[Reading]:
    """The whole place of the same, locked until the transaction ends; the asked reading first.

    Its readings come with `model_known`, see `model_shown.known`.
    """
    asked = Reading.objects.of(reader).filter(pk=reading_id, opened_at__isnull=False)
    of_place = (
        Reading.objects.of(reader)
        .filter(round=asked.values("round")[:1], position=asked.values("position")[:1])
        .select_related("round__study", "radiograph")
        .annotate(model_known=model_shown.known())  # type: ignore[no-redef]  # named by the model
        .order_by("slot")  # locked in one order, whichever film is asked for
        .select_for_update(of=("self",))
    )
    for reading in of_place:
        reading.reader = reader
    readings = sorted(of_place, key=lambda reading: reading.pk != reading_id)
    if not readings:
        raise NotFound
    return readings


def locked(reader: User, reading_id: int) -> Reading:
    """The asked reading of a locked place."""
    return locked_place(reader, reading_id)[0]


def _of_id(reader: User, reading_id: int) -> ReadingQuerySet:
    mine = Reading.objects.of(reader).filter(pk=reading_id)
    return mine.select_related("round__study", "radiograph", "reader")


def _the_only(found: ReadingQuerySet) -> Reading:
    reading = found.first()
    if reading is None:
        raise NotFound
    return reading


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
    until = _lease_end(timezone.now())
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


def upcoming(reading: Reading) -> ReadingQuerySet:
    """The films of the place that would come next, so that their pictures can be fetched ahead."""
    if reading.committed_at is not None or not reading.round.study.is_open:
        return Reading.objects.none()
    coming = worklist.unopened(reading.reader, reading.round).first()
    return Reading.objects.place_of(coming) if coming else Reading.objects.none()


def film_visible_to(reader: User, reading_id: int) -> Reading:
    """The reading whose picture the reader may fetch: opened, or next in an open round.

    Raises NotFound for any other: a film in washout stays unseen.
    """
    reading = _the_only(_of_id(reader, reading_id))
    if reading.opened_at is None:
        coming = (
            worklist.unopened(reader, reading.round).first()
            if reading.round.study.is_open
            else None
        )
        if coming is None or reading.position != coming.position:
            raise NotFound
    return reading


def _lease_end(now: datetime) -> datetime:
    return now + timedelta(minutes=settings.READING_LEASE_MINUTES)
