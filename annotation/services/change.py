"""Limits of agreement of two readers, and how much change is more than their error.

Bland & Altman, Lancet 1986;1:307. The smallest detectable change comes from the error of the
*change* scores, not of the status scores, which overestimate it in paired reading: Bruynesteyn
et al., Ann Rheum Dis 2005;64:179.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from annotation.services.agreement import MIN_TARGETS, complete_rows, mean_squares
from training.metrics import Z95

Interval = tuple[float, float]

Z80 = 1.2815515655446004
"""80 % limits are proposed beside 95 % ones: Navarro-Compan et al. 2014."""

TOO_FEW = "Fewer than three films have both scores; differences need at least three."


@dataclass(frozen=True)
class BlandAltman:
    """Differences first minus second reader, in mSASSS units.

    `loa` are the limits bias +- 1.96 SD with the t intervals of their ends. The shares (0-1) of
    |d| <= 1 and <= 2 are given because mSASSS differences are whole steps, mostly 0.
    """

    n: int
    bias: float | None = None
    sd: float | None = None
    loa: Interval | None = None
    bias_ci95: Interval | None = None
    loa_low_ci95: Interval | None = None
    loa_high_ci95: Interval | None = None
    within_1: float | None = None
    within_2: float | None = None
    undefined: str | None = None


@dataclass(frozen=True)
class DetectableChange:
    """Smallest detectable change, in mSASSS units, of patients' change scores.

    `sem` is one reader's error of a change score; `sdc` holds for the mean of all readers,
    `sdc_single` for one reader's score, `sdc80` is `sdc` at 80 %.
    """

    n: int
    n_readers: int
    sem: float | None = None
    sdc: float | None = None
    sdc_single: float | None = None
    sdc80: float | None = None
    undefined: str | None = None


@dataclass(frozen=True)
class Progression:
    """Change of the mean of the readers: spread, standardised response mean, patients who rose."""

    n: int
    mean: float
    sd: float | None
    srm: float | None
    n_any: int
    n_at_least: int
    n_above_sdc: int | None


def bland_altman(first: npt.ArrayLike, second: npt.ArrayLike) -> BlandAltman:
    """Compare two readers' scores of the same films, in one order; None where not scored.

    Raises ValueError when the two differ in length or hold infinity.
    """
    if np.shape(first) != np.shape(second) or np.ndim(first) != 1:
        raise ValueError("Give the scores of both readers as two flat lists of one length.")
    pair = np.stack([np.asarray(x, dtype=np.float64) for x in (first, second)], axis=1)
    scores, _ = complete_rows(pair)
    n = len(scores)
    if n < MIN_TARGETS:
        return BlandAltman(n, undefined=TOO_FEW)
    difference = scores[:, 0] - scores[:, 1]
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    t = float(stdtrit(n - 1, 0.975))
    low, high = bias - Z95 * sd, bias + Z95 * sd
    of_bias, of_limit = t * sd / np.sqrt(n), t * sd * np.sqrt(3 / n)
    return BlandAltman(
        n=n,
        bias=bias,
        sd=sd,
        loa=(low, high),
        bias_ci95=_around(bias, of_bias),
        loa_low_ci95=_around(low, of_limit),
        loa_high_ci95=_around(high, of_limit),
        within_1=float((np.abs(difference) <= 1).mean()),
        within_2=float((np.abs(difference) <= 2).mean()),
    )


def smallest_detectable_change(changes: npt.ArrayLike) -> DetectableChange:
    """Return the SDC of change scores [patients, readers]; None where a change does not exist.

    SDC = 1.96 SEM / sqrt(k), SEM the root of the residual mean square; for two readers that is
    1.96 SD(d) / (sqrt(2) sqrt(2)). Raises ValueError as `agreement.icc` does.
    """
    table, _ = complete_rows(changes)
    n, k = table.shape
    if n < MIN_TARGETS:
        return DetectableChange(n, k, undefined=TOO_FEW)
    sem = float(np.sqrt(mean_squares(table).residual))
    of_mean = sem / float(np.sqrt(k))
    return DetectableChange(n, k, sem, Z95 * of_mean, Z95 * sem, Z80 * of_mean)


def progression(changes: npt.ArrayLike, at_least: float = 2.0) -> Progression:
    """Count patients whose change, mean of the readers, is above 0, `at_least`, above the SDC.

    `changes` [patients, readers]; patients without a change from every reader are left out.
    Two units in two years is the usual threshold. Raises ValueError when none is left.
    """
    table, _ = complete_rows(changes)
    if not len(table):
        raise ValueError("No patient has a change score from every reader.")
    change = table.mean(axis=1)
    mean = float(change.mean())
    sd = float(change.std(ddof=1)) if len(change) > 1 else None
    limit = smallest_detectable_change(table).sdc
    return Progression(
        n=len(change),
        mean=mean,
        sd=sd,
        srm=mean / sd if sd else None,
        n_any=int((change > 0).sum()),
        n_at_least=int((change >= at_least).sum()),
        n_above_sdc=None if limit is None else int((change > limit).sum()),
    )


def _around(centre: float, half: float) -> Interval:
    return (float(centre - half), float(centre + half))
