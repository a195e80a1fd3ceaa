"""How two raters' scores of the same visits agree: bias, limits, ICC(2,1), each with interval.

For two raters the two-way analysis of variance follows from five sums (McGraw & Wong, Psychol
Methods 1996;1:30), so that thousands of patient resamples are one matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from training.metrics import Z95
from training.resamples import Floats, Resamples, interval

LEAST = 3  # scores: with two the variance between them has one degree of freedom


def score_figures(
    first: npt.ArrayLike, second: npt.ArrayLike, patients: Sequence[str], resamples: Resamples
) -> dict[str, Any]:
    """Compare scores [n] of two raters, in units; differences are second minus first.

    `false_total` is the second rater's mean where the first gave 0, the error that a high ICC
    hides best; `sdc` the smallest detectable change of one rater's score when the scores are
    changes (1.96 SD(d) / sqrt 2). A figure without a value is None.
    """
    one, two = np.asarray(first, float), np.asarray(second, float)
    found: dict[str, Any] = {"n": len(one), "patients": len(set(patients))}
    if not len(one):
        return found
    middle, difference = (one + two) / 2, two - one
    rows = np.stack([np.ones(len(one)), middle, middle**2, difference, difference**2], axis=1)
    values = _figures(rows.sum(axis=0))
    drawn = _figures(resamples.sums(rows, patients))
    bias, sd = float(values["bias"]), float(values["sd"])
    known = len(one) >= LEAST and np.isfinite(sd)
    zero = two[one == 0]
    return found | {
        "icc": _number(values["icc"]),
        "icc_ci95": interval(drawn["icc"]) if len(one) >= LEAST else None,
        "bias": bias,
        "bias_ci95": interval(drawn["bias"]),
        "limits": [bias - Z95 * sd, bias + Z95 * sd] if known else None,
        "sd": sd if known else None,
        "sdc": Z95 * sd / 2**0.5 if known else None,
        "mae": float(np.abs(difference).mean()),
        "false_total": float(zero.mean()) if len(zero) else None,
    }


def _figures(sums: Floats) -> dict[str, Floats]:
    """Sums [..., 5] of 1, m, m^2, d, d^2 -> bias, SD of d and ICC(2,1), each [...]; NaN: none."""
    n, m, m2, d, d2 = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = d / n
        between = _rounded(2 * (m2 - m**2 / n), m2) / (n - 1)  # MSR
        residual = _rounded((d2 - d**2 / n) / 2, d2 + m2) / (n - 1)  # MSE
        readers = n * bias**2 / 2  # MSC
        icc = (between - residual) / (between + residual + 2 * (readers - residual) / n)
        icc = np.where((n >= LEAST) & (between + residual > 0), icc, np.nan)
        return {"bias": bias, "sd": np.sqrt(2 * residual), "icc": icc}


def _rounded(square: Floats, scale: Floats) -> Floats:
    """Differences of large sums: what is left below rounding is nothing."""
    return np.where(square > 1e-12 * scale, square, 0.0)


def _number(value: Floats) -> float | None:
    return float(value) if np.isfinite(value) else None
