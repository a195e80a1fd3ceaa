"""Whether probabilities mean what they say: Brier score, expected calibration error, reliability.

Guo et al., ICML 2017 (ECE of the likeliest grade, ten bins of equal width); Brier, Mon Weather Rev
1950;78:1 (over all four grades, 0 best, 2 worst).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.msasss import GRADES
from training.resamples import Floats, Resamples, interval

BINS = 10
_LEAST = 1e-7  # the log loss of a grade that was called impossible


def reliability(
    shares: Floats, actual: Sequence[int], patients: Sequence[str], resamples: Resamples
) -> dict[str, Any]:
    """Figures of probabilities [n, 4] against the grades that corners have.

    `reliability[g]` are the bins of grade g that hold corners: how many, the mean probability
    said, and the share that has the grade.
    """
    if not len(actual):
        return {"corners": 0}
    hit = np.eye(len(GRADES))[np.asarray(actual, int)]
    brier = ((shares - hit) ** 2).sum(axis=1)
    said, right = shares.max(axis=1), hit[np.arange(len(hit)), shares.argmax(axis=1)]
    bins = _bin(said)
    rows = np.zeros((len(said), BINS, 3))
    rows[np.arange(len(said)), bins] = np.stack([np.ones_like(said), said, right], axis=1)
    sums = np.stack([np.ones_like(brier), brier], axis=1)
    drawn = resamples.sums(sums, patients)
    return {
        "corners": len(brier),
        "brier": float(brier.mean()),
        "brier_ci95": interval(drawn[:, 1] / np.maximum(drawn[:, 0], 1)),
        "ece": float(_ece(rows.sum(axis=0))),
        "ece_ci95": interval(_ece(resamples.sums(rows, patients))),
        "log_loss": float(-np.log(shares[hit > 0].clip(_LEAST, 1)).mean()),
        "reliability": [_of_grade(shares[:, grade], hit[:, grade]) for grade in GRADES],
    }


def _bin(said: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.minimum((said * BINS).astype(np.int64), BINS - 1)


def _ece(sums: Floats) -> Floats:
    """Sums [..., bins, (n, said, right)] -> the mean distance of said and right [...]."""
    n = np.maximum(sums[..., 0].sum(axis=-1), 1)
    distance: Floats = np.abs(sums[..., 1] - sums[..., 2]).sum(axis=-1) / n
    return distance


def _of_grade(said: Floats, hit: Floats) -> list[dict[str, float]]:
    bins = _bin(said)
    return [
        {
            "corners": int((bins == one).sum()),
            "said": float(said[bins == one].mean()),
            "found": float(hit[bins == one].mean()),
        }
        for one in range(BINS)
        if (bins == one).any()
    ]
