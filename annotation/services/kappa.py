"""Agreement on corner grades beyond chance: weighted kappa and Krippendorff's alpha.

Both are taken over the four grades, used or not: weighing by the labels that happen to occur
changes the figure (0.636 instead of 0.407 in the test). Neighbouring corners of one patient are
not independent, so no analytic standard error is given here; see `bootstrap.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference.msasss import GRADES
from training.metrics import Weights, confusion, kappa

FloatArray = npt.NDArray[np.float64]

NO_PAIRS = "No corner has a grade from two readers."
NO_VARIATION = "Every grade is the same: without variation there is no agreement beyond chance."


@dataclass(frozen=True)
class ChanceCorrected:
    """A kappa or alpha (at most 1, may be negative) over `n` corners, or why there is none."""

    value: float | None
    n: int
    undefined: str | None = None


def weighted_kappa(
    a: npt.ArrayLike, b: npt.ArrayLike, weights: Weights = "quadratic"
) -> ChanceCorrected:
    """Return Cohen's weighted kappa of two readers' grades of the same corners, in one order.

    Corners that either reader left without a grade (None) are left out. Raises ValueError as
    `training.metrics.confusion` and `kappa` do.
    """
    table = confusion(a, b)
    n = int(table.sum())
    value = kappa(table, weights)
    if value is None:
        return ChanceCorrected(None, n, NO_VARIATION if n else NO_PAIRS)
    return ChanceCorrected(value, n)


def ordinal_alpha(ratings: npt.ArrayLike, levels: Sequence[int] = GRADES) -> ChanceCorrected:
    """Return Krippendorff's alpha for ordinal grades [corners, readers], None where not read.

    Any number of readers, any pattern of missing reads; corners with one read say nothing and
    are dropped. Source: Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011.
    Raises ValueError when the table is not two-dimensional or holds a value outside `levels`.
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"Give one row per corner and one column per reader, got {table.shape}.")
    if not np.isin(table[~np.isnan(table)], levels).all():
        raise ValueError(f"A grade must be one of {tuple(levels)}; leave a missing one as None.")
    counts = np.stack([(table == level).sum(axis=1) for level in levels], axis=1)
    counts = counts[counts.sum(axis=1) >= 2].astype(np.float64)
    n = len(counts)
    if n == 0:
        return ChanceCorrected(None, 0, NO_PAIRS)
    of_level = counts.sum(axis=0)
    if (of_level > 0).sum() < 2:
        return ChanceCorrected(None, n, NO_VARIATION)
    distance = _ordinal_distance(of_level)
    per_read = 1 / (counts.sum(axis=1) - 1)
    # Pairs of one read with itself lie on the diagonal, where the distance is 0.
    observed = (distance * np.einsum("uc,uk,u->ck", counts, counts, per_read)).sum()
    expected = (distance * np.outer(of_level, of_level)).sum() / (of_level.sum() - 1)
    return ChanceCorrected(1 - float(observed / expected), n)


def _ordinal_distance(of_level: FloatArray) -> FloatArray:
    """Return squared distances: how many reads lie between two grades, half of the ends."""
    middle = np.cumsum(of_level) - of_level / 2
    distance: FloatArray = np.subtract.outer(middle, middle) ** 2
    return distance
