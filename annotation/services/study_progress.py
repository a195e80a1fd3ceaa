"""How far a study is, for its coordinator: counts and times, never grades."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Aggregate, Case, Count, F, FloatField, Max, Min, Q, When
from django.utils import timezone

from annotation.errors import NotFound
from annotation.models import GradeEvent, Reading, Round, Study
from annotation.services import audit

PACE = timedelta(days=14)
"""How far back the present pace looks."""
_DRAWN = ~Q(arm=Reading.Arm.SECOND_LOOK)
_READ_HERE = _DRAWN & Q(committed_at__gt=F("opened_at"))
"""Not imported: a read from elsewhere took no time here and says nothing of a pace."""


@dataclass(frozen=True)
class Progress:
    """How far one reader is in one round; no grades. `median_seconds` is opened to committed.

    `left` places are read by the day `done_by` at the present `pace` (places a day over the last
    fortnight, or since the first commit in it); both None where nothing was read here in it.
    """

    reader: str
    round: int
    kind: str
    places: int
    committed: int
    open_leases: int
    last_activity: datetime | None
    median_seconds: float | None
    left: int
    pace: float | None
    pace_from: datetime | None
    done_by: datetime | None


@dataclass(frozen=True)
class Hold:
    """A place that is open and unfinished. `stale`: nobody has worked at it for a lease's time."""

    reading: int
    reader: str
    round: int
    position: int
    opened_at: datetime
    lease_until: datetime | None
    stale: bool


@dataclass(frozen=True)
class RoundProgress:
    """How far a round is. `opens_at`: the first film's end of washout, None without one.

    `looks` are second looks that somebody has not ended yet.
    """

    id: int
    number: int
    kind: str
    opens_at: datetime | None
    places: int
    committed: int
    looks: int


class _MedianSeconds(Aggregate):
    """The median of a duration, in seconds; rows without one do not count."""

    function = "PERCENTILE_CONT"
    template = "EXTRACT(EPOCH FROM %(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s))"
    output_field = FloatField()


def progress(study: Study) -> list[Progress]:
    """Every reader in every round."""
    graded = _last_graded(study)
    now = timezone.now()
    since = now - PACE
    rows = (
        Reading.objects.filter(round__study=study, slot=1)
        .order_by()
        .values("round", "round__number", "round__kind", "reader", "reader__username")
        .annotate(
            places=Count("pk", filter=_DRAWN),
            done=Count("committed_at", filter=_DRAWN),
            held=Count("pk", filter=Q(committed_at=None, lease_until__gt=timezone.now())),
            lately=Count("pk", filter=_READ_HERE & Q(committed_at__gte=since)),
            first_lately=Min("committed_at", filter=_READ_HERE & Q(committed_at__gte=since)),
            last_opened=Max("opened_at"),
            last_committed=Max("committed_at"),
            seconds=_MedianSeconds(Case(When(_READ_HERE, then=F("committed_at") - F("opened_at")))),
        )
        .order_by("round__number", "reader__username")
    )
    return [
        Progress(
            reader=row["reader__username"],
            round=row["round__number"],
            kind=row["round__kind"],
            places=row["places"],
            committed=row["done"],
            open_leases=row["held"],
            last_activity=_latest(
                row["last_opened"],
                row["last_committed"],
                graded.get((row["round"], row["reader"])),
            ),
            median_seconds=None if row["seconds"] is None else float(row["seconds"]),
            **_forecast(row["places"] - row["done"], row["lately"], row["first_lately"], now),
        )
        for row in rows
    ]


def _forecast(left: int, lately: int, first: datetime | None, now: datetime) -> dict[str, Any]:
    """What is left, and when it is read at the present pace; a day at least is a pace's basis."""
    if not lately or first is None:
        return {"left": left, "pace": None, "pace_from": None, "done_by": None}
    pace = lately / max((now - first) / timedelta(days=1), 1.0)
    done_by = now + timedelta(days=left / pace) if left else None
    return {"left": left, "pace": pace, "pace_from": first, "done_by": done_by}


def holds(study: Study) -> list[Hold]:
    """The places of a study that are in somebody's hand, the stale ones first."""
    now = timezone.now()
    open_ = (
        Reading.objects.filter(round__study=study, opened_at__isnull=False, slot=1)
        .pending()
        .select_related("reader", "round")
    )
    found = [
        Hold(
            reading=one.pk,
            reader=one.reader.get_username(),
            round=one.round.number,
            position=one.position,
            opened_at=one.opened_at,  # type: ignore[arg-type]  # they are opened
            lease_until=one.lease_until,
            stale=one.lease_until is None or one.lease_until <= now,
        )
        for one in open_
    ]
    return sorted(found, key=lambda hold: (not hold.stale, hold.opened_at))


@transaction.atomic
def free(*, study: Study, reading_id: int, actor: User) -> None:
    """End the hold on an unfinished place; its grades stay and its reader takes it up again.

    Pages that still show it cannot save to it before that. One that was committed meanwhile is
    nobody's any more. Raises NotFound.
    """
    of_study = Reading.objects.filter(round__study=study, opened_at__isnull=False)
    reading = of_study.select_for_update(of=("self",), no_key=True).filter(pk=reading_id).first()
    if reading is None:
        raise NotFound
    if reading.committed_at is not None:
        return
    Reading.objects.place_of(reading).order_by().update(lease_until=None)
    audit.record(
        actor=actor,
        action="reading.freed",
        subject=reading,
        reader=reading.reader.get_username(),
        position=reading.position,
    )


def _last_graded(study: Study) -> dict[tuple[int, int], datetime]:
    """When the newest event came in, by round and reader."""
    events = GradeEvent.objects.filter(reading__round__study=study).order_by()
    newest = events.values("reading__round", "reading__reader").annotate(last=Max("created_at"))
    return {(row["reading__round"], row["reading__reader"]): row["last"] for row in newest}


def _latest(*times: datetime | None) -> datetime | None:
    return max(filter(None, times), default=None)


def rounds(study: Study) -> list[RoundProgress]:
    """Every round, over all readers."""
    found: list[RoundProgress] = []
    first_commit: datetime | None = None  # in the whole-film round before
    second = Q(readings__arm=Reading.Arm.SECOND_LOOK)
    drawn = Q(readings__slot=1) & ~second
    counted = study.rounds.order_by("number").annotate(
        places=Count("readings", filter=drawn),
        done=Count("readings__committed_at", filter=drawn),
        looks=Count(
            "readings", filter=second & Q(readings__slot=1, readings__committed_at__isnull=True)
        ),
        first=Min("readings__committed_at"),
    )
    for round_ in counted:
        opens_at = None
        if round_.washout_days and first_commit:
            opens_at = first_commit + timedelta(days=round_.washout_days)
        found.append(
            RoundProgress(
                id=round_.pk,
                number=round_.number,
                kind=round_.kind,
                opens_at=opens_at,
                places=round_.places,
                committed=round_.done,
                looks=round_.looks,
            )
        )
        if round_.kind == Round.Kind.FULL:
            first_commit = round_.first
    return found
