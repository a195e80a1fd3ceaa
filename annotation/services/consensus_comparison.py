"""What a study would hold to be true under each rule, computed anew from its reads, and compared.

Nothing is stored: the reads stand, and a rule is one way to look at them. Which rule is used moves
totals, so a report should say how much.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from annotation.models import Consensus, Round, Study
from annotation.services.consensus_rules import average
from annotation.services.round_reads import blind_reads
from inference.msasss import sites_of

Corner = tuple[int, str]
"""Radiograph and site."""

RULES = ("agree", "mean", "median", "adjudicated")
_SITES_PER_FILM = len(sites_of("L"))


@dataclass(frozen=True)
class Held:
    """One rule: how many corners it settles and their mean grade, None without a corner."""

    rule: str
    corners: int
    mean_grade: float | None


@dataclass(frozen=True)
class Compared:
    """Two rules on the corners that both settle, and on films that both settle whole.

    Differences are second minus first, in grades and in units of the film's total.
    """

    rules: tuple[str, str]
    corners: int
    equal: int
    mean_difference: float | None
    films: int
    mean_total_difference: float | None


def by_rule(study: Study, rule: str) -> dict[Corner, float]:
    """The grade of each corner that a rule settles, in fractions for mean and median.

    From the committed blind reads of the first whole-film round, corners read by two or more.
    `agree`: only where all say the same grade. `adjudicated`: what readers agreed on and what
    adjudicators decided, as it stands now.
    """
    if rule == "adjudicated":
        rows = Consensus.objects.filter(study=study).current()
        sure = (Consensus.Rule.AGREED, Consensus.Rule.ADJUDICATED)
        return {
            (row.radiograph_id, row.site): float(row.grade)
            for row in rows
            if row.grade is not None and row.rule in sure
        }
    held: dict[Corner, float] = {}
    for corner, grades in _read_by_several(study).items():
        value = average(rule, grades)
        if value is not None and (rule != "agree" or len(set(grades)) == 1):
            held[corner] = value
    return held


def _read_by_several(study: Study) -> dict[Corner, list[int | None]]:
    first = study.rounds.filter(kind=Round.Kind.FULL).order_by("number").first()
    grades: dict[Corner, list[int | None]] = defaultdict(list)
    for films in blind_reads(first).values() if first else ():
        for film, read in films.items():
            for site, grade in read.grades.items():
                grades[film, site].append(grade)
    return {corner: given for corner, given in grades.items() if len(given) > 1}


def compare(study: Study) -> tuple[list[Held], list[Compared]]:
    """Every rule, and every pair of rules beside each other."""
    held = {rule: by_rule(study, rule) for rule in RULES}
    single = [Held(rule, len(held[rule]), _mean(list(held[rule].values()))) for rule in RULES]
    return single, [
        _compared((one, other), held[one], held[other]) for one, other in combinations(RULES, 2)
    ]


def _compared(
    rules: tuple[str, str], one: dict[Corner, float], other: dict[Corner, float]
) -> Compared:
    differences = {corner: other[corner] - one[corner] for corner in one.keys() & other.keys()}
    by_film: dict[int, list[float]] = defaultdict(list)
    for (film, _), difference in differences.items():
        by_film[film].append(difference)
    totals = [sum(of_film) for of_film in by_film.values() if len(of_film) == _SITES_PER_FILM]
    return Compared(
        rules=rules,
        corners=len(differences),
        equal=sum(difference == 0 for difference in differences.values()),
        mean_difference=_mean(list(differences.values())),
        films=len(totals),
        mean_total_difference=_mean(totals),
    )


def _mean(values: list[float]) -> float | None:
    return fmean(values) if values else None
