"""Part of `benchmarks.accuracy`: both recipes on the same small work, and one vendor for another.

At the scale of two cores and minutes: ResNet-18 instead of 152 and 50, crops of 96 pixels, from
scratch instead of from ImageNet, 2,400 crops seen. What makes the recipes what they are is kept:
batch 3, equal numbers of every grade in rotation, CLAHE, a constant rate and no calibration of the
one; ordinal outputs, soft labels, natural prevalence, averaging and calibration of the other.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.accuracy_grades import Floats
from inference.corner_grades import Calibration, log_probabilities
from inference.corner_regions import LEVELS
from inference.msasss import likeliest
from training import corner_grades, metrics, snapshot
from training.batches import cut_crops
from training.corner_grades import GraderRecipe, raw_logits
from training.evaluation import consensus
from training.phantom_snapshot import write_phantoms
from training.snapshot import Snapshot, SnapshotFilm

SEEN = 9600  # crops
SIZE = 96  # pixels of a crop's side
PARTS = [
    ("train", "clinic", 911, 150),
    ("train", "trial", 912, 75),
    ("val", "clinic", 913, 30),
    ("test", "clinic", 914, 150),
]
RESAMPLES = 1000
SEED = 2  # beside the recipes' own, 1


def small_paper() -> GraderRecipe:
    """The paper's recipe, scaled."""
    whole = corner_grades.RECIPES["paper"]
    return replace(
        whole,
        architecture=replace(whole.architecture, backbone="resnet18"),
        crop=replace(whole.crop, size=SIZE),
        # The paper's 1e-6 fits 4,000,000 steps from ImageNet weights; 3,200 steps from scratch
        # would not leave the start with it
        schedule=replace(
            whole.schedule,
            steps=SEEN // whole.schedule.batch,
            learning_rate=1e-4,
            validate_every=200,
            bfloat16=False,
        ),
    )


def small_best() -> GraderRecipe:
    """The best recipe, scaled."""
    whole = corner_grades.RECIPES["best"]
    return replace(
        whole,
        architecture=replace(whole.architecture, backbone="resnet18", pool=(3, 3)),
        crop=replace(whole.crop, size=SIZE),
        schedule=replace(
            whole.schedule, steps=SEEN // 32, batch=32, validate_every=25, average=0.98,
            bfloat16=False,
        ),
    )  # fmt: skip


def compared(work: Path) -> dict[str, Any]:
    """Both recipes, trained and tested on the same films, at the films' own points."""
    films = _films(work)
    return {
        "scale": {
            "backbone": "resnet18, from scratch", "crop_pixels": SIZE, "crops_seen": SEEN,
            "training_patients": 225, "test_patients": 150, "points": "the phantom's own",
            "paper": "batch 3, rate 1e-4, as many crops of every grade as the rarest has",
            "best": "batch 32, rate 1e-3 in one cycle",
        },
        "paper": _trained(work / "paper.json", small_paper(), films),
        "best": _trained(work / "best.json", small_best(), films),
        "paper_from_another_seed": _trained_again(work, "paper", small_paper(), SEED, films),
    }  # fmt: skip


def _trained_again(
    work: Path, name: str, recipe: GraderRecipe, seed: int, films: Snapshot
) -> dict[str, Any]:
    """The values alone of a run from another seed: how far so short a run swings."""
    found = _trained(work / f"{name}-{seed}.json", replace(recipe, seed=seed), films)
    values = {
        key: one["value"] for key, one in found.items() if isinstance(one, dict) and "value" in one
    }
    return {"seed": seed, **values}


def across_vendors(work: Path) -> dict[str, Any]:
    """The best recipe on the first vendor's films alone, tested on both vendors' films."""
    films = _films(work)
    first = replace(
        films, films=tuple(f for f in films.films if f.split == "test" or f.scanner == "A")
    )
    return {
        "trained_on_both": _trained(work / "best.json", small_best(), films)["by_scanner"],
        "trained_on_A": _trained(work / "vendor_a.json", small_best(), first)["by_scanner"],
        "scale": "as in `recipes`; A and B differ in sharpening, noise, latitude and pixel size",
    }


def _films(work: Path) -> Snapshot:
    folder = work / "recipe_films"
    if not (folder / snapshot.MANIFEST).is_file():
        write_phantoms(folder, PARTS, scale=0.5)
    return snapshot.read(folder)


def _trained(file: Path, recipe: GraderRecipe, films: Snapshot) -> dict[str, Any]:
    """Figures on the test films; kept in `file`, because training takes minutes."""
    if file.is_file():
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found
    torch.manual_seed(recipe.seed)
    network, described = corner_grades.fit(films, recipe, None, torch.device("cpu"), _said)
    fitted = Calibration(**{k: tuple(v) for k, v in described["calibration"].items()})
    test = films.split("test")
    crops = cut_crops(test, recipe.crop)
    shares = log_probabilities(raw_logits(network.eval(), crops), fitted)
    given = [[likeliest(corner) for corner in both] for both in shares.exp().tolist()]
    rows = _rows(test, crops.film, crops.levels, given)
    figures = {
        **_figures(rows),
        "by_scanner": {s: _figures([r for r in rows if r[1] == s]) for s in "AB"},
    }
    file.write_text(json.dumps(figures), encoding="utf-8")
    return figures


def _said(line: dict[str, Any]) -> None:
    print(json.dumps(line), file=sys.stderr, flush=True)


Row = tuple[str, str, int, int]  # patient, scanner, true grade, given grade


def _rows(
    films: Sequence[SnapshotFilm], film_of: Sequence[int], levels: Sequence[int], given: Any
) -> list[Row]:
    rows = []
    for number, level, both in zip(film_of, levels, given, strict=True):
        film, (above, below) = films[number], LEVELS[level].split("/")
        for code, grade in zip((f"{above}_INF", f"{below}_SUP"), both, strict=True):
            if (truth := consensus(film.corners.get(code, (0, 0, 0, 0)))) is not None:
                rows.append((film.patient, film.scanner, truth, int(grade)))
    return rows


def _figures(rows: Sequence[Row]) -> dict[str, Any]:
    people = sorted({row[0] for row in rows})
    tables = np.zeros((len(people), 4, 4))
    for patient, _, truth, given in rows:
        tables[people.index(patient), truth, given] += 1
    rng = np.random.default_rng(1)
    drawn = [
        _values(tables[rng.integers(len(people), size=len(people))].sum(axis=0))
        for _ in range(RESAMPLES)
    ]
    return {
        "corners": len(rows),
        "confusion": tables.sum(axis=0).astype(int).tolist(),
        **{
            name: {
                "value": value,
                "ci95": np.nanpercentile([one[name] for one in drawn], [2.5, 97.5]).tolist(),
            }
            for name, value in _values(tables.sum(axis=0)).items()
        },
    }


def _values(table: Floats) -> dict[str, float]:
    grades = metrics.per_grade(table.astype(np.int64))
    found = {
        "mean_accuracy_ovr": grades.mean.accuracy_ovr,
        "mean_sensitivity": grades.mean.sensitivity,
        "mean_specificity": grades.mean.specificity,
        "sensitivity_of_grade_2": grades[2].sensitivity,
        "multiclass_accuracy": metrics.multiclass_accuracy(table.astype(np.int64)),
        "kappa_quadratic": metrics.kappa(table.astype(np.int64)),
    }
    return {name: np.nan if value is None else value for name, value in found.items()}
