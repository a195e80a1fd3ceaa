"""How well the shipped weights grade phantom patients that no training saw; prints one JSON.

The whole chain: film -> key points found by the network -> crops -> grades. Beside it stand a
synthetic reader (calibrated to the agreement of trained readers) on the same films and the
figures that Koo et al. 2022 print for their own films. Phantoms are easier than patients: the
figures prove the chain, not its use on anybody.

    python -m benchmarks.accuracy --patients 300 --visits 2 > benchmarks/results/accuracy.json
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from annotation.services.agreement import icc
from inference.msasss import total
from inference.predict import CORNER_GRADES_FILE, KEY_POINTS_FILE, STARTER, FilmPrediction, Grader
from training.evaluation import consensus, grade_figures, point_figures
from training.phantom import PhantomFilm, generate, readers
from training.phantom_snapshot import manifest_entry
from training.snapshot import SnapshotFilm, film_of

SEED = 900  # of nobody else: the starter trains on 101-104
PAPER = {
    "source": "Koo et al. 2022, Tables 1 and 2, on its own films",
    "mean": {"accuracy_ovr": 0.91604, "sensitivity": 0.80288, "specificity": 0.94244},
    "multiclass_accuracy": 0.832082,
    "kappa_quadratic": 0.900367,
    "sensitivity_of_grade_2": 0.63869,
}
Grades = Mapping[str, int | None]
Visit = tuple[str, int]


def main() -> None:
    """Grade, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--visits", type=int, default=2)
    parser.add_argument("--preset", default="clinic")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--scale", type=float, default=0.5)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--weights", type=Path, default=STARTER)
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    cv2.setNumThreads(1)
    weights = [asked.weights / name for name in (KEY_POINTS_FILE, CORNER_GRADES_FILE)]
    grader = Grader.from_files(*weights)
    films, predictions, human = [], [], []
    started = time.monotonic()
    for film in generate(asked.patients, asked.visits, asked.preset, asked.seed, asked.scale):
        films.append(film_of(Path(), manifest_entry(film, "test")))
        predictions.append(grader.grade_film(film.bone_bright, film.region))
        human.append(_read(film))
        if len(films) % 100 == 0:
            print(f"{len(films)} films, {time.monotonic() - started:.0f} s", file=sys.stderr)
    result = {
        "phantom": {
            k: getattr(asked, k) for k in ("patients", "visits", "preset", "seed", "scale")
        },
        "model": _figures(films, predictions),
        "synthetic_reader": _grades_and_totals(films, human),
        "reference": PAPER,
    }
    print(json.dumps(_rounded(result), indent=1))


def _read(film: PhantomFilm) -> dict[str, list[float]]:
    grades = readers.read(film.corners, 7, film=film.file)
    return {
        site: [float(grade == g) for g in range(4)]
        for site, grade in grades.items()
        if grade is not None
    }


def _figures(
    films: Sequence[SnapshotFilm], predictions: Sequence[FilmPrediction]
) -> dict[str, Any]:
    probabilities = [prediction.corners for prediction in predictions]
    found = [prediction.discs for prediction in predictions]
    doubted = [p.reason for p in predictions if not p.plausible]
    trusted = [(f, p.discs) for f, p in zip(films, predictions, strict=True) if p.plausible]
    by_scanner = {
        scanner: grade_figures(*_where(films, probabilities, scanner))["multiclass_accuracy"]
        for scanner in sorted({film.scanner for film in films})
    }
    return {
        **_grades_and_totals(films, probabilities),
        "multiclass_accuracy_by_scanner": by_scanner,
        "key_points": point_figures(films, found),
        "key_points_of_plausible_films": point_figures(*zip(*trusted, strict=True))
        if trusted
        else None,
        "implausible_films": len(doubted),
        "implausible_reasons": sorted(set(doubted), key=str)[:10],
    }


def _where(
    films: Sequence[SnapshotFilm], probabilities: Sequence[Mapping[str, Any]], scanner: str
) -> tuple[list[SnapshotFilm], list[Mapping[str, Any]]]:
    kept = [i for i, film in enumerate(films) if film.scanner == scanner]
    return [films[i] for i in kept], [probabilities[i] for i in kept]


def _grades_and_totals(
    films: Sequence[SnapshotFilm], probabilities: Sequence[Mapping[str, Sequence[float]]]
) -> dict[str, Any]:
    """Corner figures, and the mSASSS with its change, both under the rule R3."""
    truth: dict[Visit, dict[str, int | None]] = defaultdict(dict)
    guess: dict[Visit, dict[str, int | None]] = defaultdict(dict)
    for film, shares in zip(films, probabilities, strict=True):
        visit = (film.patient, film.visit_days)
        for site, votes in film.corners.items():
            truth[visit][site] = consensus(votes)
            guess[visit][site] = int(np.argmax(shares[site])) if site in shares else None
    pairs = {
        visit: (actual, predicted)
        for visit in truth
        if (actual := total(truth[visit]).total) is not None
        and (predicted := total(guess[visit]).total) is not None
    }
    changes = _changes(pairs)
    return {
        **grade_figures(films, probabilities),
        "msasss": _agreement(list(pairs.values())),
        "msasss_change": _agreement(changes),
    }


def _changes(pairs: Mapping[Visit, tuple[float, float]]) -> list[tuple[float, float]]:
    by_patient: dict[str, list[tuple[int, tuple[float, float]]]] = defaultdict(list)
    for (patient, days), both in pairs.items():
        by_patient[patient].append((days, both))
    found = []
    for visits in by_patient.values():
        visits.sort()
        if len(visits) > 1:
            (_, first), (_, last) = visits[0], visits[-1]
            found.append((last[0] - first[0], last[1] - first[1]))
    return found


def _agreement(pairs: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """ICC(2,1), bias and limits of (actual, predicted) scores, in units."""
    if len(pairs) < 3:
        return {"n": len(pairs)}
    both = np.array(pairs)
    difference = both[:, 1] - both[:, 0]
    spread = 1.96 * float(difference.std(ddof=1))
    zero = both[both[:, 0] == 0]
    bias = float(difference.mean())
    return {
        "n": len(pairs),
        "icc_2_1": asdict(icc(both)["ICC(2,1)"]),
        "mean_actual": float(both[:, 0].mean()),
        "bias": bias,
        "limits_of_agreement": [bias - spread, bias + spread],
        "mean_predicted_where_actual_is_zero": float(zero[:, 1].mean()) if len(zero) else None,
    }


def _rounded(value: Any) -> Any:
    """Four decimals: more would claim a precision that the sample does not have."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(entry) for entry in value]
    return value


if __name__ == "__main__":
    main()
