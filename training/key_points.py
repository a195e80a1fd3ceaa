"""Recipes of the key point network: settings, targets, loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from inference import key_points
from inference.checkpoint import Checkpoint
from inference.corner_regions import DiscPoints
from inference.film_views import COLS, ROWS
from inference.key_points import (
    STRIDE,
    KeyPointArchitecture,
    KeyPointFinder,
    KeyPointNet,
    place_log_mass,
)
from training.batches import (
    FilmAugmentation,
    Floats,
    augmented_films,
    plain_films,
    small_films,
)
from training.evaluation import point_figures
from training.loop import Batch, Report, Schedule, TrainingError, reading, train
from training.model_comparison import compared_points
from training.processes import ALONE, Group
from training.resume import Resume
from training.snapshot import Snapshot, SnapshotFilm

_VALIDATION_BATCH = 32


@dataclass(frozen=True)
class KeyPointRecipe:
    """Everything that decides a key point run, but for the films and the seed."""

    architecture: KeyPointArchitecture
    schedule: Schedule
    augmentation: FilmAugmentation = field(default_factory=FilmAugmentation)
    sigma: float = 1.5  # cells of the target's spread: what `inference.key_points.decode` expects
    refines: bool = False  # keep the architecture of the weights it starts from
    seed: int = 1


_STARTER = KeyPointRecipe(
    KeyPointArchitecture(),
    # 24 films a step: each holds 12 points, so a step sees about as many as one of 64 crops
    Schedule(steps=450, batch=24, learning_rate=2e-3, validate_every=200),
)

RECIPES: dict[str, KeyPointRecipe] = {
    # Koo et al. 2022: HRNet as for human pose, batch 32, Adam at 0.001, plain heat maps
    # (sigma 2 as in the official code); 1080 films, 210 epochs
    "paper": KeyPointRecipe(
        KeyPointArchitecture("hrnet_w32", branches=False, heat="height"),
        Schedule(
            steps=7100,
            batch=32,
            learning_rate=1e-3,
            weight_decay=0.0,
            one_cycle=False,
            average=0.0,
            patience=50,
        ),
        sigma=2.0,
    ),
    "starter": _STARTER,
    # For a GPU: the wide network and a longer run
    "best": KeyPointRecipe(
        KeyPointArchitecture("hrnet_w32"),
        Schedule(steps=10_000, batch=64, learning_rate=1e-3, validate_every=500),
    ),
    # Minutes on a CPU, from the serving weights
    "quick": replace(
        _STARTER,
        refines=True,
        schedule=replace(
            _STARTER.schedule, steps=150, learning_rate=4e-4, validate_every=50, average=0.99
        ),
    ),
    # Seconds: proves the way, not the model
    "tiny": replace(
        _STARTER,
        refines=True,
        schedule=replace(
            _STARTER.schedule,
            steps=4,
            batch=8,
            learning_rate=5e-5,
            validate_every=4,
            average=0.5,
            report_every_s=0.2,
        ),
    ),
}


def fit(
    snapshot: Snapshot,
    recipe: KeyPointRecipe,
    start: Checkpoint | None,
    device: torch.device,
    report: Report,
    resume: Resume | None = None,
    group: Group = ALONE,
) -> tuple[KeyPointNet, dict[str, Any]]:
    """Train a key point network; returns it with its metadata. Raises TrainingError."""
    if start is not None and recipe.refines:
        network = key_points.build(start)
        recipe = replace(recipe, architecture=network.architecture)
    else:
        network = KeyPointNet(recipe.architecture)
        report({"phase": "starting from scratch", "step": 0, "steps": 1})
    task = KeyPointTask(snapshot, recipe, report)
    task.device = device
    trained = train(network, task, recipe.schedule, device, report, resume, group)
    return trained, key_points.metadata(recipe.architecture)


def compare(
    stored: Checkpoint,
    other: Checkpoint | None,
    films: Sequence[SnapshotFilm],
    device: torch.device,
) -> dict[str, Any]:
    """`training.evaluation.point_figures` of stored weights, both looks, as in serving.

    Returns `metrics`, and with `other` its figures `compared` and the gate's `comparison`.
    """
    known = [film for film in films if len(film.discs) > 1]
    mine = found_points(stored, known, device)
    figures: dict[str, Any] = {"metrics": point_figures(known, mine), "compared": {}}
    if other is not None:
        theirs = found_points(other, known, device)
        figures["compared"] = point_figures(known, theirs)
        figures["comparison"] = compared_points(known, mine, theirs)
    return figures


def found_points(
    stored: Checkpoint, films: Sequence[SnapshotFilm], device: torch.device
) -> list[dict[str, DiscPoints]]:
    """The disc points that stored weights find on each film."""
    finder = KeyPointFinder(key_points.build(stored), device)
    return [finder.find(film.picture(), film.region)[0] for film in films]


class KeyPointTask:
    """The films of a snapshot with targets and loss, for `training.loop.train`.

    Raises TrainingError when no training or no validation film has disc points.
    """

    def __init__(self, snapshot: Snapshot, recipe: KeyPointRecipe, report: Report) -> None:
        self.recipe = recipe
        self.device = torch.device("cpu")  # where the films are perturbed
        self.train = small_films(snapshot.split("train"), reading(report))
        self.val = small_films(snapshot.split("val"), reading(report))
        if not self.train or not self.val:
            raise TrainingError(
                "Key points need films with disc points for training and validation."
            )

    def batch(self, step: int, size: int) -> Batch:
        """Augmented films and their target maps; decided by seed and step alone."""
        random = np.random.default_rng((self.recipe.seed, step))
        chosen = random.integers(len(self.train), size=size)
        how = self.recipe.augmentation
        films, points = augmented_films(self.train, chosen, how, random, self.device)
        return films, place_targets(points, self.recipe.sigma)

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """See `place_loss`."""
        films, targets = batch
        return place_loss(network(films), targets, self.recipe.architecture.heat)

    def counted(self, batch: Batch) -> float:
        """The films."""
        return float(len(batch[0]))

    @torch.inference_mode()
    def validation_loss(self, network: nn.Module) -> float:
        """The loss of both looks of serving at the validation films."""
        device = next(network.parameters()).device
        total = 0.0
        for start in range(0, len(self.val), _VALIDATION_BATCH):
            chosen = np.arange(start, min(start + _VALIDATION_BATCH, len(self.val)))
            for closer in (False, True):
                films, points = plain_films(self.val, chosen, closer)
                targets = place_targets(points, self.recipe.sigma).to(device)
                maps = network(films.to(device, memory_format=torch.channels_last))
                loss = place_loss(maps, targets, self.recipe.architecture.heat)
                total += float(loss) * len(chosen) / (2 * len(self.val))
        return total


def place_targets(points: Floats, sigma: float) -> Tensor:
    """Points [n, 24, 2] in view pixels -> mass per map [n, 24, cells + 1], each summing to one.

    A Gaussian around the point; a point outside the view, or of the other region (NaN), puts all
    its mass into the last cell, "not in the picture".
    """
    rows, cols = ROWS // STRIDE, COLS // STRIDE
    cell = torch.from_numpy((points - (STRIDE - 1) / 2) / STRIDE).float()  # [n, 24, 2]
    x, y = cell[..., 0], cell[..., 1]
    inside = (x >= -0.5) & (x <= cols - 0.5) & (y >= -0.5) & (y <= rows - 0.5)  # NaN: False
    across = _bell(x.nan_to_num(), cols, sigma)
    along = _bell(y.nan_to_num(), rows, sigma)
    mass = (along[..., :, None] * across[..., None, :]).flatten(2) * inside[..., None]
    return torch.cat([mass, (~inside)[..., None].float()], dim=2)


def _bell(center: Tensor, cells: int, sigma: float) -> Tensor:
    """Gaussian over `cells` along a new last axis, summing to one."""
    return torch.softmax(-((torch.arange(cells) - center[..., None]) ** 2) / (2 * sigma**2), dim=-1)


def place_loss(maps: Tensor, targets: Tensor, heat: str) -> Tensor:
    """Raw maps [n, 24, h, w] against `place_targets`.

    "mass": cross-entropy over the cells, which learns from the first step on. "height": squared
    error to a Gaussian of height 1, as in the official HRNet.
    """
    if heat == "mass":
        return -(targets * place_log_mass(maps)).sum(dim=2).mean()
    bells = targets[..., :-1]
    peaks = bells.amax(dim=2, keepdim=True).clamp(min=1e-6)
    return ((maps.float().flatten(2) - bells / peaks) ** 2).mean()
