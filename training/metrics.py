"""How well predicted grades and totals meet the actual ones. numpy only.

Two things are both called accuracy in the literature and are kept apart here: the one-vs-rest
accuracy of a grade counts every true negative (its mean over the grades is the 0.916 of Koo et
al. 2022, Table 2), the multiclass accuracy is the share of corners graded right (0.832 for the
same table). A figure without a denominator is None, never 0 and never NaN.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from inference.msasss import GRADES

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Weights = Literal["none", "linear", "quadratic"] | npt.NDArray[np.generic]

Z95 = 1.96
"""Half width of 95 % limits in standard deviations, rounded as in Bland & Altman 1986."""


@dataclass(frozen=True)
class GradeFigures:
    """Figures of one grade against all others, or their means over the grades (0-1)."""

    sensitivity: float | None
    specificity: float | None
    ppv: float | None
    npv: float | None
    f1: float | None
    accuracy_ovr: float | None


@dataclass(frozen=True)
class PerGrade:
    """Figures per grade, `figures[2].sensitivity`, and their unweighted means in `mean`.

    A mean is None as soon as one grade has no figure: leaving that grade out would reward a
    model that never predicts it.
    """

    grades: tuple[GradeFigures, ...]
    mean: GradeFigures

    def __getitem__(self, grade: int) -> GradeFigures:
        return self.grades[grade]

    def __iter__(self) -> Iterator[GradeFigures]:
        return iter(self.grades)


@dataclass(frozen=True)
class TotalError:
    """Predicted minus actual totals, in mSASSS units.

    `limits` are bias +- 1.96 SD; `false_total` is the mean predicted total of the films whose
    actual total is 0, the error that a high ICC hides best.
    """

    n: int
    bias: float
    mae: float
    sd: float | None
    limits: tuple[float, float] | None
    false_total: float | None


def confusion(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> IntArray:
    """Count grades into a table [4, 4], rows actual, columns predicted.

    Both arguments are flat and of one length; a corner that is None or NaN on either side is
    left out. Raises ValueError for other shapes and for values that are no grade.
    """
    rows = np.asarray(actual, dtype=np.float64)
    columns = np.asarray(predicted, dtype=np.float64)
    if rows.ndim != 1 or rows.shape != columns.shape:
        raise ValueError(f"Give two flat lists of one length, not {rows.shape}, {columns.shape}.")
    both = ~(np.isnan(rows) | np.isnan(columns))
    rows, columns = rows[both], columns[both]
    if not np.isin(np.concatenate([rows, columns]), GRADES).all():
        raise ValueError("A grade must be 0, 1, 2 or 3; leave a missing corner as None.")
    size = len(GRADES)
    cells = np.bincount((rows * size + columns).astype(np.int64), minlength=size * size)
    return cells.reshape(size, size).astype(np.int64)


def per_grade(confusion: npt.ArrayLike) -> PerGrade:
    """Return sensitivity, specificity, PPV, NPV, F1 and one-vs-rest accuracy of each grade.

    `confusion` is a square table of counts, rows actual. Raises ValueError for anything else.
    """
    shares = one_vs_rest(_counts(confusion))
    grades = [
        GradeFigures(**{name: _number(values[grade]) for name, values in shares.items()})
        for grade in range(len(np.asarray(confusion)))
    ]
    return PerGrade(tuple(grades), _mean_figures(grades))


def one_vs_rest(tables: FloatArray) -> dict[str, FloatArray]:
    """The figures of `GradeFigures` [..., grades] of tables [..., grades, grades]; NaN: none."""
    n = tables.sum(axis=(-2, -1))[..., None]
    tp = np.diagonal(tables, axis1=-2, axis2=-1)
    fn, fp = tables.sum(axis=-1) - tp, tables.sum(axis=-2) - tp
    tn = n - tp - fn - fp
    return {
        "sensitivity": _shares(tp, tp + fn),
        "specificity": _shares(tn, tn + fp),
        "ppv": _shares(tp, tp + fp),
        "npv": _shares(tn, tn + fn),
        "f1": _shares(2 * tp, 2 * tp + fp + fn),
        "accuracy_ovr": _shares(tp + tn, n),
    }


def multiclass_accuracy(confusion: npt.ArrayLike) -> float | None:
    """Return the share of corners on the diagonal, None for an empty table."""
    return _number(accuracies(_counts(confusion)))


def accuracies(tables: FloatArray) -> FloatArray:
    """Multiclass accuracy [...] of tables [..., grades, grades]; NaN for an empty one."""
    return _shares(np.trace(tables, axis1=-2, axis2=-1), tables.sum(axis=(-2, -1)))


def kappa(confusion: npt.ArrayLike, weights: Weights = "quadratic") -> float | None:
    """Return Cohen's (weighted) kappa of a square table of counts.

    Weights are disagreement weights by *grade*, so that a grade nobody used still counts as a
    step: linear |i-j|, quadratic (i-j)^2, none (any difference 1), or a square array of one's
    own. None when both raters used one and the same grade throughout: without variation there is
    no chance to correct for. Source: Cohen, Psychol Bull 1968;70:213.
    """
    return _number(kappas(_counts(confusion), weights))


def kappas(tables: FloatArray, weights: Weights = "quadratic") -> FloatArray:
    """`kappa` [...] of tables [..., grades, grades]; NaN where it is undefined."""
    weight = _disagreement(weights, tables.shape[-1])
    rows, columns = tables.sum(axis=-1), tables.sum(axis=-2)
    by_chance = _shares(
        np.einsum("...i,ij,...j->...", rows, weight, columns), tables.sum(axis=(-2, -1))
    )
    return 1 - _shares((weight * tables).sum(axis=(-2, -1)), by_chance)


def confused_pairs(confusion: npt.ArrayLike) -> list[dict[str, Any]]:
    """Return every pair of grades with its errors, most frequent first.

    Per pair: `a_as_b` and `b_as_a` (corners), `share_of_errors`, `share_of_corners`, and `rate`:
    errors among the corners that truly have one of the two grades.
    """
    table = _counts(confusion)
    errors, n = float(table.sum() - np.trace(table)), float(table.sum())
    pairs = []
    for a, b in combinations(range(len(table)), 2):
        both = float(table[a, b] + table[b, a])
        pairs.append(
            {
                "pair": [a, b],
                "a_as_b": int(table[a, b]),
                "b_as_a": int(table[b, a]),
                "share_of_errors": _share(both, errors),
                "share_of_corners": _share(both, n),
                "rate": _share(both, float(table[[a, b]].sum())),
            }
        )
    return sorted(pairs, key=lambda pair: -pair["a_as_b"] - pair["b_as_a"])


def totals(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> TotalError:
    """Compare predicted with actual totals (two flat arrays, one entry per film or patient).

    Raises ValueError when they are empty, differ in length or hold a total that is not scored.
    """
    truth = np.asarray(actual, dtype=np.float64)
    guess = np.asarray(predicted, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != guess.shape or truth.size == 0:
        raise ValueError(f"Give two flat lists of one length, not {truth.shape}, {guess.shape}.")
    if not (np.isfinite(truth).all() and np.isfinite(guess).all()):
        raise ValueError("Leave out films whose total is not scored before comparing totals.")
    difference = guess - truth
    bias = float(difference.mean())
    sd = float(difference.std(ddof=1)) if difference.size > 1 else None
    zero = guess[truth == 0]
    return TotalError(
        n=int(difference.size),
        bias=bias,
        mae=float(np.abs(difference).mean()),
        sd=sd,
        limits=None if sd is None else (bias - Z95 * sd, bias + Z95 * sd),
        false_total=float(zero.mean()) if zero.size else None,
    )


def _counts(confusion: npt.ArrayLike) -> FloatArray:
    table = np.asarray(confusion, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise ValueError(f"A confusion table is square, rows actual; this one is {table.shape}.")
    if not np.isfinite(table).all() or (table < 0).any():
        raise ValueError("A confusion table holds counts: finite and not negative.")
    return table


def _disagreement(weights: Weights, size: int) -> FloatArray:
    if not isinstance(weights, str):
        own = np.asarray(weights, dtype=np.float64)
        if own.shape != (size, size):
            raise ValueError(f"The weights must be {size} x {size}, not {own.shape}.")
        return own
    step = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(np.float64)
    if weights == "none":
        return (step > 0).astype(np.float64)
    if weights not in ("linear", "quadratic"):
        raise ValueError(f"Weights are none, linear, quadratic or a table, not {weights!r}.")
    return step if weights == "linear" else step**2


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def _shares(part: FloatArray, whole: FloatArray) -> FloatArray:
    """part / whole, NaN where there is no denominator."""
    part, whole = np.broadcast_arrays(part, whole)
    shares: FloatArray = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0)
    return shares


def _number(value: npt.ArrayLike) -> float | None:
    return float(value) if np.isfinite(value) else None  # type: ignore[arg-type]


def _mean_figures(grades: list[GradeFigures]) -> GradeFigures:
    def mean(name: str) -> float | None:
        values = [getattr(figures, name) for figures in grades]
        return None if None in values else float(np.mean(values))

    return GradeFigures(**{name: mean(name) for name in GradeFigures.__dataclass_fields__})
