"""A coordinator moves a committed read by one disc: its levels were counted wrong.

Nothing is overwritten: the moved grades are new events, and what is held to be true is compared
anew. An adjudicator's decision stays, and is named, because it was made on the wrong level.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from annotation.errors import Conflict, KeyReused
from annotation.models import Consensus, GradeEvent, Reading
from annotation.services import audit, consensus
from annotation.services.ledger import Mark, shifted

NOT_READ = Mark(not_assessable="other")
"""The disc left behind: nobody has read it, and it must not count as 0."""


@dataclass(frozen=True)
class Corrected:
    """How many corners changed, and which corners of the film an adjudicator had decided."""

    corners: int
    adjudicated: tuple[str, ...]


@transaction.atomic
def shift(*, actor: User, reading: Reading, key: UUID, towards: GradeEvent.Cause) -> Corrected:
    """Move a committed whole-film reading's grades by one disc; the same key again does nothing.

    Levels are the patient's: films that were read together with it move too. Raises Conflict for a
    reading that its reader still holds, KeyReused, BadInput.
    """
    place = list(
        Reading.objects.place_of(reading)
        # Without the key: somebody who commits the same film names this reading in a case, with
        # the film locked that we wait for below.
        .select_for_update(of=("self",), no_key=True)
        .select_related("round__study", "radiograph")
    )
    if reading.site or any(one.committed_at is None for one in place):
        raise Conflict(
            "Only a committed read of a whole film can be moved here. "
            "Until the commit its reader moves the levels."
        )
    if earlier := list(GradeEvent.objects.filter(idempotency_key=key)):
        if any(event.reading not in place or event.cause != towards for event in earlier):
            raise KeyReused
        return Corrected(len(earlier), _decided(place))
    written = sum(_write(one, key, towards) for one in place)
    for one in place:
        audit.record(
            actor=actor,
            action="reading.levels_corrected",
            subject=one,
            towards=towards,
            adjudicated=_decided([one]),
        )
    for one in sorted(place, key=lambda one: one.radiograph_id):
        consensus.settle(one)
    return Corrected(written, _decided(place))


def _write(reading: Reading, key: UUID, towards: GradeEvent.Cause) -> int:
    standing = {event.site: event for event in reading.events.current()}
    marks = {site: mark for site, e in standing.items() if not (mark := Mark.of(e)).blank}
    changes = shifted(marks, reading.sites, towards, vacated=NOT_READ)
    # A read that knew the model's grades goes on saying so after it has moved.
    shown = {event.model_version_shown_id for event in standing.values()} - {None}
    GradeEvent.objects.bulk_create(
        GradeEvent(
            reading=reading,
            site=site,
            grade=mark.grade,
            not_assessable=mark.not_assessable,
            findings=list(mark.findings),
            cause=towards,
            idempotency_key=key,
            model_version_shown_id=next(iter(shown), None),
        )
        for site, mark in changes.items()
    )
    return len(changes)


def _decided(place: Sequence[Reading]) -> tuple[str, ...]:
    """The corners of these films that an adjudicator has decided."""
    rows = Consensus.objects.filter(
        study=place[0].round.study,
        radiograph__in=[one.radiograph_id for one in place],
        rule=Consensus.Rule.ADJUDICATED,
    )
    return tuple(sorted(set(rows.values_list("site", flat=True))))
