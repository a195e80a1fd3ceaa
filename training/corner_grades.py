"""The corner grader from snapshot to figures: start, sampling, loss, evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from inference import checkpoint, corner_grades
from inference.checkpoint import Checkpoint, CheckpointError
from inference.corner_grades import Calibration, CornerGradeNet, log_probabilities
from inference.corner_regions import LEVELS
from inference.precision import knows_bfloat16
from training import imagenet, pretrained, reader_errors
from training.batches import Crops, augmented_crops, cut_crops, middle
from training.calibration import fit_calibration, prior_shift
from training.evaluation import Probabilities, consensus
from training.grade_report import grade_report
from training.grader_recipes import RECIPES, GraderRecipe
from training.loop import Batch, Report, TrainingError, train
from training.model_comparison import compared_grades
from training.processes import ALONE, Group
from training.progress import each_film
from training.resume import Resume
from training.snapshot import Snapshot, SnapshotFilm, Votes
from training.soft_labels import grade_loss, soft_labels

__all__ = ["RECIPES", "compare", "fit"]  # what `training.runs` asks of a task

_VALIDATION_BATCH = 128


def fit(
    snapshot: Snapshot,
    recipe: GraderRecipe,
    start: Checkpoint | None,
    device: torch.device,
    report: Report,
    resume: Resume | None = None,
    group: Group = ALONE,
) -> tuple[CornerGradeNet, dict[str, Any]]:
    """Train a grader; returns it with its metadata. Raises TrainingError."""
    before = None
    if start is not None and recipe.refines:
        network, crop, before = corner_grades.build(start)
        recipe = replace(recipe, architecture=network.architecture, crop=crop)
    else:
        network = CornerGradeNet(recipe.architecture)
        where = started_from(network, start, recipe)
        report({"phase": f"starting {where}", "step": 0, "steps": 1})
    task = GraderTask(labelled(snapshot, recipe, report), recipe, before, report)
    task.device = device
    trained = train(network, task, recipe.schedule, device, report, resume, group)
    fitted = task.calibration(trained) if recipe.calibrate and group.first else Calibration()
    return trained, corner_grades.metadata(recipe.architecture, recipe.crop, fitted)


def started_from(network: CornerGradeNet, start: Checkpoint | None, recipe: GraderRecipe) -> str:
    """Fill the network with the given weights, else with ImageNet's, and say which, and why not."""
    why = ["no weights were given"]
    if start is not None:
        try:
            checkpoint.fill(network, start)
        except CheckpointError as error:
            why = [str(error).rstrip(".")]
        else:
            return "from the given weights"
    if recipe.imagenet:
        backbone = recipe.architecture.backbone
        file = imagenet.file_of(backbone)
        if file is not None:
            imagenet.fill(network.trunk, file)
            return f"from ImageNet weights, {file.name}"
        looked = " and ".join(str(folder) for folder in pretrained.folders())
        why.append(f"no ImageNet file of {backbone} lies in {looked}")
    return f"from scratch: {'; '.join(why)}"


def labelled(snapshot: Snapshot, recipe: GraderRecipe, report: Report) -> Snapshot:
    """The snapshot with the labels that the recipe wants instead of counts of votes."""
    if recipe.labels == "votes":
        return snapshot
    if recipe.labels == "majority":
        return replace(snapshot, films=tuple(map(_majority, snapshot.films)))
    found = reader_errors.estimate(snapshot.split("train"))
    if found is None:
        told = "too few corners were read twice to weigh the readers: every vote counts alike"
        report({"phase": told, "step": 0, "steps": 1})
        return snapshot
    return replace(snapshot, films=reader_errors.weighed(snapshot.films, found))


def _majority(film: SnapshotFilm) -> SnapshotFilm:
    single: dict[str, Votes] = {}
    for site, votes in film.corners.items():
        said = consensus(votes)
        single[site] = (float(said == 0), float(said == 1), float(said == 2), float(said == 3))
    return replace(film, corners=single)


def compare(
    stored: Checkpoint,
    other: Checkpoint | None,
    films: Sequence[SnapshotFilm],
    device: torch.device,
    report: Report,
) -> dict[str, Any]:
    """`grade_report` of stored weights at the films' own disc points, and beside other weights.

    Returns `metrics`, and with `other` its figures `compared` and the gate's `comparison`.
    """
    tick = each_film(report, "evaluating", len(films) * (1 if other is None else 2))
    mine, plain = predicted(stored, films, device, tick)
    found: dict[str, Any] = {"metrics": grade_report(films, mine, plain), "compared": {}}
    if other is not None:
        theirs, their_plain = predicted(other, films, device, tick)
        found["compared"] = grade_report(films, theirs, their_plain)
        found["comparison"] = compared_grades(films, mine, theirs)
    return found


def predicted(
    stored: Checkpoint,
    films: Sequence[SnapshotFilm],
    device: torch.device,
    tick: Callable[[], None],
) -> tuple[list[Probabilities], list[Probabilities]]:
    """Probabilities per film by site: as served, and before calibration."""
    network, recipe, calibration = corner_grades.build(stored)
    crops = cut_crops(films, recipe, tick)
    logits = raw_logits(network.to(device), crops)
    return by_film(films, crops, logits, calibration), by_film(films, crops, logits, None)


def by_film(
    films: Sequence[SnapshotFilm], crops: Crops, logits: Tensor, calibration: Calibration | None
) -> list[Probabilities]:
    """Logits [n, 5] of crops -> per film the probabilities of its corners."""
    shares = log_probabilities(logits, calibration).exp().double().numpy()
    found: list[dict[str, list[float]]] = [{} for _ in films]
    for film, level, both in zip(crops.film, crops.levels, shares, strict=True):
        above, below = LEVELS[level].split("/")
        found[film] |= {f"{above}_INF": both[0].tolist(), f"{below}_SUP": both[1].tolist()}
    return list(found)


class GraderTask:
    """The crops of a snapshot with sampling and loss, for `training.loop.train`.

    Raises TrainingError when the training patients show no example of some grade.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        recipe: GraderRecipe,
        around: Calibration | None,
        report: Report,
    ) -> None:
        self.recipe = recipe
        self.device = torch.device("cpu")  # where the crops are perturbed
        train, val = snapshot.split("train"), snapshot.split("val")
        tick = each_film(report, "reading", len(train) + len(val))
        self.train = cut_crops(train, recipe.crop, tick)
        self.val = cut_crops(val, recipe.crop, tick)
        refuse_unlearnable(self.train, self.val)
        classes = self.train.worst()
        share = np.bincount(classes, minlength=4)[classes] / len(classes)
        self.weights = share**-recipe.balance / (share**-recipe.balance).sum()
        self.around = around or Calibration(shift=prior_shift(self.train, self.weights, self.val))

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

    def counted(self, batch: Batch) -> float:
        """The graded corners."""
        return float(batch[2].sum())

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
    """Raise TrainingError, in a sentence, when these crops cannot teach four grades.

    An example of a grade is a corner of which most is said to be that grade: where readers are
    weighed by their errors, a little of every corner is of every grade.
    """
    graded = train.votes[train.votes.sum(axis=2) > 0]
    examples = np.bincount(graded.argmax(axis=1), minlength=4)
    if not examples.all():
        lacking = ", ".join(str(grade) for grade in np.flatnonzero(examples == 0))
        raise TrainingError(f"The training patients show no example of grade {lacking}.")
    if len(val) == 0:
        raise TrainingError("No validation patient has a graded corner.")


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


def in_bfloat16(device: torch.device) -> bool:
    """Whether crops are judged in bfloat16: on GPUs that have it; on a processor in float32."""
    return device.type == "cuda" and knows_bfloat16(device)


@torch.no_grad()
def raw_logits(network: nn.Module, crops: Crops) -> Tensor:
    """Logits [n, 5] of crops as serving cuts them, float32 on the CPU."""
    device = next(network.parameters()).device
    parts = []
    for start in range(0, len(crops), _VALIDATION_BATCH):
        chosen = np.arange(start, min(start + _VALIDATION_BATCH, len(crops)))
        images = middle(crops, chosen).to(device, memory_format=torch.channels_last)
        levels = torch.from_numpy(crops.levels[chosen]).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=in_bfloat16(device)):
            parts.append(network(images, levels).float().cpu())
    return torch.cat(parts) if parts else torch.zeros(0, 5)
