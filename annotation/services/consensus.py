"""What a study holds to be true of a corner: where readers agree, and what adjudicators decide.

The reads are never touched. A corner of the first whole-film round is compared when its last
reader has committed, a relabelled corner when its batch's last reader has. Later whole-film
rounds measure how well a reader repeats and settle nothing.
"""

import random
from collections import Counter
from itertools import combinations
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Min, OuterRef, Subquery
from django.db.models.query import QuerySet
from django.utils import timezone

from annotation.errors import Conflict, KeyReused, NotFound
from annotation.models import (
    AdjudicationCase,
    Consensus,
    GradeEvent,
    Reading,
    Round,
    Study,
    StudyFilm,
)
from annotation.services import consensus_rules, instrument
from annotation.services.ledger import BLANK, BRIDGED, Mark
from inference.msasss import BRIDGE, SITES, facing

MarksOfReadings = dict[Reading, dict[str, Mark]]
# Assessable or not is a wider gap than any two grades.
_WIDEST = 4
_DRAW = random.SystemRandom()


def settle(reading: Reading) -> None:
    """Compare a committed reading with the others of its film, if it was the last of them.

    Must run in the transaction of the commit. Agreement becomes consensus rows, a difference a
    case for an adjudicator.
    """
    study = reading.round.study
    if reading.arm != Reading.Arm.MAIN or reading.round.kind == Round.Kind.CALIBRATION:
        return
    if reading.round.kind == Round.Kind.FULL and reading.round.number != _first_number(study):
        return
    # Two readers who commit the same film at once queue here: the second sees the first one's.
    list(StudyFilm.objects.select_for_update().filter(study=study, radiograph=reading.radiograph))
    marks = _comparable(reading)
    if marks is None:
        return
    corners = {site: _given(marks, site) for site in _marked_by_all(marks)}
    grades = {site: [mark.grade for mark in given.values()] for site, given in corners.items()}
    judged = consensus_rules.to_be_judged(
        study.adjudication_trigger,
        grades,
        largest=study.adjudication_total,
        policy="strict" if study.missing_sites == Study.MissingSites.STRICT else "R3",
    )
    settled = consensus_rules.settled(study.settling_rule, grades, judged)
    decided = _adjudicated(study, reading.radiograph_id)
    held = [site for site in corners if site not in judged and site not in decided]
    for site in held:
        _hold(study, site, corners[site], settled.get(site))
    for site in sorted(judged - decided):
        _open_case(study, site, *_furthest_apart(corners[site]))


def _marked_by_all(marks: MarksOfReadings) -> list[str]:
    """The corners that every reading has marked, in order."""
    return [site.code for site in SITES if all(site.code in mine for mine in marks.values())]


def _given(marks: MarksOfReadings, site: str) -> dict[Reading, Mark]:
    return {reading: standing[site] for reading, standing in marks.items()}


def _adjudicated(study: Study, radiograph: int) -> set[str]:
    """The corners that an adjudicator has decided: more readers do not outvote that."""
    rows = Consensus.objects.filter(study=study, radiograph=radiograph)
    return set(rows.filter(rule=Consensus.Rule.ADJUDICATED).values_list("site", flat=True))


def _first_number(study: Study) -> int | None:
    first: int | None = study.rounds.filter(kind=Round.Kind.FULL).aggregate(n=Min("number"))["n"]
    return first


def _comparable(reading: Reading) -> MarksOfReadings | None:
    """The standing marks of all readings of this place; None while one is missing, or alone."""
    readings = {
        one.pk: one
        for one in Reading.objects.filter(
            round=reading.round,
            radiograph=reading.radiograph,
            site=reading.site,
            arm=Reading.Arm.MAIN,
        ).order_by("pk")
    }
    if len(readings) < 2 or any(one.committed_at is None for one in readings.values()):
        return None
    if Reading.objects.filter(pk__in=readings).blind().count() < len(readings):
        return None  # given beside a model's grades, or after they were seen: it proves nothing
    marks: MarksOfReadings = {one: {} for one in readings.values()}
    for event in GradeEvent.objects.filter(reading__in=readings).current():
        mark = Mark.of(event)
        if not mark.blank:
            marks[readings[event.reading_id]][event.site] = mark
    return marks


def _hold(study: Study, site: str, given: dict[Reading, Mark], averaged: int | None) -> None:
    """Hold one corner by agreement, or by the study's rule where that came to `averaged`.

    A corner that leaves the facing one alone with a bridge is put before an adjudicator instead.
    One that is there already stays there, unless the two reads in question agree by now.
    """
    radiograph = next(iter(given)).radiograph
    asked = open_cases(study).filter(radiograph=radiograph, site=site).first()
    if asked and not {asked.reading_a, asked.reading_b} <= given.keys():
        return
    if averaged is None:
        rule, mark = Consensus.Rule.AGREED, _agreed(list(given.values()))
    else:
        of_it = [mark.findings for mark in given.values() if mark.grade == averaged]
        common = set(of_it[0]).intersection(*of_it[1:]) if of_it else set()
        rule = Consensus.Rule(study.settling_rule)
        mark = Mark(averaged, "", tuple(sorted(common)))
    other = _held(study, radiograph.pk, facing(site).code)
    if mark.grade != BRIDGE and other is not None and other.grade == BRIDGE:
        before = _reading_behind(study, site, radiograph.pk)
        if before is not None and before not in given:
            _open_case(study, site, next(iter(given)), before)
            return
    _add(study, radiograph.pk, {site: mark}, rule=rule)


def _held(study: Study, radiograph: int, site: str) -> Consensus | None:
    """What the study holds now of a corner."""
    rows = Consensus.objects.filter(study=study, radiograph=radiograph, site=site)
    return rows.current().first()


def _reading_behind(study: Study, site: str, radiograph: int) -> Reading | None:
    """A committed whole-film reading that saw a bridge at this corner."""
    event = (
        GradeEvent.objects.filter(
            reading__round__study=study,
            reading__round__kind=Round.Kind.FULL,
            reading__radiograph=radiograph,
            reading__committed_at__isnull=False,
            reading__arm=Reading.Arm.MAIN,
            site=site,
            grade=BRIDGE,
        )
        .select_related("reading")
        .first()
    )
    return event.reading if event else None


def _agreed(marks: list[Mark]) -> Mark:
    """The common mark: findings that all name, and of several reasons the most frequent."""
    findings = set(marks[0].findings).intersection(*(mark.findings for mark in marks))
    reasons = Counter(sorted(mark.not_assessable for mark in marks))
    return Mark(marks[0].grade, reasons.most_common(1)[0][0], tuple(sorted(findings)))


def _furthest_apart(given: dict[Reading, Mark]) -> tuple[Reading, Reading]:
    """The two readings that differ most."""

    def gap(pair: tuple[Reading, Reading]) -> int:
        a, b = (given[reading].grade for reading in pair)
        if a is None or b is None:
            return 0 if a == b else _WIDEST
        return abs(a - b)

    return max(combinations(given, 2), key=gap)


def _open_case(study: Study, site: str, one: Reading, other: Reading) -> None:
    """Put a corner before the adjudicators; with a bridge in question, the facing corner too.

    Who is shown as A is drawn, and kept.
    """
    stands = GradeEvent.objects.filter(reading__in=(one, other), site=site).current()
    in_question = any(event.grade == BRIDGE for event in stands)
    corners = {site, facing(site).code} if in_question else {site}
    for corner in sorted(corners - _adjudicated(study, one.radiograph_id)):
        a, b = _DRAW.sample((one, other), 2)
        case, _ = AdjudicationCase.objects.get_or_create(
            study=study,
            radiograph=one.radiograph,
            site=corner,
            defaults={"reading_a": a, "reading_b": b},
        )
        if not open_cases(study).filter(pk=case.pk).exists():
            _add(study, one.radiograph_id, {corner: BLANK}, rule=Consensus.Rule.WAITING, case=case)


def _add(study: Study, radiograph: int, corners: dict[str, Mark], **facts: object) -> None:
    Consensus.objects.bulk_create(
        Consensus(
            study=study,
            radiograph_id=radiograph,
            site=site,
            grade=mark.grade,
            not_assessable=mark.not_assessable,
            findings=list(mark.findings),
            **facts,
        )
        for site, mark in corners.items()
    )


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

    Raises NotFound, KeyReused, BadInput, Conflict when another adjudicator was faster.
    """
    case = case_of(adjudicator, case_id)
    # One decision per film at a time: facing corners are two cases.
    list(StudyFilm.objects.select_for_update().filter(study=case.study, radiograph=case.radiograph))
    if earlier := list(Consensus.objects.filter(idempotency_key=key).order_by("pk")):
        return _decided_before(earlier, case, mark)
    mark.check()
    instrument.check_decided(case.study, case.site, mark)
    if not open_cases(case.study).filter(pk=case.pk).exists():
        raise Conflict("This corner has been decided already. Take the next one.")
    elsewhere = case.held_by_id not in (None, adjudicator.pk)
    if elsewhere and case.lease_until and case.lease_until > timezone.now():
        raise Conflict("Another adjudicator holds this corner now. Take the next one.")
    corners = {case.site: mark}
    if mark.grade == BRIDGE:
        corners[facing(case.site).code] = BRIDGED
    _add(
        case.study,
        case.radiograph_id,
        corners,
        rule=Consensus.Rule.ADJUDICATED,
        case=case,
        adjudicator=adjudicator,
        idempotency_key=key,
    )
    return len(corners)


def _decided_before(earlier: list[Consensus], case: AdjudicationCase, mark: Mark) -> int:
    first = earlier[0]
    before = Mark(first.grade, first.not_assessable, tuple(first.findings))
    if (first.case_id, before) != (case.pk, mark):
        raise KeyReused
    return len(earlier)
