"""Intervals that respect the patient, for many figures at once.

Corners of one patient are alike (r 0.6-0.8): resampling corners gives intervals that are far too
narrow. Whole patients are drawn instead, and because every figure here follows from sums over
patients, one matrix of how often each patient was drawn serves all of them; two models under the
same draws are a paired comparison. Efron & Tibshirani 1993, percentile interval over clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Interval = list[float]  # low, high

SEED = 20220101
REPLICATES = 2000


@dataclass(frozen=True)
class Resamples:
    """`drawn` [replicates, patients]: how often each patient is in each resample.

    `patient` numbers the patients by name, so that limits do not depend on the order of films.
    """

    patient: dict[str, int]
    drawn: Floats

    def sums(self, rows: npt.ArrayLike, patients: Sequence[str]) -> Floats:
        """Rows [n, ...] of these patients, summed per resample: [replicates, ...]."""
        values = np.asarray(rows, np.float64)
        of_patient = np.zeros((len(self.patient), *values.shape[1:]))
        np.add.at(of_patient, [self.patient[name] for name in patients], values)
        return np.tensordot(self.drawn, of_patient, axes=1)


def draw(patients: Sequence[str], *, replicates: int = REPLICATES, seed: int = SEED) -> Resamples:
    """Draw as many patients as there are, with replacement, `replicates` times."""
    names = sorted(set(patients))
    n = max(1, len(names))
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=replicates)
    return Resamples(
        {name: number for number, name in enumerate(names)}, drawn[:, : len(names)].astype(float)
    )


def interval(values: Floats, level: float = 0.95) -> Interval | None:
    """Percentile limits of a figure's resamples [replicates]; undefined ones do not count.

    None when more than half of them are undefined, or when all are one: one patient alone, or a
    figure that no resample moves, has no interval to show.
    """
    defined = values[np.isfinite(values)]
    if len(defined) <= len(values) / 2 or defined.min() == defined.max():
        return None
    tail = (1 - level) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return [float(low), float(high)]
