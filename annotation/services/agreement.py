"""Intraclass correlation between readers, six forms with 95 % intervals. Plain arithmetic.

Shrout & Fleiss, Psychol Bull 1979;86:420 (forms 1, 2, 3) and McGraw & Wong, Psychol Methods
1996;1:30 (intervals). ICC(2,.) asks for agreement: a reader who always scores higher lowers it;
ICC(3,.) asks for consistency and forgives that. `,1` is one reader's score, `,k` the mean of all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.special import fdtri

FloatArray = npt.NDArray[np.float64]
Interval = tuple[float, float]

FORMS = ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)")
MIN_TARGETS = 3
"""With two targets the between-target variance has one degree of freedom: no figure is given."""

TOO_FEW = "Fewer than three films have a score from every reader; an ICC needs at least three."
NO_VARIATION = "No reader's scores differ between films: without variation there is no ICC."
NO_SPREAD = "The films differ too little for the reliability of a mean; read more varied films."
NO_INTERVAL = "These scores give no finite 95 % interval for this form; read more films."


@dataclass(frozen=True)
class MeanSquares:
    """Two-way analysis of variance of a complete table [n_targets, n_readers]."""

    n_targets: int
    n_readers: int
    targets: float  # MSR, n-1 degrees of freedom
    readers: float  # MSC, k-1
    residual: float  # MSE, (n-1)(k-1)
    within: float  # MSW, n(k-1)


@dataclass(frozen=True)
class Icc:
    """One form: value (at most 1, may be negative), 95 % interval, or why there is none."""

    value: float | None
    ci95: Interval | None
    undefined: str | None = None


@dataclass(frozen=True)
class IccTable(Mapping[str, Icc]):
    """The six forms by name, `table["ICC(2,1)"].value`, and how many targets they rest on.

    `n_left_out` counts targets without a score from every reader.
    """

    forms: Mapping[str, Icc] = field(repr=False)
    n_targets: int
    n_readers: int
    n_left_out: int

    def __getitem__(self, form: str) -> Icc:
        return self.forms[form]

    def __iter__(self) -> Iterator[str]:
        return iter(self.forms)

    def __len__(self) -> int:
        return len(self.forms)


def icc(ratings: npt.ArrayLike) -> IccTable:
    """Return the six ICC forms of scores [targets, readers].

    A target with None or NaN is left out and counted. Never pool re-reads as further rows: they
    are another table. Negative values are given as they are. Where no reader's scores differ
    between films there is no ICC; perfect agreement with spread is 1 with the interval (1, 1),
    the limit of the formula.

    Raises ValueError when the table is not two-dimensional, has fewer than two readers or holds
    infinity.
    """
    table, n_left_out = complete_rows(ratings)
    n, k = table.shape
    forms: dict[str, Icc] = dict.fromkeys(FORMS, Icc(None, None, TOO_FEW))
    if n >= MIN_TARGETS:
        ms = mean_squares(table)
        forms = dict.fromkeys(FORMS, Icc(None, None, NO_VARIATION))
        if ms.targets or ms.residual:
            forms = _forms(ms)
    return IccTable(forms, n, k, n_left_out)


def complete_rows(ratings: npt.ArrayLike) -> tuple[FloatArray, int]:
    """Return the targets scored by every reader as float [n, k], and how many were left out.

    Raises ValueError as `icc` does.
    """
    table: FloatArray = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError(
            f"Give one row per target and one column per reader, two or more; got {table.shape}."
        )
    if np.isinf(table).any():
        raise ValueError("A score is infinite; leave a score that does not exist as None.")
    complete = ~np.isnan(table).any(axis=1)
    return table[complete], int((~complete).sum())


def mean_squares(ratings: FloatArray) -> MeanSquares:
    """Return the mean squares of a complete table [targets >= 2, readers >= 2]."""
    n, k = ratings.shape
    centred = ratings - ratings.mean()
    of_targets = centred.mean(axis=1, keepdims=True)
    of_readers = centred.mean(axis=0, keepdims=True)
    rest = centred - of_targets - of_readers
    # Means such as 13.2 are not exact in binary: what is left below this is rounding, not spread.
    rounding = (1e-12 * np.abs(ratings).max()) ** 2

    def square(deviation: FloatArray, degrees: int, repeats: int = 1) -> float:
        value = repeats * float((deviation**2).sum()) / degrees
        return value if value > rounding else 0.0

    return MeanSquares(
        n_targets=n,
        n_readers=k,
        targets=square(of_targets, n - 1, repeats=k),
        readers=square(of_readers, k - 1, repeats=n),
        residual=square(rest, (n - 1) * (k - 1)),
        within=square(centred - of_targets, n * (k - 1)),
    )


def _forms(ms: MeanSquares) -> dict[str, Icc]:
    n, k = ms.n_targets, ms.n_readers
    one_way = _f_ratio(ms.targets, ms.within, n - 1, n * (k - 1))
    consistency = _f_ratio(ms.targets, ms.residual, n - 1, (n - 1) * (k - 1))
    return {
        "ICC(1,1)": _single(one_way, k),
        "ICC(2,1)": _agreement(ms),
        "ICC(3,1)": _single(consistency, k),
        "ICC(1,k)": _average(one_way),
        "ICC(2,k)": _average_agreement(ms),
        "ICC(3,k)": _average(consistency),
    }


def _f_ratio(targets: float, error: float, between: int, within: int) -> FloatArray:
    """Return MSR over the error mean square with its limits: (value, low, high)."""
    if error == 0:
        return np.full(3, np.inf)
    ratio = targets / error
    low, high = ratio / _f975(between, within), ratio * _f975(within, between)
    return np.array([ratio, low, high])


def _single(ratio: FloatArray, k: int) -> Icc:
    if np.isinf(ratio[0]):
        return Icc(1.0, (1.0, 1.0))
    if ratio[0] == 0:
        return Icc(-1 / (k - 1), None, NO_INTERVAL)
    value, low, high = (float(x) for x in (ratio - 1) / (ratio + k - 1))
    return Icc(value, (low, high))


def _average(ratio: FloatArray) -> Icc:
    if ratio[0] == 0:
        return Icc(None, None, NO_SPREAD)
    value, low, high = (float(x) for x in 1 - 1 / ratio)
    return Icc(value, (low, high))


def _agreement(ms: MeanSquares) -> Icc:
    n, k = ms.n_targets, ms.n_readers
    of_readers = k * (ms.readers - ms.residual) / n
    value = (ms.targets - ms.residual) / (ms.targets + (k - 1) * ms.residual + of_readers)
    if ms.residual == 0 and ms.readers == 0:
        return Icc(1.0, (1.0, 1.0))
    limits = _agreement_limits(ms, value)
    return Icc(value, limits, None if limits else NO_INTERVAL)


def _agreement_limits(ms: MeanSquares, value: float) -> Interval | None:
    n, k = ms.n_targets, ms.n_readers
    # McGraw & Wong divide by MSE; multiplied out, readers that differ by a constant have limits.
    of_readers = k * value * ms.readers
    of_rest = (n * (1 + (k - 1) * value) - k * value) * ms.residual
    spread = (n - 1) * of_readers**2 + of_rest**2
    if spread == 0:
        return None
    degrees = (k - 1) * (n - 1) * (of_readers + of_rest) ** 2 / spread
    error = k * ms.readers + (k * n - k - n) * ms.residual
    low, high = _f975(n - 1, degrees), _f975(degrees, n - 1)
    if not np.isfinite([low, high]).all():
        return None
    return (
        n * (ms.targets - low * ms.residual) / (low * error + n * ms.targets),
        n * (high * ms.targets - ms.residual) / (error + n * high * ms.targets),
    )


def _average_agreement(ms: MeanSquares) -> Icc:
    n, k = ms.n_targets, ms.n_readers
    spread = ms.targets + (ms.readers - ms.residual) / n
    if ms.targets == 0 or spread <= 0:
        return Icc(None, None, NO_SPREAD)
    value = (ms.targets - ms.residual) / spread
    single = _agreement(ms).ci95
    # Spearman-Brown has a pole at -1/(k-1): a lower limit beyond it is no limit.
    if single is None or 1 + (k - 1) * single[0] <= 0:
        return Icc(value, None, NO_INTERVAL)
    low, high = (k * limit / (1 + (k - 1) * limit) for limit in single)
    return Icc(value, (low, high))


def _f975(between: float, within: float) -> float:
    """Return the 97.5 % quantile of F; the degrees of freedom need not be whole."""
    return float(fdtri(between, within, 0.975))
