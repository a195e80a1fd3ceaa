"""A run's state on disk, so that a run that was killed goes on to the same result.

The batch and the dropout of step k depend on k alone (see loop.py), so weights, optimizer and
counters are the whole state. safetensors, like every other file of weights.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from inference.picture import write_whole


@dataclass
class State:
    """Everything that changes while a run goes on."""

    network: nn.Module
    averaged: nn.Module
    best: nn.Module
    optimizer: torch.optim.Optimizer
    step: int = 0  # done so far
    best_loss: float = float("inf")
    waited: int = 0  # validations since the best one
    parts: int = 1  # of a batch, when memory ran out: batch norm sees one part at a time


_COUNTERS = ("step", "best_loss", "waited", "parts")


class Resume:
    """Keeps the state of one run in one file, not more often than every few minutes.

    `key` names the run (recipe, snapshot, initial weights): the file of another run is ignored.
    """

    def __init__(self, path: Path, key: str, every_s: float = 180.0) -> None:
        self.path, self.key, self.every_s = path, key, every_s
        self.stored = time.monotonic()

    def store(self, state: State) -> None:
        """Write the state if the last time is long enough ago."""
        if time.monotonic() - self.stored < self.every_s:
            return
        self.stored = time.monotonic()
        counters = {name: getattr(state, name) for name in _COUNTERS}
        header = {"run": json.dumps({"key": self.key, **counters})}
        tensors = {name: t.detach().cpu().contiguous().clone() for name, t in _tensors(state)}
        write_whole(self.path, save(tensors, metadata=header))

    def restore(self, state: State) -> bool:
        """Continue from the file, in place; False when there is none of this run."""
        try:
            with safe_open(self.path, framework="pt") as file:
                header = json.loads((file.metadata() or {}).get("run", "{}"))
                if header.pop("key", None) != self.key:
                    return False
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError):
            return False
        for part, module in _modules(state).items():
            module.load_state_dict(_below(f"{part}.", tensors))
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _below("optimizer.", tensors).items():
            index, kind = name.split(".")
            moments.setdefault(int(index), {})[kind] = tensor
        state.optimizer.load_state_dict({**state.optimizer.state_dict(), "state": moments})
        for name in _COUNTERS:
            setattr(state, name, header[name])
        return True

    def forget(self) -> None:
        """The run is over: its state is of no more use."""
        self.path.unlink(missing_ok=True)


def _modules(state: State) -> dict[str, nn.Module]:
    return {"network": state.network, "averaged": state.averaged, "best": state.best}


def _tensors(state: State) -> Iterator[tuple[str, Tensor]]:
    for part, module in _modules(state).items():
        for name, tensor in module.state_dict().items():
            yield f"{part}.{name}", tensor
    for index, moments in state.optimizer.state_dict()["state"].items():
        for kind, tensor in moments.items():
            yield f"optimizer.{index}.{kind}", torch.as_tensor(tensor)


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
