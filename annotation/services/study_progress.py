"""How far a study is, for its coordinator: counts and times, never grades."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Aggregate, Count, F, FloatField, Max, Min, Q
from django.utils import timezone

from annotation.models import GradeEvent, Reading, Round, Study


@dataclass(frozen=True)
class Progress:
    """How far one reader is in one round; no grades. `median_seconds` is opened to committed."""

    reader: str
    round: int
    kind: str
    places: int
    committed: int
    open_leases: int
    last_activity: datetime | None
    median_seconds: float | None


@dataclass(frozen=True)
class RoundProgress:
    """How far a round is. `opens_at`: the first film's end of washout, None without one."""

    id: int
    number: int
    kind: str
    opens_at: datetime | None
    places: int
    committed: int


class _MedianSeconds(Aggregate):
    """The median of a duration, in seconds; rows without one do not count."""

    function = "PERCENTILE_CONT"
    template = "EXTRACT(EPOCH FROM %(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s))"
    output_field = FloatField()


def progress(study: Study) -> list[Progress]:
    """Every reader in every round."""
    graded = _last_graded(study)
    rows = (
        Reading.objects.filter(round__study=study)
        .places()
        .order_by()
        .values("round", "round__number", "round__kind", "reader", "reader__username")
        .annotate(
            places=Count("pk"),
            done=Count("committed_at"),
            held=Count("pk", filter=Q(committed_at=None, lease_until__gt=timezone.now())),
            last_opened=Max("opened_at"),
            last_committed=Max("committed_at"),
            seconds=_MedianSeconds(F("committed_at") - F("opened_at")),
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
        )
        for row in rows
    ]


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
    counted = study.rounds.order_by("number").annotate(
        places=Count("readings", filter=Q(readings__slot=1)),
        done=Count("readings__committed_at", filter=Q(readings__slot=1)),
        first=Min("readings__committed_at"),
    )
    for round_ in counted:
        opens_at = None
        if round_.washout_days and first_commit:
            opens_at = first_commit + timedelta(days=round_.washout_days)
        found.append(
            RoundProgress(
                round_.pk, round_.number, round_.kind, opens_at, round_.places, round_.done
            )
        )
        if round_.kind == Round.Kind.FULL:
            first_commit = round_.first
    return found
