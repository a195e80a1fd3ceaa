"""Intervals that respect the patient: resample patients with all their films and corners.

Corners of one patient are alike (r 0.6-0.8), so resampling corners gives intervals that are far
too narrow. Efron & Tibshirani 1993, percentile interval over clusters.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

SEED = 20220101
REPLICATES = 2000

TOO_FEW = "All rows belong to fewer than two patients: there is nothing to resample."
NEVER_DEFINED = "The figure was undefined in every resample."


@dataclass(frozen=True)
class BootstrapInterval:
    """Percentile limits with what is needed to get them again.

    `skipped` of `replicates` resamples had no figure and do not count; `undefined` says why there
    are no limits.
    """

    low: float | None
    high: float | None
    replicates: int
    skipped: int
    seed: int
    undefined: str | None = None


def patient_bootstrap(
    patients: Sequence[Hashable],
    statistic: Callable[[IntArray], float | None],
    *,
    replicates: int = REPLICATES,
    seed: int = SEED,
    level: float = 0.95,
) -> BootstrapInterval:
    """Return the percentile interval of `statistic` under resampling of whole patients.

    `patients[i]` is the patient of row i. `statistic` gets the row numbers of a resample, a
    patient drawn twice with all rows twice, and returns the figure, or None or NaN where it is
    undefined. A paired comparison is a statistic that computes both figures on the same rows.
    """
    members: dict[Hashable, list[int]] = {}
    for row, patient in enumerate(patients):
        members.setdefault(patient, []).append(row)
    # By name, so that the limits do not depend on the order the database gave the rows in.
    rows = [np.array(members[patient], dtype=np.int64) for patient in sorted(members, key=str)]
    if len(rows) < 2:
        return BootstrapInterval(None, None, replicates, 0, seed, TOO_FEW)
    random = np.random.default_rng(seed)
    values = []
    for _ in range(replicates):
        drawn = random.integers(len(rows), size=len(rows))
        value = statistic(np.concatenate([rows[i] for i in drawn]))
        if value is not None and np.isfinite(value):
            values.append(value)
    skipped = replicates - len(values)
    if not values:
        return BootstrapInterval(None, None, replicates, skipped, seed, NEVER_DEFINED)
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return BootstrapInterval(float(low), float(high), replicates, skipped, seed)
