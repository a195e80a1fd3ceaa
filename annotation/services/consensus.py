"""What a study holds to be true of a corner: where readers agree, and what adjudicators decide.

The reads are never touched. A corner of the first whole-film round is compared when its last
reader has committed, a relabelled corner when its batch's last reader has. Later whole-film
rounds measure how well a reader repeats and settle nothing.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from annotation.models import (
    AdjudicationCase,
    Consensus,
    GradeEvent,
    Reading,
    Round,
    Study,
    StudyFilm,
)
from annotation.services import consensus_rules
from annotation.services.ledger import BLANK, Mark
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
    if reading.round.kind == Round.Kind.FULL and _is_repeat(reading.round):
        return
    # Two readers who commit the same film at once queue here: the second sees the first one's.
    list(StudyFilm.objects.select_for_update().filter(study=study, radiograph=reading.radiograph))
    marks = _comparable(reading)
    if marks is None:
        return
    film = _film(study, reading.radiograph_id)
    corners = {site: _given(marks, site) for site in _marked_by_all(marks)}
    grades = {site: [mark.grade for mark in given.values()] for site, given in corners.items()}
    judged = consensus_rules.to_be_judged(
        study.adjudication_trigger,
        grades,
        largest=study.adjudication_total,
        policy="strict" if study.missing_sites == Study.MissingSites.STRICT else "R3",
    )
    settled = consensus_rules.settled(study.settling_rule, grades, judged)
    for site in corners:
        if site not in judged and site not in film.decided:
            _hold(film, site, corners[site], settled.get(site))
    for site in sorted(judged - film.decided):
        one, other = _furthest_apart(corners[site])
        bridge = BRIDGE in (corners[site][one].grade, corners[site][other].grade)
        _open_case(film, site, one, other, bridge=bridge)
    Consensus.objects.bulk_create(film.added)


@dataclass
class _Film:
    """What a study holds of one film, corner by corner, and the rows that a comparison adds."""

    study: Study
    radiograph: int
    newest: dict[str, Consensus]
    decided: set[str]
    added: list[Consensus] = field(default_factory=list)

    def add(self, site: str, mark: Mark, **facts: Any) -> None:
        """Hold a corner from now on."""
        self.newest[site] = row(self.study, self.radiograph, site, mark, **facts)
        self.added.append(self.newest[site])

    def bridged(self, site: str) -> bool:
        """Whether a bridge is held there."""
        return site in self.newest and self.newest[site].grade == BRIDGE

    def waiting(self, site: str) -> AdjudicationCase | None:
        """The open case of a corner."""
        row = self.newest.get(site)
        return row.case if row is not None and row.rule == Consensus.Rule.WAITING else None


def _film(study: Study, radiograph: int) -> _Film:
    rows = Consensus.objects.filter(study=study, radiograph=radiograph).select_related("case")
    in_order = list(rows.order_by("pk"))
    # What an adjudicator has decided stays: more readers do not outvote that.
    decided = {row.site for row in in_order if row.rule == Consensus.Rule.ADJUDICATED}
    return _Film(study, radiograph, {row.site: row for row in in_order}, decided)


def _marked_by_all(marks: MarksOfReadings) -> list[str]:
    """The corners that every reading has marked, in order."""
    return [site.code for site in SITES if all(site.code in mine for mine in marks.values())]


def _given(marks: MarksOfReadings, site: str) -> dict[Reading, Mark]:
    return {reading: standing[site] for reading, standing in marks.items()}


def _is_repeat(round_: Round) -> bool:
    """Whether a whole-film round comes after another one."""
    if round_.number == 1:
        return False
    before = Round.objects.filter(study=round_.study_id, number__lt=round_.number)
    return before.filter(kind=Round.Kind.FULL).exists()


def _comparable(reading: Reading) -> MarksOfReadings | None:
    """The standing marks of the blind readings of this place; None while a reader is missing.

    A reading beside a model's grades, or after they were seen, proves nothing: it is left out, and
    None where fewer than two are left.
    """
    of_place = Reading.objects.filter(
        round=reading.round,
        radiograph=reading.radiograph,
        site=reading.site,
        arm=Reading.Arm.MAIN,
    )
    given = list(of_place)
    if len(given) < 2 or any(one.committed_at is None for one in given):
        return None
    readings = {one.pk: one for one in of_place.blind().order_by("pk")}
    if len(readings) < 2:
        return None
    marks: MarksOfReadings = {one: {} for one in readings.values()}
    for event in GradeEvent.objects.filter(reading__in=readings).current():
        mark = Mark.of(event)
        if not mark.blank:
            marks[readings[event.reading_id]][event.site] = mark
    return marks


def _hold(film: _Film, site: str, given: dict[Reading, Mark], averaged: int | None) -> None:
    """Hold one corner by agreement, or by the study's rule where that came to `averaged`.

    A corner that leaves the facing one alone with a bridge is put before an adjudicator instead.
    One that is there already stays there, unless the two reads in question agree by now.
    """
    asked = film.waiting(site)
    if asked and not {asked.reading_a_id, asked.reading_b_id} <= {one.pk for one in given}:
        return
    if averaged is None:
        rule, mark = Consensus.Rule.AGREED, _agreed(list(given.values()))
    else:
        of_it = [mark.findings for mark in given.values() if mark.grade == averaged]
        common = set(of_it[0]).intersection(*of_it[1:]) if of_it else set()
        rule = Consensus.Rule(film.study.settling_rule)
        mark = Mark(averaged, "", tuple(sorted(common)))
    if mark.grade != BRIDGE and film.bridged(facing(site).code):
        before = _reading_behind(film.study, site, film.radiograph)
        if before is not None and before not in given:
            _open_case(film, site, next(iter(given)), before, bridge=True)
            return
    film.add(site, mark, rule=rule)


def _reading_behind(study: Study, site: str, radiograph: int) -> Reading | None:
    """A committed whole-film reading in which a bridge stands at this corner."""
    standing = GradeEvent.objects.filter(
        reading__round__study=study,
        reading__round__kind=Round.Kind.FULL,
        reading__radiograph=radiograph,
        reading__committed_at__isnull=False,
        reading__arm=Reading.Arm.MAIN,
        site=site,
    ).current()
    seen = (event for event in standing.select_related("reading") if event.grade == BRIDGE)
    return next((event.reading for event in seen), None)


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


def _open_case(film: _Film, site: str, one: Reading, other: Reading, *, bridge: bool) -> None:
    """Put a corner before the adjudicators; with a `bridge` in question, the facing corner too.

    Who is shown as A is drawn, and kept.
    """
    corners = {site, facing(site).code} if bridge else {site}
    for corner in sorted(corners - film.decided):
        a, b = _DRAW.sample((one, other), 2)
        case, _ = AdjudicationCase.objects.get_or_create(
            study=film.study,
            radiograph=one.radiograph,
            site=corner,
            defaults={"reading_a": a, "reading_b": b},
        )
        if film.waiting(corner) is None:
            film.add(corner, BLANK, rule=Consensus.Rule.WAITING, case=case)


def row(study: Study, radiograph: int, site: str, mark: Mark, **facts: Any) -> Consensus:
    """A corner as it is held from now on, not saved yet."""
    return Consensus(
        study=study,
        radiograph_id=radiograph,
        site=site,
        grade=mark.grade,
        not_assessable=mark.not_assessable,
        findings=list(mark.findings),
        **facts,
    )
