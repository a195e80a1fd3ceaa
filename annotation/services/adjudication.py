"""An adjudicator's decision on a corner: picked once, by who is not one of the readers."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.db.models.query import QuerySet
from django.utils import timezone

from annotation.errors import AlreadyDecided, Conflict, KeyReused, NotFound
from annotation.models import AdjudicationCase, Consensus, GradeEvent, Study, StudyFilm
from annotation.services import consensus, instrument
from annotation.services.ledger import BLANK, BRIDGED, Mark
from inference.msasss import BRIDGE, facing


def open_cases(study: Study) -> QuerySet[AdjudicationCase]:
    """Cases of corners that wait for a decision, oldest first."""
    newest = Consensus.objects.filter(
        study=OuterRef("study"), radiograph=OuterRef("radiograph"), site=OuterRef("site")
    ).order_by("-pk")
    return (
        study.cases.annotate(stands=Subquery(newest.values("rule")[:1]))
        .filter(stands=Consensus.Rule.WAITING)
        .order_by("pk")
    )


def case_of(adjudicator: User, case_id: int) -> AdjudicationCase:
    """A case of a study in which this person adjudicates. Raises NotFound for any other."""
    case = (
        AdjudicationCase.objects.filter(pk=case_id, study__adjudicators=adjudicator)
        .exclude(study__readers=adjudicator)
        .select_related("study", "radiograph", "reading_a", "reading_b")
        .first()
    )
    if case is None:
        raise NotFound
    return case


def two_marks(case: AdjudicationCase) -> tuple[Mark, Mark]:
    """What A and B gave this corner; blank where one was not asked about it."""
    events = GradeEvent.objects.filter(
        reading__in=(case.reading_a, case.reading_b), site=case.site
    ).current()
    marks = {event.reading_id: Mark.of(event) for event in events}
    return marks.get(case.reading_a_id, BLANK), marks.get(case.reading_b_id, BLANK)


@transaction.atomic
def decide(*, adjudicator: User, case_id: int, key: UUID, mark: Mark) -> int:
    """Settle a corner and return how many corners that settled: a bridge settles the facing one.

    Raises NotFound, KeyReused, BadInput, AlreadyDecided, Conflict while somebody else holds it.
    """
    case = case_of(adjudicator, case_id)
    # One decision per film at a time: facing corners are two cases.
    list(StudyFilm.objects.select_for_update().filter(study=case.study, radiograph=case.radiograph))
    if earlier := list(Consensus.objects.filter(idempotency_key=key).order_by("pk")):
        return _decided_before(earlier, case, mark)
    mark.check()
    instrument.check_decided(case.study, case.site, mark)
    if not open_cases(case.study).filter(pk=case.pk).exists():
        raise AlreadyDecided
    elsewhere = case.held_by_id not in (None, adjudicator.pk)
    if elsewhere and case.lease_until and case.lease_until > timezone.now():
        raise Conflict("Another adjudicator holds this corner now. Take the next one.")
    corners = {case.site: mark}
    if mark.grade == BRIDGE:
        corners[facing(case.site).code] = BRIDGED
    by_whom: dict[str, Any] = {
        "rule": Consensus.Rule.ADJUDICATED,
        "case": case,
        "adjudicator": adjudicator,
        "idempotency_key": key,
    }
    Consensus.objects.bulk_create(
        consensus.row(case.study, case.radiograph_id, site, given, **by_whom)
        for site, given in corners.items()
    )
    return len(corners)


def _decided_before(earlier: list[Consensus], case: AdjudicationCase, mark: Mark) -> int:
    first = earlier[0]
    before = Mark(first.grade, first.not_assessable, tuple(first.findings))
    if (first.case_id, before) != (case.pk, mark):
        raise KeyReused
    return len(earlier)
