"""Which corners are read again: those the model confuses, and a random share to audit it.

A corner's score is its confusion mass, the weighted chance that two grades compete for it. Koo
et al. 2022 (Table 1): half of all errors lie between 0 and 1, three quarters among 0, 1, 2; the
pair 2-3 keeps a place, because a missed bridge moves two corners. Before them come the corners that
the model could not see and gave no grade.

The random share is drawn from all corners, uniformly by patient, and only it may estimate how
good the model is: corners chosen for their doubt are no sample of the cohort.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt

from inference.msasss import BRIDGE, GRADES

FloatArray = npt.NDArray[np.float64]
Key = int | str
Stream = Literal["ranked", "random"]

KOO_TABLE_1 = (
    (2250, 295, 54, 19),
    (502, 2169, 75, 46),
    (96, 147, 700, 153),
    (25, 58, 96, 2641),
)
"""Confusion of the published model, rows actual, 9326 validation corners."""

PRIOR_CORNERS = 400
"""Pseudo-corners the published table counts for beside a table of one's own."""

EMPHASIS = 1.5
"""Extra weight of the pairs within 0, 1, 2, where reading again helps most."""

UNSEEN, UNSEEN_SCORE = "not seen by the model", 1.0
"""Reason and score of a corner without probabilities; a confusion mass is at most 3/8."""

PAIRS = tuple(combinations(GRADES, 2))


@dataclass(frozen=True)
class Candidate:
    """A corner with the serving model's probabilities of grades 0-3; None where it saw nothing."""

    patient: Key
    film: Key
    site: str
    p: tuple[float, float, float, float] | None


@dataclass(frozen=True)
class Ranked:
    """A chosen corner, with everything that must be kept of why it was chosen.

    `selection_probability` is the chance that its stream takes it: exact for `random`, to weigh
    estimates by its inverse; 1 for `ranked`, which is certain once the random share is drawn.
    """

    candidate: Candidate
    score: float
    reason: str
    stream: Stream
    selection_probability: float


def pair_weights(confusion: npt.ArrayLike | None = None) -> FloatArray:
    """Return the weight of each pair of grades [4, 4], symmetric, zero diagonal, largest 1.

    Weight = how often the pair is confused, (M_ab + M_ba) / (row_a + row_b), times the units lost
    |a-b|, times 1.5 within 0, 1, 2. `confusion` (rows actual, columns predicted) must come from
    the random stream; the published table smooths it as a Dirichlet prior and stands alone for
    None. Raises ValueError for a table that is not 4 x 4 counts.
    """
    published = np.array(KOO_TABLE_1, dtype=np.float64)
    table = published * PRIOR_CORNERS / published.sum()
    if confusion is not None:
        counts = np.asarray(confusion, dtype=np.float64)
        if counts.shape != published.shape or not np.isfinite(counts).all() or (counts < 0).any():
            raise ValueError("Pair weights need a 4 x 4 table of counts, rows actual.")
        table = table + counts
    size = table.sum(axis=1)
    weights = np.zeros_like(table)
    for a, b in PAIRS:
        rate = (table[a, b] + table[b, a]) / (size[a] + size[b])
        weights[a, b] = weights[b, a] = rate * (b - a) * (1 if b == BRIDGE else EMPHASIS)
    normalised: FloatArray = weights / weights.max()
    return normalised


DEFAULT_WEIGHTS = pair_weights()


def confusion_mass(p: npt.ArrayLike, weights: npt.ArrayLike = DEFAULT_WEIGHTS) -> FloatArray:
    """Return sum over a<b of W_ab p_a p_b for probabilities [..., 4]; 0 where one grade has all."""
    probabilities = np.asarray(p, dtype=np.float64)
    table = np.asarray(weights, dtype=np.float64)
    mass: FloatArray = (probabilities @ table * probabilities).sum(axis=-1) / 2
    return mass


def reason(p: Sequence[float] | None, weights: npt.ArrayLike = DEFAULT_WEIGHTS) -> str:
    """Name the pair of grades that makes most of the score, such as "0 vs 1, margin 0.04"."""
    if p is None:
        return UNSEEN
    table = np.asarray(weights, dtype=np.float64)
    a, b = max(PAIRS, key=lambda pair: float(table[pair]) * p[pair[0]] * p[pair[1]])
    return f"{a} vs {b}, margin {abs(p[a] - p[b]):.2f}"


def rank(
    candidates: Sequence[Candidate],
    *,
    size: int,
    random_share: float = 0.15,
    per_patient: int = 4,
    seed: int,
    weights: npt.ArrayLike = DEFAULT_WEIGHTS,
) -> list[Ranked]:
    """Choose at most `size` corners, in the order in which they are to be read.

    The random share is drawn first; the rest comes by falling score, ties in random order. No
    patient gives more than `per_patient` corners, so that a batch does not show one bad film
    twelve times; it is shorter than `size` when patients are few. Random corners stand at random
    places, so that a reader cannot tell them. The same candidates, in any order, and the same
    seed give the same batch.

    Raises ValueError for probabilities that do not sum to 1, a corner given twice, or a size,
    share or cap out of range.
    """
    if size < 0 or per_patient < 1 or not 0 <= random_share <= 1:
        raise ValueError("A batch needs size >= 0, per_patient >= 1 and a random share of 0 to 1.")
    random = np.random.default_rng(seed)
    pool = _shuffled(candidates, random)
    scores = _scores(pool, weights)
    audit = _random_stream(pool, int(size * random_share + 0.5), per_patient, random)
    by_score = _highest(pool, scores, audit, size=size, per_patient=per_patient)

    def chosen(i: int) -> Ranked:
        stream: Stream = "random" if i in audit else "ranked"
        why = reason(pool[i].p, weights)
        return Ranked(pool[i], float(scores[i]), why, stream, audit.get(i, 1.0))

    return [chosen(i) for i in _interleaved(by_score, list(audit), random)]


def _shuffled(candidates: Sequence[Candidate], random: np.random.Generator) -> list[Candidate]:
    """Return the candidates in an order that depends on the seed alone."""
    named = {(str(c.patient), str(c.film), c.site): c for c in candidates}
    if len(named) < len(candidates):
        raise ValueError("A corner is among the candidates twice; give each film and site once.")
    ordered = [named[name] for name in sorted(named)]
    return [ordered[i] for i in random.permutation(len(ordered))]


def _scores(pool: Sequence[Candidate], weights: npt.ArrayLike) -> FloatArray:
    seen = np.array([candidate.p is not None for candidate in pool], dtype=bool)
    p = np.array([c.p for c in pool if c.p is not None], dtype=np.float64).reshape(-1, len(GRADES))
    # 0.01 lets probabilities pass that were stored in half precision.
    if not ((p >= 0).all() and (np.abs(p.sum(axis=1) - 1) <= 0.01).all()):
        raise ValueError("The four probabilities of a corner must be >= 0 and sum to 1.")
    scores = np.full(len(pool), UNSEEN_SCORE)
    scores[seen] = confusion_mass(p, weights)
    return scores


def _random_stream(
    pool: Sequence[Candidate], wanted: int, per_patient: int, random: np.random.Generator
) -> dict[int, float]:
    """Draw corners uniformly by patient; return place in the pool -> inclusion probability.

    One corner of every patient per round, in the last round of as many patients as are still
    wanted: a film with twelve corners weighs no more than a film with two.
    """
    corners: dict[Key, list[int]] = defaultdict(list)
    for i, candidate in enumerate(pool):
        corners[candidate.patient].append(i)
    expected: dict[Key, float] = defaultdict(float)  # corners that a patient gives on average
    drawn: list[int] = []
    for turn in range(per_patient):
        patients = [patient for patient, of in corners.items() if len(of) > turn]
        open_places = min(wanted - len(drawn), len(patients))
        if open_places == 0:
            break
        places = random.choice(len(patients), size=open_places, replace=False)
        drawn += [corners[patients[place]][turn] for place in places]
        for patient in patients:
            expected[patient] += open_places / len(patients)
    return {i: expected[pool[i].patient] / len(corners[pool[i].patient]) for i in drawn}


def _highest(
    pool: Sequence[Candidate],
    scores: FloatArray,
    audit: Collection[int],
    *,
    size: int,
    per_patient: int,
) -> list[int]:
    """Return places in the pool by falling score until the batch is full, patients capped."""
    taken = Counter(pool[i].patient for i in audit)
    chosen: list[int] = []
    for i in np.argsort(-scores, kind="stable").tolist():
        if len(audit) + len(chosen) >= size:
            break
        if i not in audit and taken[pool[i].patient] < per_patient:
            taken[pool[i].patient] += 1
            chosen.append(i)
    return chosen


def _interleaved(
    by_score: list[int], by_chance: list[int], random: np.random.Generator
) -> list[int]:
    """Put the random corners at random places; the others keep their order."""
    is_random = np.arange(len(by_score) + len(by_chance)) < len(by_chance)
    rest, audit = iter(by_score), iter(by_chance)
    return [next(audit) if here else next(rest) for here in random.permutation(is_random)]
