"""An adjudicator's case: taken, held for a while, never handed to two people at once."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Min, Q
from django.utils import timezone

from annotation.models import AdjudicationCase, Study
from annotation.services import adjudication, windows


@transaction.atomic
def take_next(*, adjudicator: User, study: Study) -> AdjudicationCase | None:
    """Hold the oldest open case for this adjudicator; the one in hand comes again, renewed.

    None when nothing is open, or all that is open is held by others.
    """
    windows.one_at_a_time(adjudicator)
    now = timezone.now()
    free = Q(held_by__isnull=True) | Q(lease_until__lte=now)
    # What somebody else is taking at this moment is waited for: then it is known until when.
    waiting = adjudication.open_cases(study).select_for_update(of=("self",), no_key=True)
    case = waiting.filter(held_by=adjudicator, lease_until__gt=now).first()
    case = case or waiting.filter(free).first()
    if case is not None:
        case.held_by = adjudicator
        case.lease_until = now + timedelta(minutes=settings.READING_LEASE_MINUTES)
        case.save(update_fields=["held_by", "lease_until"])
    return case


def next_free(study: Study) -> datetime | None:
    """When the first open case that somebody holds is free again; None where nothing is open."""
    free: datetime | None = (
        adjudication.open_cases(study).order_by().aggregate(first=Min("lease_until"))["first"]
    )
    return free
