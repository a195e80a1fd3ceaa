"""The gate: a candidate and the serving model on the same test patients, under the same draws.

The interval is of the difference, resampled by patient and paired: narrower and more honest than
two intervals side by side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from inference.corner_regions import DiscPoints
from inference.msasss import GRADES, likeliest
from training import metrics
from training.evaluation import Probabilities, point_errors
from training.grade_report import graded
from training.rater_agreement import cells_of
from training.resamples import REPLICATES, SEED, Floats, Resamples, draw, interval
from training.snapshot import SnapshotFilm

MARGIN = 0.02
"""Of quadratic kappa, or of the share of discs within 2 mm, that a candidate may lose and still
count as not worse: our choice, a third of what two trained readers differ by."""

Better = Literal["higher", "lower"]
Drawn = dict[str, tuple[float, Floats]]  # figure -> value, its resamples

_UNITS = {"bias", "mean_error_mm"}  # figures that are no share of anything

_VERDICTS = {
    "better": "is better than",
    "worse": "is worse than",
    "not_worse": "is not worse than",
    "open": "cannot be told from",
    "unknown": "cannot be compared with",
}


def compared_grades(
    films: Sequence[SnapshotFilm],
    candidate: Sequence[Probabilities],
    serving: Sequence[Probabilities],
) -> dict[str, Any]:
    """Differences candidate minus serving over the corners that both graded, and the verdict.

    `bias` is predicted minus true, in units per film; what counts is its distance from 0.
    """
    resamples = draw([film.patient for film in films])
    one, other = (
        _grade_figures(films, _restricted(mine, theirs), resamples)
        for mine, theirs in ((candidate, serving), (serving, candidate))
    )
    return _comparison(one, other, "kappa_quadratic", {"bias": "lower"}, resamples)


def compared_points(
    films: Sequence[SnapshotFilm],
    candidate: Sequence[Mapping[str, DiscPoints]],
    serving: Sequence[Mapping[str, DiscPoints]],
) -> dict[str, Any]:
    """The same for disc points; `films` without a spacing in millimetres do not count."""
    films_mm = [(i, film) for i, film in enumerate(films) if film.spacing_mm]
    resamples = draw([film.patient for _, film in films_mm])
    one, other = (
        _point_figures([(film, found[i]) for i, film in films_mm], resamples)
        for found in (candidate, serving)
    )
    lower: dict[str, Better] = {"mean_error_mm": "lower", "off_by_a_level": "lower"}
    return _comparison(one, other, "within_2_mm", lower, resamples)


def _restricted(
    mine: Sequence[Probabilities], theirs: Sequence[Probabilities]
) -> list[Probabilities]:
    return [
        {site: shares for site, shares in one.items() if site in other}
        for one, other in zip(mine, theirs, strict=True)
    ]


def _grade_figures(
    films: Sequence[SnapshotFilm], predicted: Sequence[Probabilities], resamples: Resamples
) -> Drawn:
    corners = graded(films, predicted)
    patients = [film.patient for film, *_ in corners]
    actual = [grade for _, _, grade, _ in corners]
    guessed = [likeliest(p) for *_, p in corners]
    cells = cells_of(actual, guessed)
    wrong = np.subtract(guessed, actual).astype(float)
    shown = {film.film: film.patient for film, *_ in corners}
    of_films = resamples.sums(np.ones(len(shown)), list(shown.values()))
    # The value itself is the figure of the sample as it is: one more row above the resamples
    tables = np.concatenate([cells.sum(axis=0)[None], resamples.sums(cells, patients)])
    bias = np.concatenate([[wrong.sum()], resamples.sums(wrong, patients)]) / np.maximum(
        np.concatenate([[len(shown)], of_films]), 1
    )
    shares = metrics.one_vs_rest(tables)
    columns = {
        "kappa_quadratic": metrics.kappas(tables),
        "multiclass_accuracy": metrics.accuracies(tables),
        "mean.accuracy_ovr": shares["accuracy_ovr"].mean(axis=-1),
        "mean.sensitivity": shares["sensitivity"].mean(axis=-1),
        **{f"sensitivity.{grade}": shares["sensitivity"][:, grade] for grade in GRADES},
        "bias": bias,
    }
    return {name: (float(values[0]), values[1:]) for name, values in columns.items()}


def _point_figures(
    found: Sequence[tuple[SnapshotFilm, Mapping[str, DiscPoints]]], resamples: Resamples
) -> Drawn:
    rows, patients = [], []
    for film, discs in found:
        for error in point_errors(film, discs):
            worse = max(error["center_px"], error["anterior_px"]) * (film.spacing_mm or math.nan)
            rows.append([1.0, worse <= 2.0, worse, error["levels_off"] > 0])
            patients.append(film.patient)
    table = np.array(rows, float).reshape(-1, 4)
    sums = np.concatenate([table.sum(axis=0)[None], resamples.sums(table, patients)])
    names = ("within_2_mm", "mean_error_mm", "off_by_a_level")
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums[:, 1:] / sums[:, :1]
    return {name: (float(means[0, i]), means[1:, i]) for i, name in enumerate(names)}


def _comparison(
    one: Drawn, other: Drawn, decisive: str, better: Mapping[str, Better], resamples: Resamples
) -> dict[str, Any]:
    patients = len(resamples.patient)
    equal = all(np.array_equal(one[name][1], other[name][1], equal_nan=True) for name in one)
    figures = [_difference(name, one[name], other[name], better, patients, equal) for name in one]
    judged = next(figure for figure in figures if figure["name"] == decisive)
    verdict = _verdict(judged)
    return {
        "figures": figures,
        "decisive": decisive,
        "margin": MARGIN,
        "verdict": verdict,
        "sentence": _sentence(verdict, judged, patients),
        "patients": patients,
        "replicates": REPLICATES,
        "seed": SEED,
    }


def _difference(
    name: str,
    mine: tuple[float, Floats],
    theirs: tuple[float, Floats],
    better: Mapping[str, Better],
    patients: int,
    equal: bool,
) -> dict[str, Any]:
    (value, drawn), (their_value, their_drawn) = mine, theirs
    apart, drawn_apart = value - their_value, drawn - their_drawn
    if name == "bias":
        apart, drawn_apart = abs(value) - abs(their_value), np.abs(drawn) - np.abs(their_drawn)
    limits = interval(drawn_apart)
    if patients > 1 and limits is None and (drawn_apart == 0).all():
        limits = [0.0, 0.0] if equal else _of_none_seen(name, patients)
    return {
        "name": name,
        "better": better.get(name, "higher"),
        "candidate": _number(value),
        "candidate_ci95": interval(drawn),
        "serving": _number(their_value),
        "difference": _number(apart),
        "ci95": limits,
    }


def _of_none_seen(name: str, patients: int) -> list[float] | None:
    """The interval of a share in which two different models agreed on every patient.

    No resample moves such a share, yet few patients prove little: with 95 % confidence at most
    1 - 0.05^(1/n) of all patients would tell the two apart (Hanley and Lippman-Hand, JAMA 1983).
    """
    if name in _UNITS:
        return None
    most = float(1 - 0.05 ** (1 / patients))
    return [-most, most]


def _verdict(judged: Mapping[str, Any]) -> str:
    if judged["ci95"] is None:
        return "unknown"
    low, high = judged["ci95"]
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "not_worse" if low >= -MARGIN else "open"


def _sentence(verdict: str, judged: Mapping[str, Any], patients: int) -> str:
    told = f"The candidate {_VERDICTS[verdict]} the serving model"
    if judged["ci95"] is None:
        return f"{told}: no interval comes from {patients} test patient(s). Read more test films."
    low, high = judged["ci95"]
    return (
        f"{told} on {patients} test patients: {judged['name'].replace('_', ' ')} "
        f"{judged['candidate']:.3f} against {judged['serving']:.3f}, difference "
        f"{judged['difference']:+.3f} (95 % {low:+.3f} to {high:+.3f})."
    )


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
