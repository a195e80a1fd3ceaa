"""What a candidate is worth on the frozen test patients; the same figures for every model."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.corner_regions import DiscPoints, disc_spacing
from inference.msasss import likeliest
from training import metrics
from training.snapshot import SnapshotFilm

Probabilities = Mapping[str, Sequence[float]]  # site code -> p0..p3


def consensus(votes: Sequence[float]) -> int | None:
    """The grade with most votes, the lower one of a tie; None without votes."""
    return int(np.argmax(votes)) if sum(votes) else None


def grade_figures(
    films: Sequence[SnapshotFilm], predicted: Sequence[Probabilities]
) -> dict[str, Any]:
    """Confusion, per-grade figures, kappa and the bias of totals over the graded corners.

    `predicted[i]` belongs to `films[i]`. A total is the sum over the corners graded on both
    sides, per patient and visit; `bias_of_expected` takes the expected grade. A corner that two
    films of one visit show counts twice in the table and once in the total, by the later film.
    """
    actual, guessed = [], []
    visits: dict[tuple[str, int], dict[str, tuple[float, float, float]]] = defaultdict(dict)
    for film, probabilities in zip(films, predicted, strict=True):
        for site, votes in film.corners.items():
            truth = consensus(votes)
            if truth is None or site not in probabilities:
                continue
            guess = likeliest(probabilities[site])
            expected = float(np.asarray(probabilities[site], float) @ np.arange(4))
            actual.append(truth)
            guessed.append(guess)
            visits[film.patient, film.visit_days][site] = (truth, guess, expected)
    table = metrics.confusion(actual, guessed)
    figures = metrics.per_grade(table)
    return {
        "films": len(films),
        "corners": len(actual),
        "patients": len({patient for patient, _ in visits}),
        "confusion": table.tolist(),
        "per_grade": [asdict(grade) for grade in figures],
        "mean": asdict(figures.mean),
        "multiclass_accuracy": metrics.multiclass_accuracy(table),
        "kappa_quadratic": metrics.kappa(table),
        "total": _total_figures(
            [np.sum(list(sites.values()), axis=0) for sites in visits.values()]
        ),
    }


def _total_figures(sums: Sequence[npt.NDArray[np.float64]]) -> dict[str, Any]:
    """Figures of the totals of visits, each true, predicted and expected."""
    if not sums:
        return {"n": 0}
    truth, guess, mean = np.array(sums).T
    error = metrics.totals(truth, guess)
    return {
        "n": error.n,
        "bias": error.bias,
        "mae": error.mae,
        "false_total": error.false_total,
        "bias_of_expected": float((mean - truth).mean()),
    }


def point_errors(film: SnapshotFilm, found: Mapping[str, DiscPoints]) -> list[dict[str, float]]:
    """Per disc: distances in film pixels and in S, how many levels the centre is off, and whether
    the truth is a model's own point (1 or 0)."""
    truth = film.discs
    spacing = disc_spacing(truth)
    names = list(truth)
    errors = []
    for disc, points in truth.items():
        if disc not in found:
            continue
        nearest = min(names, key=lambda other: math.dist(found[disc].center, truth[other].center))
        center = math.dist(points.center, found[disc].center)
        anterior = math.dist(points.anterior, found[disc].anterior)
        errors.append(
            {
                "center_px": center,
                "anterior_px": anterior,
                "center_s": center / spacing,
                "anterior_s": anterior / spacing,
                "levels_off": float(abs(names.index(nearest) - names.index(disc))),
                "by_model": float(disc in film.by_model),
            }
        )
    return errors


def point_figures(
    films: Sequence[SnapshotFilm], found: Sequence[Mapping[str, DiscPoints]]
) -> dict[str, Any]:
    """Key point errors over discs: millimetres where the spacing is known, and S everywhere.

    Of `discs_by_model` the truth is a model's own point that no reader moved: a network like that
    one looks better on them than it is. `within_2_mm_by_readers` is of the others alone.
    """
    errors = [
        (error, film.spacing_mm or math.nan)
        for film, discs in zip(films, found, strict=True)
        for error in point_errors(film, discs)
    ]
    if not errors:
        return {"discs": 0}
    spacing = np.array([mm for _, mm in errors])
    worse = np.array([max(e["center_px"], e["anterior_px"]) for e, _ in errors]) * spacing
    near = np.where(np.isfinite(worse), worse <= 2.0, math.nan)
    by_model = np.array([e["by_model"] for e, _ in errors], bool)
    both_s = np.array([[e["center_s"], e["anterior_s"]] for e, _ in errors])
    both_mm = np.array([[e["center_px"], e["anterior_px"]] for e, _ in errors]) * spacing[:, None]
    return {
        "films": len(films),
        "discs": len(errors),
        "mean_error_mm": _mean(both_mm),
        "median_error_mm": float(np.nanmedian(both_mm)) if np.isfinite(both_mm).any() else None,
        "mean_error_in_disc_spacings": _mean(both_s),
        "within_2_mm": _mean(near),
        "discs_by_model": int(by_model.sum()),
        "within_2_mm_by_readers": _mean(near[~by_model]),
        "off_by_a_level": float(np.mean([e["levels_off"] > 0 for e, _ in errors])),
    }


def _mean(values: npt.NDArray[np.float64]) -> float | None:
    return float(np.nanmean(values)) if np.isfinite(values).any() else None
