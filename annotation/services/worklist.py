"""Which places a reader may open now, and why there is none: the answer of an empty worklist."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q
from django.utils import timezone

from annotation.errors import NotFound, StudyClosed
from annotation.models import Reading, Round
from annotation.models.reading import ReadingQuerySet
from annotation.services import calibration, windows

State = Literal["open", "calibration", "washout", "finished", "closed"]


@dataclass(frozen=True)
class Places:
    """How a reader stands in a round. ``opens_at`` is None unless the washout has a known end.

    `leads_to` is the round that must be read first: the newest try of a calibration deck.
    """

    round: Round
    places: int
    committed: int
    state: State
    sentence: str
    opens_at: datetime | None
    leads_to: int | None = None


def opened(mine: ReadingQuerySet) -> ReadingQuerySet:
    """The one place of a round that the reader has opened and not committed, or looks at again."""
    return mine.pending().filter(opened_at__isnull=False)


def unopened(reader: User, round_: Round) -> ReadingQuerySet:
    """The places of a round that the reader may open now, in drawn order.

    None before the reader has agreed with the deck that the study asks for. A pair is the same
    pair in every round, so the washout of its first film is the pair's.
    """
    waiting = Reading.objects.of(reader).filter(round=round_, opened_at__isnull=True)
    waiting = waiting.places().pending()
    if calibration.missing(reader, round_.study):
        return waiting.none()
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
    mine = Reading.objects.of(reader).filter(round=round_)
    total, committed = length(reader, round_), mine.places().committed().count()
    if not total:
        raise NotFound
    opens_at = None
    state: State = "open"
    sentence = ""
    if not round_.study.is_open:
        state, sentence = "closed", StudyClosed.sentence
    elif committed == total and not opened(mine).exists():
        state, sentence = (
            "finished",
            f"You have read every place of this round, {total} in all. Thank you.",
        )
    elif lacking := calibration.missing(reader, round_.study):
        newest = lacking.tries[-1].round if lacking.tries else None
        return Places(
            round_, total, committed, "calibration", lacking.sentence, None, leads_to=newest
        )
    elif not opened(mine).exists() and not unopened(reader, round_).exists():
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
            "Read these films in the earlier round first: each opens here after "
            f"the {round_.washout_days}-day wait from when you committed it there."
        )
    return (
        f"The next film opens on {opens_at:%-d %B %Y at %H:%M UTC}, "
        f"after the {round_.washout_days}-day wait since you last read it. Come back then."
    )


@transaction.atomic
def rounds_of(reader: User) -> list[Places]:
    """Every round in which the reader has places, oldest study first."""
    # A place that is committed between two questions would be neither open nor read.
    windows.one_at_a_time(reader)
    rounds = (
        Round.objects.filter(Exists(Reading.objects.of(reader).filter(round=OuterRef("pk"))))
        .select_related("study")
        .order_by("study", "number")
    )
    return [places(reader, round_) for round_ in rounds]
