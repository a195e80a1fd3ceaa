"""Weights files: what goes in comes out, and nothing but a safetensors file is ever opened."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from inference import checkpoint
from inference.checkpoint import CheckpointError


def small() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))


def test_weights_and_metadata_come_back(tmp_path: Path) -> None:
    sha256 = checkpoint.save(tmp_path / "w.safetensors", small(), {"task": "a", "n": [1, 2]})
    stored = checkpoint.load(tmp_path / "w.safetensors", "a")
    other = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))
    checkpoint.fill(other, stored)
    assert stored.metadata["n"] == [1, 2]
    assert stored.sha256 == sha256
    assert torch.allclose(other[0].weight, small()[0].weight, atol=1e-3)
    assert other[0].weight.dtype == torch.float32


def test_the_same_weights_give_the_same_file(tmp_path: Path) -> None:
    first = checkpoint.save(tmp_path / "a.safetensors", small(), {"task": "a"})
    assert checkpoint.save(tmp_path / "b.safetensors", small(), {"task": "a"}) == first


def test_tiny_variances_survive_the_rounding(tmp_path: Path) -> None:
    network = small()
    network[1].running_var.fill_(1e-9)
    checkpoint.save(tmp_path / "w.safetensors", network, {"task": "a"})
    stored = checkpoint.load(tmp_path / "w.safetensors")
    assert stored.state["1.running_var"].min() == pytest.approx(1e-9)


def test_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "sprung",))  # type: ignore[return-value]

    path = tmp_path / "w.pt"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(CheckpointError, match="never opened"):
        checkpoint.load(path)
    assert not (tmp_path / "sprung").exists()


def test_a_torch_archive_is_refused(tmp_path: Path) -> None:
    torch.save(small().state_dict(), tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match="no safetensors file"):
        checkpoint.load(tmp_path / "w.pth")


def test_a_foreign_safetensors_file_is_refused(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(2, 2)}, tmp_path / "w.safetensors")
    with pytest.raises(CheckpointError, match="no syndesmo-checkpoint/1 description"):
        checkpoint.load(tmp_path / "w.safetensors")


@pytest.mark.parametrize("header", ["", "words", "[1]", '"word"'])
def test_a_description_that_is_none_is_refused_in_a_sentence(tmp_path: Path, header: str) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"a": torch.zeros(2)}, path, metadata={"syndesmo": header})
    with pytest.raises(CheckpointError, match="no syndesmo-checkpoint/1 description"):
        checkpoint.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no weights file gone\.safetensors"):
        checkpoint.load(tmp_path / "gone.safetensors")


def test_weights_of_the_other_task_are_refused(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "w.safetensors", small(), {"task": "key_points"})
    with pytest.raises(CheckpointError, match="key_points, not corner_grades"):
        checkpoint.load(tmp_path / "w.safetensors", "corner_grades")


def test_another_architecture_is_refused_with_an_example(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "w.safetensors", small(), {"task": "a"})
    stored = checkpoint.load(tmp_path / "w.safetensors")
    with pytest.raises(
        CheckpointError, match=r"another architecture: .* differ: 1, such as 0\.weight"
    ):
        checkpoint.fill(nn.Sequential(nn.Conv2d(1, 4, 5), nn.BatchNorm2d(4)), stored)
