"""A reader's places: take the next one, hold it, give it back; and why there is none now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q
from django.utils import timezone

from annotation.errors import AlreadyCommitted, LeaseLost, NotFound, StudyClosed
from annotation.models import Reading, Round, Study
from annotation.models.reading import ReadingQuerySet
from annotation.services import model_shown

State = Literal["open", "washout", "finished", "closed"]
# A hold renewed so lately is not written again: every grade would cost a second write.
_FRESH = timedelta(seconds=30)


@dataclass(frozen=True)
class Places:
    """How a reader stands in a round. ``opens_at`` is None unless the washout has a known end."""

    round: Round
    places: int
    committed: int
    state: State
    sentence: str
    opens_at: datetime | None


@dataclass(frozen=True)
class Taken:
    """The reader's place, or None and the reason.

    `place` holds all its readings in the order in which they are shown, `upcoming` those of the
    place that would come next.
    """

    reading: Reading | None
    state: State
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
    in_hand = list(opened(mine).select_related("radiograph__visit"))
    in_order = [*in_hand, *_next_places(mine, round_, 1 if in_hand else 2)]
    if not in_order or not round_.study.is_open:
        found = places(reader, round_)
        return Taken(None, found.state, found.sentence)
    for one in in_order:
        one.round, one.reader = round_, reader
    now = [one for one in in_order if one.position == in_order[0].position]
    _open_now(now)
    return Taken(now[0], "open", "", tuple(now), tuple(in_order[len(now) :]))


def _next_places(mine: ReadingQuerySet, round_: Round, number: int) -> list[Reading]:
    """The readings of the next unopened places, in the order in which they are shown."""
    positions = unopened(mine, round_).values("position")[:number]
    found = mine.filter(position__in=positions).order_by("position", "slot")
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


def opened(mine: ReadingQuerySet) -> ReadingQuerySet:
    """The one place of a round that the reader has opened and not committed."""
    return mine.pending().filter(opened_at__isnull=False)


def unopened(mine: ReadingQuerySet, round_: Round) -> ReadingQuerySet:
    """The places of a round that may be opened now, in drawn order.

    A pair is the same pair in every round, so the washout of its first film is the pair's.
    """
    waiting = mine.places().pending().filter(opened_at__isnull=True)
    if not _has_washout(round_):
        return waiting
    return waiting.filter(~Exists(_too_fresh(round_)))


def _has_washout(round_: Round) -> bool:
    return bool(round_.washout_days) and round_.kind == Round.Kind.FULL and round_.number > 1


def _earlier(round_: Round) -> ReadingQuerySet:
    """The whole-film readings of the study's earlier rounds."""
    rounds = Round.objects.filter(
        study=round_.study_id, number__lt=round_.number, kind=Round.Kind.FULL
    )
    # By id, not by a join: the planner then looks each film up instead of pairing all with all.
    return Reading.objects.filter(round__in=list(rounds.values_list("pk", flat=True)))


def _too_fresh(round_: Round) -> ReadingQuerySet:
    """Earlier readings of the outer row's film that are unfinished or not long enough ago."""
    still_remembered = timezone.now() - timedelta(days=round_.washout_days)
    return _earlier(round_).filter(
        Q(committed_at__isnull=True) | Q(committed_at__gt=still_remembered),
        reader=OuterRef("reader"),
        radiograph=OuterRef("radiograph"),
    )


def places(reader: User, round_: Round) -> Places:
    """How the reader stands in one round. Counts the reader's own places only.

    Raises NotFound when there are none.
    """
    mine = Reading.objects.of(reader).filter(round=round_).places()
    total, committed = length(reader, round_), mine.committed().count()
    if not total:
        raise NotFound
    opens_at = None
    state: State = "open"
    sentence = ""
    if not round_.study.is_open:
        state, sentence = "closed", StudyClosed.sentence
    elif committed == total:
        state, sentence = "finished", f"You have read all {total} places of this round. Thank you."
    elif not opened(mine).exists() and not unopened(mine, round_).exists():
        state, opens_at = "washout", _first_opening(reader, round_)
        sentence = _washout_sentence(round_, opens_at)
    return Places(round_, total, committed, state, sentence, opens_at)


def length(reader: User, round_: Round) -> int:
    """How many places the reader has in a round: they are numbered from 1, so the last one says."""
    mine = Reading.objects.of(reader).filter(round=round_)
    return mine.order_by("-position").values_list("position", flat=True).first() or 0


def _first_opening(reader: User, round_: Round) -> datetime | None:
    """When the first film of a washout round opens; None while none is read before."""
    films = Reading.objects.of(reader).filter(round=round_).pending().order_by()
    last: datetime | None = (
        _earlier(round_)
        .filter(reader=reader, radiograph__in=films.values("radiograph"))
        .order_by()
        .values("radiograph")
        .annotate(last=Max("committed_at"), unread=Count("pk", filter=Q(committed_at__isnull=True)))
        .filter(unread=0)
        .order_by("last")
        .values_list("last", flat=True)
        .first()
    )
    return last + timedelta(days=round_.washout_days) if last else None


def _washout_sentence(round_: Round, opens_at: datetime | None) -> str:
    if opens_at is None:
        return (
            "Read these films in the earlier round first: "
            f"each opens here {round_.washout_days} days after you committed it there."
        )
    return (
        f"The next film opens on {opens_at:%-d %B %Y at %H:%M} UTC, "
        f"{round_.washout_days} days after you last read it. Come back then."
    )


def worklist(reader: User) -> list[Places]:
    """Every round in which the reader has places, oldest study first."""
    rounds = (
        Round.objects.filter(Exists(Reading.objects.of(reader).filter(round=OuterRef("pk"))))
        .select_related("study")
        .order_by("study", "number")
    )
    return [places(reader, round_) for round_ in rounds]


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
    if reading.committed_at is None and reading.round.study.is_open:
        mine = Reading.objects.of(reading.reader).filter(round=reading.round)
        if coming := unopened(mine, reading.round).first():
            return Reading.objects.place_of(coming)
    return Reading.objects.none()


def film_visible_to(reader: User, reading_id: int) -> Reading:
    """The reading whose picture the reader may fetch: opened, or next in an open round.

    Raises NotFound for any other: a film in washout stays unseen.
    """
    reading = _the_only(_of_id(reader, reading_id))
    if reading.opened_at is None:
        mine = Reading.objects.of(reader).filter(round=reading.round)
        coming = unopened(mine, reading.round).first() if reading.round.study.is_open else None
        if coming is None or reading.position != coming.position:
            raise NotFound
    return reading


def _lease_end(now: datetime) -> datetime:
    return now + timedelta(minutes=settings.READING_LEASE_MINUTES)
