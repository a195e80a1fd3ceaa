"""The key point network from snapshot to figures: start, targets, loss, evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from inference import key_points
from inference.checkpoint import Checkpoint
from inference.corner_regions import DiscPoints
from inference.disc_patches import PATCH, PATCH_STRIDE
from inference.heat_maps import SIGMA
from inference.key_points import KeyPointNet
from inference.point_finder import KeyPointFinder
from training import human_pose
from training.batches import Floats
from training.disc_patches import (
    Patches,
    augmented_patches,
    cut_patches,
    plain_patches,
    together,
)
from training.evaluation import point_figures
from training.film_views import SmallFilm, augmented_films, plain_films, small_film
from training.key_point_recipes import RECIPES, KeyPointRecipe
from training.loop import Batch, Report, TrainingError, train
from training.model_comparison import compared_points
from training.place_targets import place_loss, place_targets
from training.processes import ALONE, Group
from training.progress import each_film
from training.resume import Resume
from training.snapshot import Snapshot, SnapshotFilm

__all__ = ["RECIPES", "compare", "fit"]  # what `training.runs` asks of a task

_VALIDATION_BATCH = 32
_PATCH_CELLS = (PATCH.size // PATCH_STRIDE,) * 2


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
        given = start.state if start else {}
        if recipe.third_look_alone and lacking(network, given, "trunk.", "final_layer."):
            raise TrainingError(
                "The third look alone is trained beside weights that find the discs: start from "
                f"weights of {recipe.architecture.backbone}."
            )
        start_from(network, start, report)
    task = KeyPointTask(snapshot, recipe, report)
    task.device = device
    trained = train(network, task, recipe.schedule, device, report, resume, group)
    return trained, key_points.metadata(recipe.architecture)


def start_from(network: KeyPointNet, start: Checkpoint | None, report: Report) -> None:
    """Fill a new network with the given weights, else with those of human pose if they are here.

    Says which, and why. Given weights count when their trunk is the network's: of another one a few
    layers fit by chance. Raises PretrainedError when the file of human pose is not what it should
    be.
    """
    why = "no weights were given"
    if start is not None:
        why = "the given weights are of another backbone"
    if start is not None and not lacking(network, start.state, "trunk."):
        said = f"{take_over(network, start.state)} given tensors"
    elif (path := human_pose.file_of(network.architecture.backbone)) is not None:
        said = f"{human_pose.fill(network, path)} tensors of {path.name}"
    else:
        said = f"scratch: {why}"
    report({"phase": f"starting from {said}", "step": 0, "steps": 1})


def take_over(network: nn.Module, given: Mapping[str, Tensor]) -> int:
    """Fill every tensor of the network that `given` holds in the same shape; returns how many."""
    own = network.state_dict()
    fitting = {n: t for n, t in given.items() if n in own and own[n].shape == t.shape}
    network.load_state_dict(fitting, strict=False)
    return len(fitting)


def lacking(network: nn.Module, given: Mapping[str, Tensor], *parts: str) -> list[str]:
    """The tensors of these parts of the network that `given` lacks or has in another shape."""
    return [
        name
        for name, own in network.state_dict().items()
        if name.startswith(parts)
        and not name.endswith("num_batches_tracked")
        and (name not in given or given[name].shape != own.shape)
    ]


def compare(
    stored: Checkpoint,
    other: Checkpoint | None,
    films: Sequence[SnapshotFilm],
    device: torch.device,
    report: Report,
) -> dict[str, Any]:
    """`training.evaluation.point_figures` of stored weights, all looks, as in serving.

    Returns `metrics`, and with `other` its figures `compared` and the gate's `comparison`.
    """
    known = [film for film in films if len(film.discs) > 1]
    tick = each_film(report, "evaluating", len(known) * (1 if other is None else 2))
    mine = found_points(stored, known, device, tick)
    figures: dict[str, Any] = {"metrics": point_figures(known, mine), "compared": {}}
    if other is not None:
        theirs = found_points(other, known, device, tick)
        figures["compared"] = point_figures(known, theirs)
        figures["comparison"] = compared_points(known, mine, theirs)
    return figures


def found_points(
    stored: Checkpoint,
    films: Sequence[SnapshotFilm],
    device: torch.device,
    tick: Callable[[], None],
) -> list[dict[str, DiscPoints]]:
    """The disc points that stored weights find on each film."""
    finder = KeyPointFinder(key_points.build(stored), device)
    found = []
    for film in films:
        found.append(finder.find(film.picture(), film.region).discs)
        tick()
    return found


class KeyPointTask:
    """The films of a snapshot with targets and loss, for `training.loop.train`.

    Raises TrainingError when no training or no validation film has disc points.
    """

    def __init__(self, snapshot: Snapshot, recipe: KeyPointRecipe, report: Report) -> None:
        self.recipe = recipe
        self.device = torch.device("cpu")  # where the films are perturbed
        self.closer = recipe.architecture.looks > 1  # the network is asked more than once
        train, val = snapshot.split("train"), snapshot.split("val")
        tick = each_film(report, "reading", len(train) + len(val))
        self.train, self.train_patches = self._read(train, tick)
        self.val, self.val_patches = self._read(val, tick)
        if not (self.train or self.train_patches) or not (self.val or self.val_patches):
            raise TrainingError(
                "Key points need films with disc points for training and validation."
            )

    def _read(
        self, films: Sequence[SnapshotFilm], tick: Callable[[], None]
    ) -> tuple[list[SmallFilm], Patches]:
        """The films with the points of two discs or more, and patches for a third look."""
        small, patches = [], []
        for film in films:
            tick()
            if len(film.discs) < 2:
                continue
            pixels = film.picture()
            if not self.recipe.third_look_alone:
                small.append(small_film(film, pixels))
            if self.recipe.architecture.looks == 3:
                patches.append(cut_patches(film, pixels))
        return small, together(patches)

    def batch(self, step: int, size: int) -> Batch:
        """Augmented films, their target maps and, for a third look, patches with theirs."""
        random = np.random.default_rng((self.recipe.seed, step))
        whole: Batch = ()
        how = self.recipe.augmentation
        if not self.recipe.third_look_alone:
            chosen = random.integers(len(self.train), size=size)
            films, points = augmented_films(
                self.train, chosen, how, random, self.device, closer=self.closer
            )
            whole = (films, self._places(points))
        if not len(self.train_patches):
            return whole
        each = self.recipe.patches
        chosen = random.integers(len(self.train_patches), size=size * each)
        patches, ends = augmented_patches(
            self.train_patches, chosen, how.exposure, random, self.device
        )
        targets = self._ends(ends)
        return (
            *whole,
            patches.reshape(size, each, *patches.shape[1:]),
            targets.reshape(size, each, *targets.shape[1:]),
        )

    def _places(self, points: Floats) -> Tensor:
        return place_targets(points, SIGMA[self.recipe.architecture.heat])

    def _ends(self, points: Floats) -> Tensor:
        return place_targets(points, SIGMA["mass"], _PATCH_CELLS, PATCH_STRIDE)

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """See `place_loss`; the third look's own is added."""
        heat = self.recipe.architecture.heat
        if not len(self.train_patches):
            films, targets = batch
            return place_loss(network(films), targets, heat)
        *whole, patches, ends = batch
        maps, closer = network(whole[0] if whole else None, patches)
        lost = place_loss(closer.flatten(0, 1), ends.flatten(0, 1), "mass")
        return lost + place_loss(maps, whole[1], heat) if whole else lost

    def counted(self, batch: Batch) -> float:
        """`loss` is a mean over films, each with as many maps and patches."""
        return float(len(batch[0]))

    @torch.inference_mode()
    def validation_loss(self, network: nn.Module) -> float:
        """The loss of all looks of serving at the validation films."""
        device = next(network.parameters()).device
        total, looks = 0.0, (False, True) if self.closer else (False,)
        for chosen in _portions(0 if self.recipe.third_look_alone else len(self.val)):
            for closer in looks:
                films, points = plain_films(self.val, chosen, closer)
                targets = self._places(points).to(device)
                maps = network(films.to(device, memory_format=torch.channels_last))
                loss = place_loss(maps, targets, self.recipe.architecture.heat)
                total += float(loss) * len(chosen) / (len(looks) * len(self.val))
        for chosen in _portions(len(self.val_patches)):
            patches, ends = plain_patches(self.val_patches, chosen)
            maps = network.closer(patches.to(device))  # type: ignore[operator]
            loss = place_loss(maps, self._ends(ends).to(device), "mass")
            total += float(loss) * len(chosen) / len(self.val_patches)
        return total


def _portions(count: int) -> list[npt.NDArray[np.int64]]:
    return [
        np.arange(start, min(start + _VALIDATION_BATCH, count))
        for start in range(0, count, _VALIDATION_BATCH)
    ]
