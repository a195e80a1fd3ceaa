"""The whole report on a grader: what the models page, the gate and `evaluate --json` show.

Table 1 and Table 2 as in Koo et al. 2022, everything with patient-cluster intervals, and the model
against truth and against each reader beside the readers against each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from inference.msasss import GRADES, SITE, likeliest
from training import metrics
from training.evaluation import Probabilities, consensus, grade_figures
from training.rater_agreement import Ratings, agreement, cells_of, changes, scale_figures, scores
from training.reliability import reliability
from training.resamples import REPLICATES, SEED, Floats, Resamples, draw, interval
from training.snapshot import SnapshotFilm

Corner = tuple[SnapshotFilm, str, int, list[float]]  # film, site, true grade, probabilities
_NAMED: dict[str, Callable[[SnapshotFilm, str], str]] = {
    "level": lambda _, site: SITE[site].disc,
    "centre": lambda film, _: film.centre,
    "scanner": lambda film, _: film.scanner or "?",
    "device": lambda film, _: film.device or "?",
}


def grade_report(
    films: Sequence[SnapshotFilm],
    predicted: Sequence[Probabilities],
    uncalibrated: Sequence[Probabilities] | None = None,
) -> dict[str, Any]:
    """`training.evaluation.grade_figures` and all that belongs beside it.

    `predicted[i]` belongs to `films[i]`; `uncalibrated` are the probabilities before calibration.
    """
    resamples = draw([film.patient for film in films])
    figures = grade_figures(films, predicted)
    table = np.asarray(figures["confusion"], float)
    corners = list(graded(films, predicted))
    cells = cells_of(*_grades(corners))
    tables = resamples.sums(cells, [film.patient for film, *_ in corners])
    truth, model = truth_of(films), given_grades(predicted)
    return figures | {
        "resamples": {"replicates": REPLICATES, "seed": SEED, "patients": len(resamples.patient)},
        "ci95": _intervals(tables),
        "per_grade": _table_2(table, tables),
        "confusion_pairs": metrics.confused_pairs(table),
        "scores": scale_figures(scores(films, truth, model), resamples),
        "strata": {kind: _strata(corners, name, resamples) for kind, name in _NAMED.items()},
        "readers": _beside_readers(films, truth, model, resamples),
        "calibration": {
            "before": _reliability(films, uncalibrated, resamples) if uncalibrated else None,
            "after": _reliability(films, predicted, resamples),
        },
        "per_patient": _per_patient(films, truth, model),
    }


def graded(films: Sequence[SnapshotFilm], predicted: Sequence[Probabilities]) -> list[Corner]:
    """Every corner with a true grade and a prediction."""
    return [
        (film, site, grade, list(shares[site]))
        for film, shares in zip(films, predicted, strict=True)
        for site, votes in film.corners.items()
        if (grade := consensus(votes)) is not None and site in shares
    ]


def truth_of(films: Sequence[SnapshotFilm]) -> Ratings:
    """The grade that holds of every graded corner."""
    return [
        {site: g for site, votes in film.corners.items() if (g := consensus(votes)) is not None}
        for film in films
    ]


def given_grades(predicted: Sequence[Probabilities]) -> Ratings:
    """The grade that each corner's probabilities stand for."""
    return [{site: likeliest(p) for site, p in shares.items()} for shares in predicted]


def _grades(corners: Sequence[Corner]) -> tuple[list[int], list[int]]:
    return [grade for _, _, grade, _ in corners], [likeliest(p) for *_, p in corners]


def _intervals(tables: Floats) -> dict[str, Any]:
    """Limits of the figures that the abstract of a paper gives."""
    shares = metrics.one_vs_rest(tables)
    return {
        "multiclass_accuracy": interval(metrics.accuracies(tables)),
        "kappa_quadratic": interval(metrics.kappas(tables)),
        # As in `metrics.PerGrade`: no mean where a grade has no figure
        "mean": {name: interval(values.mean(axis=-1)) for name, values in shares.items()},
    }


def _table_2(table: Floats, tables: Floats) -> list[dict[str, Any]]:
    """Per grade the four counts, the figures and their limits."""
    one, drawn = metrics.per_grade(table), metrics.one_vs_rest(tables)
    rows = []
    for grade in GRADES:
        tp = int(table[grade, grade])
        fn, fp = int(table[grade].sum()) - tp, int(table[:, grade].sum()) - tp
        counts = {"tp": tp, "tn": int(table.sum()) - tp - fn - fp, "fp": fp, "fn": fn}
        figures = {name: getattr(one[grade], name) for name in drawn}
        limits = {name: interval(values[:, grade]) for name, values in drawn.items()}
        rows.append({"grade": grade, **counts, **figures, "ci95": limits})
    return rows


def _strata(
    corners: Sequence[Corner], name: Callable[[SnapshotFilm, str], str], resamples: Resamples
) -> list[dict[str, Any]]:
    """The model against truth in each level, centre, scanner or device, in order of appearance."""
    groups: dict[str, list[Corner]] = defaultdict(list)
    for corner in corners:
        groups[name(corner[0], corner[1])].append(corner)
    rows = []
    for group, held in groups.items():
        patients = [film.patient for film, *_ in held]
        actual, guessed = _grades(held)
        cells = cells_of(actual, guessed)
        table, tables = cells.sum(axis=0), resamples.sums(cells, patients)
        rows.append(
            {
                "name": group,
                "corners": len(held),
                "patients": len(set(patients)),
                "multiclass_accuracy": metrics.multiclass_accuracy(table),
                "accuracy_ci95": interval(metrics.accuracies(tables)),
                "kappa_quadratic": metrics.kappa(table),
                "kappa_ci95": interval(metrics.kappas(tables)),
                "sensitivity": [g.sensitivity for g in metrics.per_grade(table)],
                "bias": float(np.mean(np.subtract(guessed, actual))),
            }
        )
    return rows


def _beside_readers(
    films: Sequence[SnapshotFilm], truth: Ratings, model: Ratings, resamples: Resamples
) -> dict[str, Any]:
    """Model against truth and each reader, and each two readers, in the same figures."""
    names = sorted({reader for film in films for reader in film.reads})
    reads: dict[str, Ratings] = {
        name: [film.reads.get(name, {}) for film in films] for name in names
    }

    def row(first: str, one: Ratings, second: str, two: Ratings) -> dict[str, Any]:
        return {"raters": [first, second], **agreement(films, one, two, resamples)}

    return {
        "model": [row("truth", truth, "model", model)]
        + [row(name, reads[name], "model", model) for name in names],
        "readers": [row(a, reads[a], b, reads[b]) for a, b in combinations(names, 2)],
    }


def _reliability(
    films: Sequence[SnapshotFilm], predicted: Sequence[Probabilities], resamples: Resamples
) -> dict[str, Any]:
    corners = graded(films, predicted)
    shares = np.array([p for *_, p in corners], float).reshape(-1, len(GRADES))
    patients = [film.patient for film, *_ in corners]
    return reliability(shares, [grade for _, _, grade, _ in corners], patients, resamples)


def _per_patient(
    films: Sequence[SnapshotFilm], truth: Ratings, model: Ratings
) -> list[dict[str, Any]]:
    """Per patient and scale: both scores at every visit, and how far each moved."""
    rows = []
    for scale, found in scores(films, truth, model).items():
        moved = {patient: (x, y) for patient, x, y in changes(found)}
        visits: Mapping[str, list[list[float]]] = defaultdict(list)
        for patient, days, x, y in found:
            visits[patient].append([days, x, y])
        rows += [
            {
                "patient": patient,
                "scale": scale,
                "visits": held,  # days, truth, model
                "change": list(moved[patient]) if patient in moved else None,
            }
            for patient, held in visits.items()
        ]
    return rows
