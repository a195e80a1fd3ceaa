"""Recipes of the corner grader: settings, sampling, loss, calibration, evaluation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from inference import checkpoint, corner_grades
from inference.checkpoint import Checkpoint, CheckpointError
from inference.corner_grades import (
    Calibration,
    CornerGradeNet,
    GraderArchitecture,
    log_probabilities,
)
from inference.corner_regions import LEVELS, PAPER_CROP, CropRecipe
from training.batches import CropAugmentation, Crops, augmented_crops, cut_crops, middle
from training.evaluation import grade_figures
from training.loop import Batch, Report, Schedule, TrainingError, reading, train
from training.resume import Resume
from training.snapshot import Snapshot, SnapshotFilm

_VALIDATION_BATCH = 128


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
    smoothing: float = 0.02  # of a vote is spread over the neighbouring grades: readers slip
    calibrate: bool = True  # fit scale and shift on the validation patients
    refines: bool = False  # keep the architecture and the crop of the weights it starts from
    seed: int = 1


_STARTER = GraderRecipe(
    GraderArchitecture(),
    CropRecipe(),
    # 64 crops are enough for batch norm and few enough for a CPU; 2e-3 is the largest rate at
    # which AdamW on a fresh ResNet stayed stable here
    Schedule(steps=1000, batch=64, learning_rate=2e-3, weight_decay=0.02, validate_every=200),
)

RECIPES: dict[str, GraderRecipe] = {
    # Koo et al. 2022: ResNet-152, batch 3, Adam 1e-6 constant, 300 discs per grade and epoch
    # in turn, CLAHE, shift and rotation (its flips break labels and are left out). 10,000 epochs
    # there; 400 batches an epoch.
    "paper": GraderRecipe(
        GraderArchitecture("resnet152", stages=4, pool=(1, 1), levels=False, dropout=0.0),
        PAPER_CROP,
        Schedule(
            steps=4_000_000,
            batch=3,
            learning_rate=1e-6,
            weight_decay=0.0,
            one_cycle=False,
            average=0.0,
            validate_every=400,
            patience=10_000,
        ),
        CropAugmentation(rotation=5, shift=0.03, scale=0, contrast=0, noise=0, blur=0, clahe=0.5),
        rotating=300,
        smoothing=0.0,
        calibrate=False,
    ),
    "starter": _STARTER,
    # For a GPU: a deeper trunk, finer crops, and time
    "best": GraderRecipe(
        GraderArchitecture("resnet50", stages=4, pool=(4, 4), dropout=0.4),
        CropRecipe(size=192),
        Schedule(
            steps=30_000, batch=256, learning_rate=1e-3, weight_decay=0.05, validate_every=1000
        ),
    ),
    # Minutes on a CPU, from the serving weights: a fifth of the rate, so that they are refined
    # and not forgotten
    "quick": replace(
        _STARTER,
        refines=True,
        schedule=replace(
            _STARTER.schedule, steps=400, learning_rate=4e-4, validate_every=100, average=0.99
        ),
    ),
    # Seconds: proves the way from snapshot to candidate, not the model
    "tiny": replace(
        _STARTER,
        refines=True,
        schedule=replace(
            _STARTER.schedule,
            steps=4,
            batch=16,
            learning_rate=5e-5,
            validate_every=4,
            average=0.5,
            report_every_s=0.2,
        ),
    ),
}


def fit(
    snapshot: Snapshot,
    recipe: GraderRecipe,
    start: Checkpoint | None,
    device: torch.device,
    report: Report,
    resume: Resume | None = None,
) -> tuple[CornerGradeNet, dict[str, Any]]:
    """Train a grader; returns it with its metadata. Raises TrainingError."""
    fitted = Calibration()
    if start is not None and recipe.refines:
        network, crop, fitted = corner_grades.build(start)
        recipe = replace(recipe, architecture=network.architecture, crop=crop)
    else:
        network = CornerGradeNet(recipe.architecture)
        _say_where_from(network, start, report)
    task = GraderTask(snapshot, recipe, fitted, report)
    task.device = device
    trained = train(network, task, recipe.schedule, device, report, resume)
    if recipe.calibrate:
        fitted = task.calibration(trained)
    return trained, corner_grades.metadata(recipe.architecture, recipe.crop, fitted)


def _say_where_from(network: CornerGradeNet, start: Checkpoint | None, report: Report) -> None:
    """Fill the network with the given weights when they fit, and say so either way."""
    where = "from scratch: no weights were given"
    if start is not None:
        try:
            checkpoint.fill(network, start)
            where = "from the given weights"
        except CheckpointError as error:
            where = f"from scratch. {error}"
    report({"phase": f"starting {where}", "step": 0, "steps": 1})


def evaluate(
    stored: Checkpoint, films: Sequence[SnapshotFilm], device: torch.device
) -> dict[str, Any]:
    """`training.evaluation.grade_figures` of stored weights, at the films' own disc points."""
    network, recipe, calibration = corner_grades.build(stored)
    crops = cut_crops(films, recipe)
    logits = raw_logits(network.to(device), crops)
    shares = log_probabilities(logits, calibration).exp().double().numpy()
    predicted: list[dict[str, list[float]]] = [{} for _ in films]
    for film, level, both in zip(crops.film, crops.levels, shares, strict=True):
        above, below = LEVELS[level].split("/")
        predicted[film] |= {f"{above}_INF": both[0].tolist(), f"{below}_SUP": both[1].tolist()}
    return grade_figures(films, predicted)


class GraderTask:
    """The crops of a snapshot with sampling and loss, for `training.loop.train`.

    Raises TrainingError when the training patients show no example of some grade.
    """

    def __init__(
        self, snapshot: Snapshot, recipe: GraderRecipe, around: Calibration, report: Report
    ) -> None:
        self.recipe, self.around = recipe, around
        self.device = torch.device("cpu")  # where the crops are perturbed
        self.train = cut_crops(snapshot.split("train"), recipe.crop, reading(report))
        self.val = cut_crops(snapshot.split("val"), recipe.crop, reading(report))
        refuse_unlearnable(self.train, self.val)
        classes = self.train.worst()
        share = np.bincount(classes, minlength=4)[classes] / len(classes)
        self.weights = share**-recipe.balance / (share**-recipe.balance).sum()

    def batch(self, step: int, size: int) -> Batch:
        """Augmented crops, their levels and soft labels; decided by seed and step alone."""
        random = np.random.default_rng((self.recipe.seed, step))
        if self.recipe.rotating:
            chosen = rotating_subset(self.train.worst(), self.recipe, step, size)
        else:
            chosen = random.choice(len(self.train), size, p=self.weights)
        how = self.recipe.augmentation
        crops = augmented_crops(self.train, chosen, how, random, self.device)
        targets = soft_labels(self.train.votes[chosen], self.recipe.smoothing)
        return crops, torch.from_numpy(self.train.levels[chosen]), targets

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Cross-entropy with the vote distribution, over the graded corners."""
        crops, levels, targets = batch
        return grade_loss(network(crops, levels), targets)

    def validation_loss(self, network: nn.Module) -> float:
        """The same loss at natural prevalence; calibration is fitted first, as in serving."""
        logits, targets = raw_logits(network, self.val), soft_labels(self.val.votes, 0.0)
        fitted = fit_calibration(logits, targets, self.around) if self.recipe.calibrate else None
        return float(grade_loss(logits, targets, fitted))

    def calibration(self, network: nn.Module) -> Calibration:
        """The calibration that fits the validation patients, at their natural prevalence."""
        targets = soft_labels(self.val.votes, 0.0)
        return fit_calibration(raw_logits(network, self.val), targets, self.around)


def refuse_unlearnable(train: Crops, val: Crops) -> None:
    """Raise TrainingError, in a sentence, when these crops cannot teach four grades."""
    seen = train.votes.sum(axis=(0, 1)) > 0 if len(train) else np.zeros(4, bool)
    if not seen.all():
        lacking = ", ".join(str(grade) for grade in np.flatnonzero(~seen))
        raise TrainingError(f"The training patients show no example of grade {lacking}.")
    if len(val) == 0:
        raise TrainingError("No validation patient has a graded corner.")


def soft_labels(votes: npt.NDArray[np.float64], smoothing: float) -> Tensor:
    """Votes [n, 2, 4] -> shares of votes, a little of each grade spread to its neighbours.

    Only among 0, 1, 2: a bridge is the disc's and stays whole. Corners without votes stay zero.
    """
    share = votes / np.maximum(votes.sum(axis=2, keepdims=True), 1)
    spread = np.eye(4)
    spread[:3, :3] += smoothing * np.array([[-1, 1, 0], [0.5, -1, 0.5], [0, 1, -1]])
    return torch.from_numpy((share @ spread).astype(np.float32))


def grade_loss(logits: Tensor, targets: Tensor, calibration: Calibration | None = None) -> Tensor:
    """-sum(target * log p) per graded corner. targets [n, 2, 4]; rows of zeros do not count."""
    graded = targets.sum().clamp(min=1)
    return -(targets * log_probabilities(logits, calibration)).sum() / graded


def rotating_subset(
    classes: npt.NDArray[np.int64], recipe: GraderRecipe, step: int, size: int
) -> npt.NDArray[np.int64]:
    """The paper's sampling: epoch e takes the e-th window of every grade, equally many of each."""
    groups = [np.flatnonzero(classes == grade) for grade in range(4)]
    groups = [group for group in groups if len(group)]
    each = min(recipe.rotating, *(len(group) for group in groups))
    steps = max(1, each * len(groups) // size)
    epoch, within = divmod(step, steps)
    subset = np.concatenate(
        [np.take(g, np.arange(each) + epoch * each, mode="wrap") for g in groups]
    )
    order = np.random.default_rng((recipe.seed, epoch)).permutation(subset)
    return np.take(order, np.arange(size) + within * size, mode="wrap")


@torch.no_grad()
def raw_logits(network: nn.Module, crops: Crops) -> Tensor:
    """Logits [n, 5] of crops as serving cuts them, float32 on the CPU."""
    device = next(network.parameters()).device
    parts = []
    for start in range(0, len(crops), _VALIDATION_BATCH):
        chosen = np.arange(start, min(start + _VALIDATION_BATCH, len(crops)))
        images = middle(crops, chosen).to(device, memory_format=torch.channels_last)
        levels = torch.from_numpy(crops.levels[chosen]).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            parts.append(network(images, levels).float().cpu())
    return torch.cat(parts) if parts else torch.zeros(0, 5)


def fit_calibration(logits: Tensor, targets: Tensor, around: Calibration) -> Calibration:
    """Scale and shift of the three kinds of logits that fit the validation patients best.

    Six numbers, scales by their logarithm, held by a normal prior (SD 0.5) at `around`, so that
    a handful of corners moves them little and thousands decide. Raises TrainingError.
    """
    prior = torch.tensor([*(math.log(scale) for scale in around.scale), *around.shift])
    values = prior.clone().requires_grad_()
    kinds = [0, 1, 2, 1, 2]  # of the five logits
    weight = 2.0 / float(targets.sum().clamp(min=1))
    optimizer = torch.optim.LBFGS([values], max_iter=50, line_search_fn="strong_wolfe")

    def loss() -> float:
        optimizer.zero_grad()
        scaled = logits.detach() * values[:3].exp()[kinds] + values[3:][kinds]
        found = grade_loss(scaled, targets) + weight * (values - prior).square().sum()
        found.backward()  # type: ignore[no-untyped-call]
        return float(found.detach())

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    a, b, c, *shift = values.detach().double().tolist()
    if not all(math.isfinite(value) for value in (a, b, c, *shift)):
        raise TrainingError("The calibration did not converge: check the validation labels.")
    return Calibration((math.exp(a), math.exp(b), math.exp(c)), (shift[0], shift[1], shift[2]))
