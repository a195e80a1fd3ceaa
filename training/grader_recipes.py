"""Recipes of the corner grader, each number with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from inference.corner_grades import GraderArchitecture
from inference.corner_regions import PAPER_CROP, CropRecipe
from training.batches import CropAugmentation
from training.loop import Schedule
from training.short_schedules import quick, tiny


@dataclass(frozen=True)
class GraderRecipe:
    """Everything that decides a grader run, but for the films and the seed."""

    architecture: GraderArchitecture
    crop: CropRecipe
    schedule: Schedule
    augmentation: CropAugmentation = field(default_factory=CropAugmentation)
    # Sampling weight of a disc = (share of its worst grade) ** -balance. 0 natural, 1 all equal.
    # Half way: rare spurs are seen often enough, and the calibration has little to undo.
    balance: float = 0.5
    rotating: int = 0  # > 0: instead, each epoch takes the next so many discs of every grade
    # What a corner that several readers graded should teach: what most of them said, the shares of
    # their votes, or the votes weighed by each reader's errors (see reader_errors.py)
    labels: Literal["majority", "votes", "dawid_skene"] = "votes"
    smoothing: float = 0.02  # of a vote is spread over the neighbouring grades: readers slip
    # Undo the sampling and the over-confidence: a shift to natural prevalence and a temperature,
    # fitted on the validation patients' corners, none of which a model chose
    calibrate: bool = True
    imagenet: bool = False  # start from ImageNet when its file is here and no weights are given
    refines: bool = False  # keep the architecture and the crop of the weights it starts from
    seed: int = 1
    about: str = field(default="", repr=False)  # for people; a run's state does not go by it


_STARTER = GraderRecipe(
    GraderArchitecture(),
    CropRecipe(),
    # 64 crops are enough for batch norm and few enough for a CPU; 2e-3 is the largest rate at
    # which AdamW on a fresh ResNet stayed stable here. Eight times through 900 patients
    Schedule(steps=1400, batch=64, learning_rate=2e-3, weight_decay=0.02, validate_every=200),
    about="the network that ships, from scratch; a CPU is enough",
)

RECIPES: dict[str, GraderRecipe] = {
    # Koo et al. 2022: ImageNet ResNet-152, batch 3, Adam 1e-6 constant, 300 discs per grade and
    # epoch in turn, CLAHE, shift and rotation, one label per corner (its flips break labels and
    # are left out), single precision. 10,000 epochs there; 400 batches an epoch, validated after
    # each, and the best one kept.
    "paper": GraderRecipe(
        GraderArchitecture("resnet152", stages=4, pool=(1, 1), levels=False, dropout=0.0),
        PAPER_CROP,
        Schedule(
            steps=4_000_000,
            batch=3,
            learning_rate=1e-6,
            weight_decay=0.0,
            clip=0.0,
            one_cycle=False,
            average=0.0,
            validate_every=400,
            patience=10_000,
            bfloat16=False,
        ),
        CropAugmentation(rotation=5, shift=0.03, scale=0, contrast=0, noise=0, blur=0, clahe=0.5),
        rotating=300,
        labels="majority",
        smoothing=0.0,
        calibrate=False,
        imagenet=True,
        about="as Koo et al. 2022 trained; for a GPU, and much time",
    ),
    "starter": _STARTER,
    # For a GPU: a deeper trunk that has seen ImageNet, finer crops, readers weighed by their
    # errors, and time
    "best": GraderRecipe(
        GraderArchitecture("resnet50", stages=4, pool=(3, 3), dropout=0.4),
        CropRecipe(size=192),
        Schedule(
            steps=30_000, batch=256, learning_rate=1e-3, weight_decay=0.05, validate_every=1000
        ),
        labels="dawid_skene",
        imagenet=True,
        about="the deepest network, from ImageNet weights; for a GPU",
    ),
    # Minutes on a CPU, from the serving weights: a fifth of the rate
    "quick": replace(
        _STARTER,
        about="refines given weights; minutes on a CPU",
        refines=True,
        schedule=quick(_STARTER.schedule, steps=400, validate_every=100),
    ),
    "tiny": replace(
        _STARTER,
        about="seconds; proves the way, not the model",
        refines=True,
        schedule=tiny(_STARTER.schedule, batch=16),
    ),
}
