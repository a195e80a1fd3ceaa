"""The key point network: its shapes, and that its weights and their description belong together."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from inference import checkpoint, key_points
from inference.checkpoint import Checkpoint, CheckpointError
from inference.key_points import N_MAPS, KeyPointArchitecture, KeyPointNet

torch.set_num_threads(1)


@pytest.mark.parametrize("branches", [True, False])
def test_the_network_gives_24_maps_at_stride_4(branches: bool) -> None:
    network = KeyPointNet(KeyPointArchitecture(branches=branches)).eval()
    with torch.inference_mode():
        assert network(torch.rand(1, 1, 256, 192)).shape == (1, N_MAPS, 64, 48)


def test_weights_come_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = KeyPointNet(KeyPointArchitecture()).eval()
    path = tmp_path / "w.safetensors"
    checkpoint.save(path, network, key_points.metadata(network.architecture))
    again = key_points.build(checkpoint.load(path, "key_points"))
    view = torch.rand(1, 1, 256, 192)
    with torch.inference_mode():
        assert torch.allclose(again(view), network(view), atol=0.05)


def test_incomplete_metadata_is_refused(tmp_path: Path) -> None:
    network = KeyPointNet(KeyPointArchitecture())
    checkpoint.save(tmp_path / "w.safetensors", network, {"task": "key_points"})
    with pytest.raises(CheckpointError, match="incomplete"):
        key_points.build(checkpoint.load(tmp_path / "w.safetensors"))


@pytest.mark.parametrize("backbone", ["nonsense", "hf_hub:somebody/network", "resnet18"])
def test_a_backbone_that_is_no_hrnet_is_refused_before_any_library_looks_for_it(
    backbone: str,
) -> None:
    described = key_points.metadata(KeyPointArchitecture(backbone))
    with pytest.raises(CheckpointError, match="The backbone must be one of hrnet_w18_small"):
        key_points.build(Checkpoint(described, {}, ""))


def test_films_and_patches_go_through_one_call() -> None:
    network = KeyPointNet(KeyPointArchitecture(looks=3)).eval()
    with torch.inference_mode():
        maps, closer = network(torch.rand(2, 1, 256, 192), torch.rand(2, 3, 1, 112, 112))
    assert maps.shape == (2, N_MAPS, 64, 48)
    assert closer.shape == (2, 3, 2, 56, 56)
