"""Which differences go before an adjudicator, and what arithmetic makes of the rest.

Plain arithmetic on grades, no queries. None is a corner that a reader could not assess; whether a
corner can be read at all is never settled by arithmetic, so None beside a grade is always judged.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from statistics import fmean, median

from annotation.models import Study
from inference.msasss import BRIDGE, SITE, Policy, facing, total

Grades = Sequence[int | None]
"""One corner's grades, one per reader."""

Trigger = Study.AdjudicationTrigger


def differ(grades: Grades) -> bool:
    """Whether the readers did not all say the same."""
    return len(set(grades)) > 1


def triggers(trigger: str, grades: Grades) -> bool:
    """Whether one corner's difference is judged by itself, whatever the rest of the film says."""
    given = [grade for grade in grades if grade is not None]
    if len(given) < len(grades):
        return differ(grades)
    if trigger == Trigger.TWO_GRADES:
        return max(given) - min(given) >= 2
    if trigger == Trigger.BRIDGE:
        return BRIDGE in given and differ(given)
    return trigger == Trigger.ANY and differ(given)


def to_be_judged(
    trigger: str, corners: Mapping[str, Grades], *, largest: int | None, policy: Policy
) -> set[str]:
    """The corners of one film that go before an adjudicator.

    `largest` is the difference of totals that is still let pass under the trigger `total`: above
    it, or where a total cannot be had, every differing corner is judged. With a bridge in
    question its facing corner is judged too, when the readers differ there.
    """
    differing = {site for site, grades in corners.items() if differ(grades)}
    if trigger == Trigger.TOTAL and _totals_apart(corners, policy) > (largest or 0):
        return differing
    judged = {site for site in differing if triggers(trigger, corners[site])}
    bridged = {site for site in judged if BRIDGE in corners[site]}
    return judged | ({facing(site).code for site in bridged} & differing)


def _totals_apart(corners: Mapping[str, Grades], policy: Policy) -> float:
    """The largest difference between two readers' totals of a film; infinite without a total."""
    readers = zip(*corners.values(), strict=True)
    scores: list[float] = []
    for grades in readers:
        scored = total(dict(zip(corners, grades, strict=True)), policy)
        cervical = SITE[next(iter(corners))].region == "C"
        segment = scored.cervical if cervical else scored.lumbar
        if segment is None:
            return float("inf")
        scores.append(segment)
    return max((abs(a - b) for a, b in combinations(scores, 2)), default=0.0)


def average(rule: str, grades: Grades) -> float | None:
    """Mean or median of the grades given, in fractions; None where nobody could assess it."""
    given = [grade for grade in grades if grade is not None]
    if not given:
        return None
    return fmean(given) if rule == Study.SettlingRule.MEAN else float(median(given))


def settled(rule: str, corners: Mapping[str, Grades], but: Collection[str]) -> dict[str, int]:
    """Whole grades of the differing corners that are not judged (`but`), half a grade upwards.

    A bridge is held only where both facing corners come to 3; otherwise such a corner is held 2.
    """
    whole: dict[str, int] = {}
    for site, grades in corners.items():
        value = average(rule, grades)
        if value is not None:
            whole[site] = int(value + 0.5)
    return {
        site: min(grade, BRIDGE if whole.get(facing(site).code) == BRIDGE else BRIDGE - 1)
        for site, grade in whole.items()
        if site not in but and differ(corners[site])
    }
