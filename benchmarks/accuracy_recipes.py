"""Part of `benchmarks.accuracy`: both recipes on the same small work, and one vendor for another.

At the scale of two cores and minutes: ResNet-18 instead of 152 and 50, crops of 96 pixels, from
scratch instead of from ImageNet, 9,600 crops seen, by `best` also four times as many. What makes
the recipes what they are is kept: batch 3, equal numbers of every grade in rotation, CLAHE, a
constant rate and no calibration of the one; ordinal outputs, soft labels, natural prevalence,
averaging and calibration of the other.

Each is tested as the shipped weights are: the whole chain, on the same cohort of two visits.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.accuracy_grades import figures
from benchmarks.film_records import Record
from inference import checkpoint
from training import corner_grades, snapshot
from training.corner_grades import GraderRecipe
from training.phantom_snapshot import write_phantoms
from training.snapshot import Snapshot

SEEN = 9600  # crops
LONGER = 4  # times the crops: what the best recipe comes to when it is given the time
SIZE = 96  # pixels of a crop's side
PARTS = [("train", "clinic", 911, 150), ("train", "trial", 912, 75), ("val", "clinic", 913, 30)]
SEED = 2  # beside the recipes' own, 1

Test = Callable[[Path], list[Record]]
"""What a grader's weights make of every film of the cohort."""


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


def small_best(seen: int = SEEN) -> GraderRecipe:
    """The best recipe, scaled, after so many crops."""
    whole = corner_grades.RECIPES["best"]
    return replace(
        whole,
        architecture=replace(whole.architecture, backbone="resnet18", pool=(3, 3)),
        crop=replace(whole.crop, size=SIZE),
        schedule=replace(
            whole.schedule, steps=seen // 32, batch=32, validate_every=25, average=0.98,
            bfloat16=False,
        ),
    )  # fmt: skip


def compared(work: Path, test: Test) -> dict[str, Any]:
    """Both recipes, trained on the same films and tested on the same cohort."""
    recipes = {"best": small_best(), "paper": small_paper()}
    own = {name: _trained(work, name, recipe) for name, recipe in recipes.items()}
    # How far so short a run swings
    again = {
        f"{name}_from_another_seed": _trained(work, f"{name}-{SEED}", replace(recipe, seed=SEED))
        for name, recipe in recipes.items()
    }
    longer = _trained(work, "best-longer", small_best(LONGER * SEEN))
    return {
        "scale": {
            "backbone": "resnet18, from scratch", "crop_pixels": SIZE, "crops_seen": SEEN,
            "training_patients": 225, "test": "as in `grades`, at the points of the same network",
            "paper": "batch 3, rate 1e-4, as many crops of every grade as the rarest has",
            "best": "batch 32, rate 1e-3 in one cycle",
        },
        **{name: figures(test(file), "model") for name, file in (own | again).items()},
        "best_longer": {"times_the_crops": LONGER, **figures(test(longer), "model")},
    }  # fmt: skip


def across_vendors(work: Path, test: Test) -> dict[str, Any]:
    """The best recipe on the first vendor's films alone, tested on both vendors' films."""
    best = small_best()
    on_both, on_a = _trained(work, "best", best), _trained(work, "best-A", best, vendor="A")
    return {
        "trained_on_both": _by_scanner(test(on_both)),
        "trained_on_A": _by_scanner(test(on_a)),
        "scale": "as in `recipes`; A and B differ in sharpening, noise, latitude and pixel size",
    }


def _by_scanner(records: list[Record]) -> dict[str, Any]:
    return {s: figures([r for r in records if r["scanner"] == s], "model") for s in "AB"}


def _trained(work: Path, name: str, recipe: GraderRecipe, vendor: str = "") -> Path:
    """The weights' file; kept in `work`, because training takes minutes."""
    file = work / f"{name}.safetensors"
    if file.is_file():
        return file
    films = _films(work)
    if vendor:
        films = replace(films, films=tuple(f for f in films.films if f.scanner == vendor))
    torch.manual_seed(recipe.seed)
    network, described = corner_grades.fit(films, recipe, None, torch.device("cpu"), _said)
    checkpoint.save(file, network, described)
    return file


def _films(work: Path) -> Snapshot:
    folder = work / "recipe_films"
    if not (folder / snapshot.MANIFEST).is_file():
        write_phantoms(folder, PARTS, scale=0.5)
    return snapshot.read(folder)


def _said(line: dict[str, Any]) -> None:
    print(json.dumps(line), file=sys.stderr, flush=True)
