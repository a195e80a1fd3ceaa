"""The official human pose weights find their place, tensor by tensor.

The names and shapes below are written down from the official network's definition (HRNet-W32,
lib/models/pose_hrnet.py and w32_256x192_adam_lr1e-3.yaml), not from the library that serves here.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from inference.checkpoint import Checkpoint
from inference.key_points import KeyPointArchitecture, KeyPointNet
from training import human_pose, key_points
from training.pretrained import PretrainedError

WIDTHS = (32, 64, 128, 256)
Shapes = Iterator[tuple[str, tuple[int, ...]]]


def norm(name: str, width: int) -> Shapes:
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{part}", (width,)
    yield f"{name}.num_batches_tracked", ()


def conv_norm(conv: str, bn: str, inputs: int, outputs: int, kernel: int) -> Shapes:
    yield f"{conv}.weight", (outputs, inputs, kernel, kernel)
    yield from norm(bn, outputs)


def stem() -> Shapes:
    yield from conv_norm("conv1", "bn1", 3, 64, 3)
    yield from conv_norm("conv2", "bn2", 64, 64, 3)
    for block in range(4):  # bottlenecks of 64 with expansion 4
        name = f"layer1.{block}"
        yield from conv_norm(f"{name}.conv1", f"{name}.bn1", 64 if block == 0 else 256, 64, 1)
        yield from conv_norm(f"{name}.conv2", f"{name}.bn2", 64, 64, 3)
        yield from conv_norm(f"{name}.conv3", f"{name}.bn3", 64, 256, 1)
    yield from conv_norm("layer1.0.downsample.0", "layer1.0.downsample.1", 64, 256, 1)
    yield from conv_norm("transition1.0.0", "transition1.0.1", 256, 32, 3)
    yield from conv_norm("transition1.1.0.0", "transition1.1.0.1", 256, 64, 3)
    yield from conv_norm("transition2.2.0.0", "transition2.2.0.1", 64, 128, 3)
    yield from conv_norm("transition3.3.0.0", "transition3.3.0.1", 128, 256, 3)


def fuse(name: str, to: int, branches: int) -> Shapes:
    for start in range(branches):
        at = f"{name}.fuse_layers.{to}.{start}"
        if start > to:
            yield from conv_norm(f"{at}.0", f"{at}.1", WIDTHS[start], WIDTHS[to], 1)
        for step in range(to - start):
            outputs = WIDTHS[to] if step == to - start - 1 else WIDTHS[start]
            yield from conv_norm(f"{at}.{step}.0", f"{at}.{step}.1", WIDTHS[start], outputs, 3)


def stages() -> Shapes:
    for stage, modules in ((2, 1), (3, 4), (4, 3)):
        for module in range(modules):
            name = f"stage{stage}.{module}"
            for branch in range(stage):
                for block in range(4):
                    at, width = f"{name}.branches.{branch}.{block}", WIDTHS[branch]
                    yield from conv_norm(f"{at}.conv1", f"{at}.bn1", width, width, 3)
                    yield from conv_norm(f"{at}.conv2", f"{at}.bn2", width, width, 3)
            last = stage == 4 and module == 2  # human pose reads the finest branch alone
            for to in range(1 if last else stage):
                yield from fuse(name, to, stage)


def official() -> dict[str, torch.Tensor]:
    """A checkpoint of the official names and shapes with random content."""
    torch.manual_seed(3)
    shapes = [
        *stem(),
        *stages(),
        ("final_layer.weight", (17, 32, 1, 1)),
        ("final_layer.bias", (17,)),
    ]
    return {
        name: torch.tensor(7) if name.endswith("tracked") else torch.randn(shape)
        for name, shape in shapes
    }


@pytest.fixture(scope="module")
def checkpoint_of_the_official_shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pretrained") / human_pose.FILE
    torch.save(official(), path)
    return path


def paper_network() -> KeyPointNet:
    torch.manual_seed(0)
    return KeyPointNet(KeyPointArchitecture("hrnet_w32", branches=False, heat="height", looks=1))


def test_the_official_network_has_1754_tensors() -> None:
    assert len(official()) == 1754


def test_1752_of_them_are_taken_and_the_last_layer_stays_our_own(
    checkpoint_of_the_official_shapes: Path,
) -> None:
    network, given = paper_network(), official()
    own_head = network.final_layer[0].weight.clone()
    assert human_pose.fill(network, checkpoint_of_the_official_shapes) == 1752
    taken = network.trunk.state_dict()
    for name, tensor in given.items():
        if name == "conv1.weight":
            assert torch.allclose(taken[name], tensor.sum(1, keepdim=True))
        elif not name.startswith("final_layer"):
            assert torch.equal(taken[name], tensor), name
    assert torch.equal(network.final_layer[0].weight, own_head)


def test_the_file_is_found_in_its_folder_for_its_own_backbone_alone(
    checkpoint_of_the_official_shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNDESMO_PRETRAINED", str(checkpoint_of_the_official_shapes.parent))
    assert human_pose.file_of("hrnet_w32") == checkpoint_of_the_official_shapes
    assert human_pose.file_of("hrnet_w18_small") is None


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / human_pose.FILE
    torch.save({"conv1.weight": torch.zeros(32, 3, 3, 3)}, path)
    with pytest.raises(PretrainedError, match="another network"):
        human_pose.fill(paper_network(), path)


class Evil:
    """Would run code when unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return print, ("run",)


def test_a_pickle_that_is_more_than_tensors_is_never_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / human_pose.FILE
    path.write_bytes(pickle.dumps({"conv1.weight": Evil()}))
    with pytest.raises(PretrainedError, match="no plain weights"):
        human_pose.fill(paper_network(), path)
    assert "run" not in capsys.readouterr().out


def test_a_run_of_the_papers_recipe_starts_from_the_file_when_it_is_here(
    checkpoint_of_the_official_shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SYNDESMO_PRETRAINED", raising=False)
    said: list[dict[str, object]] = []
    key_points.start_from(paper_network(), None, said.append)
    monkeypatch.setenv("SYNDESMO_PRETRAINED", str(checkpoint_of_the_official_shapes.parent))
    key_points.start_from(paper_network(), None, said.append)
    assert [line["phase"] for line in said] == [
        "starting from scratch: no weights were given",
        "starting from 1752 tensors of pose_hrnet_w32_256x192.pth",
    ]


def test_weights_of_another_backbone_do_not_stand_in_its_way(
    checkpoint_of_the_official_shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The product starts every run from what serves: a few layers would fit by chance."""
    serving = Checkpoint({}, KeyPointNet(KeyPointArchitecture()).state_dict(), "")
    said: list[dict[str, object]] = []
    monkeypatch.delenv("SYNDESMO_PRETRAINED", raising=False)
    key_points.start_from(paper_network(), serving, said.append)
    monkeypatch.setenv("SYNDESMO_PRETRAINED", str(checkpoint_of_the_official_shapes.parent))
    key_points.start_from(paper_network(), serving, said.append)
    assert [line["phase"] for line in said] == [
        "starting from scratch: the given weights are of another backbone",
        "starting from 1752 tensors of pose_hrnet_w32_256x192.pth",
    ]
