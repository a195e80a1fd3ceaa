"""Weights with their metadata in one safetensors file, and its checksum.

Never a pickle: opening somebody's weights must not run their code. The metadata travels in the
safetensors header as one JSON string, so weights and description cannot be separated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from inference.picture import write_whole

FORMAT = "syndesmo-checkpoint/1"
_KEY = "syndesmo"


class CheckpointError(ValueError):
    """A weights file that cannot be used; the sentence says why."""


@dataclass(frozen=True)
class Checkpoint:
    """What a weights file holds: float32 tensors by name, the metadata, the file's SHA-256."""

    metadata: dict[str, Any]
    state: dict[str, Tensor]
    sha256: str


def save(path: str | Path, module: nn.Module, metadata: Mapping[str, Any]) -> str:
    """Write weights and metadata; returns the file's SHA-256.

    Matrices are stored as float16 (half the size, below the noise of training), vectors such as
    the running variances of batch norm as float32, because float16 would round them to zero.
    """
    packed = {
        name: (tensor.half() if tensor.ndim > 1 and tensor.is_floating_point() else tensor)
        .detach()
        .cpu()
        .contiguous()
        .clone()
        for name, tensor in module.state_dict().items()
        if not name.endswith("num_batches_tracked")  # a training counter, unused by serving
    }
    header = json.dumps({"format": FORMAT, **metadata}, sort_keys=True, allow_nan=False)
    data = to_bytes(packed, metadata={_KEY: header})
    write_whole(path, data)
    return hashlib.sha256(data).hexdigest()


def load(path: str | Path, task: str | None = None) -> Checkpoint:
    """Read a weights file. Raises CheckpointError, with a sentence, for anything else."""
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"There is no weights file {path.name}.")
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {}).get(_KEY)
            state = {name: _as_float(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise CheckpointError(
            f"{path.name} is no safetensors file; weights in other formats, such as pickles, "
            "are never opened."
        ) from error
    metadata = _described(header)
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path.name} has no {FORMAT} description: it is not of this program."
        )
    if task is not None and metadata.get("task") != task:
        raise CheckpointError(f"{path.name} holds weights for {metadata.get('task')}, not {task}.")
    return Checkpoint(metadata, state, hashlib.sha256(path.read_bytes()).hexdigest())


def fill(network: nn.Module, checkpoint: Checkpoint) -> None:
    """Put the weights into the network. Raises CheckpointError when the architecture differs."""
    expected = {
        name: tensor.shape
        for name, tensor in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    given = {name: tensor.shape for name, tensor in checkpoint.state.items()}
    if expected != given:
        odd = sorted(n for n in expected.keys() | given.keys() if expected.get(n) != given.get(n))
        raise CheckpointError(
            f"The weights are of another architecture: tensors that differ: "
            f"{len(odd)}, such as {odd[0]}."
        )
    network.load_state_dict(checkpoint.state, strict=False)


def _described(header: str | None) -> dict[str, Any]:
    """The description in a file's header; empty where there is none that can be read."""
    try:
        described = json.loads(header or "")
    except ValueError:
        return {}
    return described if isinstance(described, dict) else {}


def _as_float(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype == torch.float16 else tensor
