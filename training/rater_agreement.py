"""Two raters of the same films beside each other: truth and model, model and reader, two readers.

One function for all of them, so that the model stands on the same scale as the readers do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inference.msasss import GRADES, total
from training import metrics
from training.resamples import Floats, Resamples, interval
from training.score_agreement import score_figures
from training.snapshot import SnapshotFilm

Ratings = Sequence[Mapping[str, int]]  # per film: grade by site
Scores = dict[str, list[tuple[str, int, float, float]]]  # scale -> patient, days, first, second


def agreement(
    films: Sequence[SnapshotFilm], first: Ratings, second: Ratings, resamples: Resamples
) -> dict[str, Any]:
    """Accuracy, quadratic kappa and scores of the corners that both raters graded.

    `first[i]` and `second[i]` belong to `films[i]`. Differences are second minus first.
    """
    corners = [
        (film.patient, one[site], two[site])
        for film, one, two in zip(films, first, second, strict=True)
        for site in one
        if site in two
    ]
    patients = [patient for patient, _, _ in corners]
    cells = cells_of([one for _, one, _ in corners], [two for _, _, two in corners])
    table, tables = cells.sum(axis=0), resamples.sums(cells, patients)
    return {
        "corners": len(corners),
        "patients": len(set(patients)),
        "confusion": table.astype(int).tolist(),
        "multiclass_accuracy": metrics.multiclass_accuracy(table),
        "accuracy_ci95": interval(metrics.accuracies(tables)),
        "kappa_quadratic": metrics.kappa(table),
        "kappa_ci95": interval(metrics.kappas(tables)),
        "scores": scale_figures(scores(films, first, second), resamples),
    }


def cells_of(first: Sequence[int], second: Sequence[int]) -> Floats:
    """Grades [n] of two raters -> [n, 4, 4], a one in each corner's cell."""
    size = len(GRADES)
    cells = np.zeros((len(first), size, size))
    cells[np.arange(len(first)), np.asarray(first, int), np.asarray(second, int)] = 1
    return cells


def scores(films: Sequence[SnapshotFilm], first: Ratings, second: Ratings) -> Scores:
    """Both raters' scores per patient and visit under R3, from the corners that both graded.

    A segment alone is a score of that segment (0-36) and never of the mSASSS (0-72).
    """
    visits: dict[tuple[str, int], tuple[dict[str, int | None], dict[str, int | None]]]
    visits = defaultdict(lambda: ({}, {}))
    for film, one, two in zip(films, first, second, strict=True):
        of_one, of_two = visits[film.patient, film.visit_days]
        for site in one.keys() & two.keys():
            of_one[site], of_two[site] = one[site], two[site]
    found: Scores = {"mSASSS": [], "cervical": [], "lumbar": []}
    for (patient, days), both in sorted(visits.items()):
        a, b = (total(grades) for grades in both)
        for scale, x, y in (
            ("mSASSS", a.total, b.total),
            ("cervical", a.cervical, b.cervical),
            ("lumbar", a.lumbar, b.lumbar),
        ):
            if x is not None and y is not None:
                found[scale].append((patient, days, x, y))
    return found


def scale_figures(found: Scores, resamples: Resamples) -> dict[str, Any]:
    """`score_figures` of every scale and, under `change`, of the patients' first to last visit."""
    figures = {}
    for scale, rows in found.items():
        moved = changes(rows)
        figures[scale] = score_figures(
            [x for *_, x, _ in rows], [y for *_, y in rows], [p for p, *_ in rows], resamples
        ) | {
            "change": score_figures(
                [x for _, x, _ in moved], [y for *_, y in moved], [p for p, *_ in moved], resamples
            )
        }
    return figures


def changes(rows: Sequence[tuple[str, int, float, float]]) -> list[tuple[str, float, float]]:
    """Per patient with two scored visits or more: last minus first score of both raters."""
    of_patient: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
    for patient, days, x, y in rows:
        of_patient[patient].append((days, x, y))
    moved = []
    for patient, visits in of_patient.items():
        (_, x0, y0), (_, x1, y1) = min(visits), max(visits)
        if len(visits) > 1:
            moved.append((patient, x1 - x0, y1 - y0))
    return moved
