"""The words of the mSASSS: 24 anterior corners, their grades, the missing-site rules, the total.

The modified Stoke Ankylosing Spondylitis Spinal Score grades the anterior corners of 12 disc
levels on lateral films: C2/C3 to C7/T1 (0-36) and T12/L1 to L5/S1 (0-36), each corner 0-3.
Source: Creemers et al., Ann Rheum Dis 2005;64:127 (PMC1755183); sites, grades and the rule that
a bridge counts at both corners as in Koo et al. 2022. SNOMED CT codes as in pydicom 3.0.2.

Above and below are said of the *disc*: the corner on its cranial side is the lower (INF) corner
of the vertebra above. "Upper corner" alone means two things in the literature and is not used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Edge = Literal["SUP", "INF"]
Region = Literal["C", "L"]
Side = Literal["cranial", "caudal"]
Policy = Literal["R3", "strict"]

GRADES = (0, 1, 2, 3)
BRIDGE = 3
"""Grade of a total bony bridge; it always stands on both facing corners."""

FINDINGS = ("erosion", "sclerosis", "squaring")
"""The three findings that grade 1 sums up; kept apart, because score variants drop some."""

NOT_ASSESSABLE: dict[str, str] = {
    "obscured": "Another structure covers the corner, for example the shoulders over C7/T1.",
    "off_film": "The corner lies outside the film or under the collimator.",
    "rotated": "The vertebra is rotated or tilted too far to judge its anterior corner.",
    "implant": "An implant or other metal covers or replaces the corner.",
    "fracture": "A fracture has changed the corner.",
    "surgery": "Surgery has changed the corner.",
    "poor_quality": "The film is too dark, too bright, blurred or noisy here.",
    "other": "Another reason, told in the comment.",
}
"""Reason code -> sentence. A corner that cannot be graded is missing, never grade 0."""

REGION_NAMES: dict[Region, str] = {"C": "cervical", "L": "lumbar"}
MAX_IMPUTED_SITES = 3
"""R3 fills at most this many of the 12 sites of a segment; with more the segment is not scored."""


@dataclass(frozen=True)
class Site:
    """One gradable corner. `index` runs 1-24 from C2_INF down to S1_SUP."""

    index: int
    code: str
    vertebra: str
    edge: Edge
    disc: str
    region: Region
    vertebra_sct: str
    disc_sct: str

    @property
    def side(self) -> Side:
        """Side of the disc the corner lies on: INF of the vertebra above is the cranial side."""
        return "cranial" if self.edge == "INF" else "caudal"


@dataclass(frozen=True)
class Total:
    """The score of one time point, in units: segments 0-36, total 0-72, None where not scored.

    `n_scored` counts graded corners, `n_imputed` those filled by the policy. `reason` is a
    sentence that says why a part is None.
    """

    cervical: float | None
    lumbar: float | None
    total: float | None
    n_scored: int
    n_imputed: int
    policy: Policy
    reason: str | None


_DISC_SCT: dict[Region, dict[str, str]] = {
    "C": {
        "C2/C3": "1078209008",
        "C3/C4": "58820006",
        "C4/C5": "49400002",
        "C5/C6": "73959003",
        "C6/C7": "75095006",
        "C7/T1": "37414007",
    },
    "L": {
        "T12/L1": "76206002",
        "L1/L2": "80064006",
        "L2/L3": "67459009",
        "L3/L4": "62551000",
        "L4/L5": "84020006",
        "L5/S1": "715056000",
    },
}
_VERTEBRA_SCT = {
    "C2": "39976000",
    "C3": "113205007",
    "C4": "5329002",
    "C5": "36978003",
    "C6": "36054005",
    "C7": "87391001",
    "T1": "64864005",
    "T12": "23215003",
    "L1": "66794005",
    "L2": "14293000",
    "L3": "36470004",
    "L4": "11994002",
    "L5": "49668003",
    "S1": "54735007",  # the sacrum: the dictionary has no concept of its own for S1
}


def _all_sites() -> tuple[Site, ...]:
    sites: list[Site] = []
    for region, discs in _DISC_SCT.items():
        for disc, disc_sct in discs.items():
            above, below = disc.split("/")
            corners: tuple[tuple[str, Edge], ...] = ((above, "INF"), (below, "SUP"))
            for vertebra, edge in corners:
                code = f"{vertebra}_{edge}"
                sct = _VERTEBRA_SCT[vertebra]
                number = len(sites) + 1
                sites.append(Site(number, code, vertebra, edge, disc, region, sct, disc_sct))
    return tuple(sites)


SITES: tuple[Site, ...] = _all_sites()
SITE: dict[str, Site] = {site.code: site for site in SITES}
DISCS: dict[Region, tuple[str, ...]] = {r: tuple(discs) for r, discs in _DISC_SCT.items()}


def facing(site: str | Site) -> Site:
    """Return the corner on the other side of the same disc.

    Raises ValueError for a code that is none of the 24.
    """
    # Facing corners are neighbours in reading order: 1-2, 3-4, ... 23-24.
    return SITES[(_site(site).index - 1) ^ 1]


def sites_of(region: Region) -> tuple[Site, ...]:
    """Return the 12 sites of a film of this region, from the top down."""
    return tuple(site for site in SITES if site.region == region)


def one_sided_bridges(grades: Mapping[str, int | None]) -> tuple[str, ...]:
    """Return the discs where grade 3 stands on one side only, from the top down.

    A facing corner marked not assessable (None) counts as one-sided; a facing corner that is not
    in `grades` has not been read yet and is left alone. Such labels are flagged, never repaired.
    """
    _check(grades)
    return tuple(
        site.disc
        for site in SITES
        if grades.get(site.code) == BRIDGE
        and (other := facing(site).code) in grades
        and grades[other] != BRIDGE
    )


def likeliest(shares: Sequence[float]) -> int:
    """The grade that P(0), P(1), P(2), P(3) of a corner stand for: bridge first, else of 0, 1, 2.

    Facing corners share P(3), and so always agree on a bridge; the likeliest of all four could be
    3 on one side alone.
    """
    return BRIDGE if shares[BRIDGE] >= 0.5 else max(range(BRIDGE), key=lambda g: shares[g])


def total(grades: Mapping[str, int | None], policy: Policy = "R3") -> Total:
    """Sum the grades of one time point under a missing-site policy.

    `R3`: up to three missing sites of a segment take the mean of its scored sites; with more the
    segment is not scored. `strict`: one missing site and the segment is not scored. The total
    needs both segments. A site is missing when it is None or not in `grades`.

    Raises ValueError for an unknown site, grade or policy.
    """
    if policy not in ("R3", "strict"):
        raise ValueError(f"The missing-site policy must be R3 or strict, not {policy!r}.")
    _check(grades)
    allowed = MAX_IMPUTED_SITES if policy == "R3" else 0
    segments: dict[Region, float | None] = {}
    reasons: list[str] = []
    n_scored = n_imputed = 0
    for region in DISCS:
        scored = [g for s in sites_of(region) if (g := grades.get(s.code)) is not None]
        missing = 12 - len(scored)
        n_scored += len(scored)
        if missing <= allowed:
            segments[region] = 12 * sum(scored) / len(scored)
            n_imputed += missing
        else:
            segments[region] = None
            reasons.append(_not_scored(region, missing, allowed))
    cervical, lumbar = segments["C"], segments["L"]
    both = cervical + lumbar if cervical is not None and lumbar is not None else None
    reason = " ".join(reasons) or None
    return Total(cervical, lumbar, both, n_scored, n_imputed, policy, reason)


def _not_scored(region: Region, missing: int, allowed: int) -> str:
    limit = f"at most {allowed} may be" if allowed else "none may be"
    name = REGION_NAMES[region]
    return f"The {name} segment is not scored: {missing} of 12 sites are missing, {limit}."


def _site(site: str | Site) -> Site:
    if isinstance(site, Site):
        return site
    if site not in SITE:
        raise ValueError(f"{site!r} is none of the 24 mSASSS sites; write it like C5_INF.")
    return SITE[site]


def _check(grades: Mapping[str, int | None]) -> None:
    for code, grade in grades.items():
        _site(code)
        if grade is not None and grade not in GRADES:
            raise ValueError(f"The grade of {code} must be 0, 1, 2, 3 or None, not {grade!r}.")
