"""Targets and losses of the key points agree with how serving reads the maps."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inference import film_views
from inference.checkpoint import Checkpoint
from inference.film_views import COLS, ROWS
from inference.heat_maps import decode, mass_of
from inference.key_points import N_MAPS, STRIDE, KeyPointArchitecture, KeyPointNet
from training.key_points import RECIPES, KeyPointTask, fit, take_over
from training.loop import TrainingError
from training.place_targets import place_loss, place_targets
from training.snapshot import read

torch.set_num_threads(1)
SHAPE = (ROWS // STRIDE, COLS // STRIDE)


def points(x: float, y: float) -> np.ndarray:
    return np.tile([x, y], (1, N_MAPS, 1)).astype(float)


def test_a_target_decodes_to_the_point_it_was_made_from() -> None:
    mass = place_targets(points(71.3, 123.8), 1.5)[0, :, :-1].reshape(N_MAPS, *SHAPE).numpy()
    assert decode(mass, STRIDE)[0, :2] == pytest.approx([71.3, 123.8], abs=0.4)


def test_every_target_has_mass_one() -> None:
    assert place_targets(points(5, 250), 1.5).sum(dim=2).flatten() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("place", [(-9, 50), (50, ROWS + 9), (math.nan, math.nan)])
def test_a_point_outside_or_of_the_other_region_is_nowhere(place: tuple[float, float]) -> None:
    target = place_targets(points(*place), 1.5)
    assert target[..., -1].tolist() == [[1.0] * N_MAPS]
    assert target[..., :-1].sum() == 0


@pytest.mark.parametrize("heat", ["mass", "height"])
def test_maps_at_the_right_place_cost_less(heat: str) -> None:
    target = place_targets(points(80, 100), 1.5)
    bells = target[..., :-1].reshape(1, N_MAPS, *SHAPE)
    right = 12 * bells / bells.max() if heat == "mass" else bells / bells.max()
    wrong = right.roll(20, dims=2)
    assert place_loss(right, target, heat) < place_loss(wrong, target, heat)


def test_the_loss_of_a_missing_point_falls_when_the_map_is_cold() -> None:
    target = place_targets(points(math.nan, math.nan), 1.5)
    cold = torch.full((1, N_MAPS, *SHAPE), -15.0)
    assert place_loss(cold, target, "mass") < 0.01
    assert place_loss(-cold, target, "mass") > 10


def test_weights_of_a_network_without_a_third_look_are_taken_over_and_the_rest_stays() -> None:
    torch.manual_seed(0)
    old, new = (KeyPointNet(KeyPointArchitecture(looks=looks)) for looks in (2, 3))
    before = {name: tensor.clone() for name, tensor in new.state_dict().items()}
    assert take_over(new, old.state_dict()) == len(old.state_dict())
    for name, tensor in new.state_dict().items():
        expected = before[name] if name.startswith("closer.") else old.state_dict()[name]
        assert torch.equal(tensor, expected)


@pytest.mark.parametrize("recipe", ["paper", "tiny"])
def test_plain_heat_is_taught_as_it_is_read_whatever_refines_it(
    phantoms: Path, recipe: str
) -> None:
    """A bell of height 1 that is narrower than the paper's would be half as sure."""
    network = KeyPointArchitecture(branches=False, heat="height", looks=1)
    task = KeyPointTask(
        read(phantoms), replace(RECIPES[recipe], architecture=network), lambda _: None
    )
    _, targets = task.batch(0, 8)
    bells = targets[..., :-1].reshape(-1, *SHAPE)
    whole = bells[(bells.amax(dim=(1, 2)) > 0) & inside(bells)]
    heights = whole / whole.amax(dim=(1, 2), keepdim=True)
    sure = decode(mass_of(heights[None], "height")[0], STRIDE)[:, 2]
    assert len(sure) > 3
    assert sure == pytest.approx(0.86, abs=0.05)  # what REACH holds of a bell of sigma 2


@pytest.mark.parametrize(("looks", "seen"), [(1, {True}), (2, {True, False})])
def test_a_network_is_taught_and_judged_by_the_looks_that_serving_takes(
    phantoms: Path, monkeypatch: pytest.MonkeyPatch, looks: int, seen: set[bool]
) -> None:
    whole: list[bool] = []

    def noted(name: str, is_whole: bool) -> None:
        plain = getattr(film_views, name)
        monkeypatch.setattr(film_views, name, lambda *a: (whole.append(is_whole), plain(*a))[1])

    network = KeyPointArchitecture(looks=looks)
    task = KeyPointTask(
        read(phantoms), replace(RECIPES["tiny"], architecture=network), lambda _: None
    )
    noted("letterbox", True)
    noted("spine_box", False)
    task.batch(0, 16)
    assert set(whole) == seen
    whole.clear()
    task.validation_loss(KeyPointNet(network))
    assert set(whole) == seen


def inside(bells: torch.Tensor) -> torch.Tensor:
    """Whether a bell [n, h, w] peaks well within its map."""
    row, col = np.unravel_index(bells.flatten(1).argmax(dim=1).numpy(), SHAPE)
    rows, cols = SHAPE
    return torch.from_numpy((row > 6) & (row < rows - 7) & (col > 6) & (col < cols - 7))


@pytest.mark.parametrize("backbone", [None, "hrnet_w32"])
def test_the_third_look_alone_is_not_trained_beside_a_network_that_finds_nothing(
    phantoms: Path, backbone: str | None
) -> None:
    start = None
    if backbone:
        given = KeyPointNet(KeyPointArchitecture(backbone, looks=2)).state_dict()
        start = Checkpoint({"task": "key_points"}, given, "")
    with pytest.raises(TrainingError, match="start from weights of hrnet_w18_small"):
        fit(read(phantoms), RECIPES["third_look"], start, torch.device("cpu"), lambda _: None)


def test_the_third_look_alone_leaves_what_looks_at_the_film_as_it_was(phantoms: Path) -> None:
    torch.manual_seed(0)
    given = KeyPointNet(KeyPointArchitecture(looks=2)).state_dict()
    recipe = replace(RECIPES["tiny"], refines=False, third_look_alone=True)
    start = Checkpoint({"task": "key_points"}, given, "")
    trained, described = fit(read(phantoms), recipe, start, torch.device("cpu"), lambda _: None)
    assert described["architecture"]["looks"] == 3
    state = trained.state_dict()
    for name, tensor in given.items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(state[name], tensor), name
    assert trained.closer is not None
