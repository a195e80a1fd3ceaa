"""ImageNet weights are taken from a file of torchvision's key names, or missed in clear words."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision

from inference.corner_grades import CornerGradeNet, GraderArchitecture
from training.corner_grades import started_from
from training.grader_recipes import RECIPES, GraderRecipe
from training.pretrained import PretrainedError

NAME = "resnet18-f37072fd.pth"  # as in torchvision's list
SMALL = replace(RECIPES["best"], architecture=GraderArchitecture("resnet18", stages=2))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNDESMO_PRETRAINED", str(tmp_path))
    return tmp_path


def start(recipe: GraderRecipe) -> tuple[CornerGradeNet, str]:
    network = CornerGradeNet(recipe.architecture)
    return network, started_from(network, None, recipe)


def test_the_trunk_takes_the_files_weights_and_sums_the_colours(folder: Path) -> None:
    torch.manual_seed(7)
    official = torchvision.models.resnet18().state_dict()
    torch.save(official, folder / NAME)
    network, said = start(SMALL)
    assert said == f"from ImageNet weights, {NAME}"
    own = network.trunk.state_dict()
    assert torch.equal(own["layer2.1.conv2.weight"], official["layer2.1.conv2.weight"])
    assert torch.equal(own["bn1.running_var"], official["bn1.running_var"])
    grey = torch.rand(1, 1, 32, 32)
    first = torch.nn.functional.conv2d(grey.expand(1, 3, 32, 32), official["conv1.weight"])
    assert torch.allclose(torch.nn.functional.conv2d(grey, own["conv1.weight"]), first, atol=1e-4)


def test_without_the_file_the_run_says_that_it_starts_from_scratch(folder: Path) -> None:
    _, said = start(SMALL)
    assert said.startswith("from scratch: no weights were given; no ImageNet file of resnet18 lies")
    assert str(folder) in said


def test_the_file_is_looked_for_in_torchs_own_cache_too(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path_factory.mktemp("cache") / "hub"
    monkeypatch.setenv("TORCH_HOME", str(cache.parent))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    (cache / "checkpoints").mkdir(parents=True)
    torch.save(torchvision.models.resnet18().state_dict(), cache / "checkpoints" / NAME)
    assert start(SMALL)[1] == f"from ImageNet weights, {NAME}"


def test_a_recipe_without_imagenet_does_not_look(folder: Path) -> None:
    torch.save(torchvision.models.resnet18().state_dict(), folder / NAME)
    assert start(replace(SMALL, imagenet=False))[1] == "from scratch: no weights were given"


def test_a_file_of_another_network_is_refused(folder: Path) -> None:
    torch.save(torchvision.models.resnet50().state_dict(), folder / NAME)
    with pytest.raises(PretrainedError, match="of another network"):
        start(SMALL)


class Opened:
    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit('the pickle ran')",))


@pytest.mark.parametrize("content", [b"half a file", pickle.dumps(Opened())])
def test_a_file_that_is_no_plain_weights_is_never_run(folder: Path, content: bytes) -> None:
    (folder / NAME).write_bytes(content)
    with pytest.raises(PretrainedError, match="holds no plain weights"):
        start(SMALL)


def test_paper_and_best_ask_for_the_backbone_by_one_word() -> None:
    assert RECIPES["paper"].architecture.backbone == "resnet152"
    assert RECIPES["paper"].imagenet
    assert RECIPES["best"].imagenet
