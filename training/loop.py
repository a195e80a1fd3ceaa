"""One plain loop for both networks, read from top to bottom.

Deterministic: batch k depends on the seed and on k alone, never on what ran before.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

Batch = tuple[Tensor, ...]
Report = Callable[[dict[str, Any]], None]
Network = TypeVar("Network", bound=nn.Module)


class TrainingError(RuntimeError):
    """A run that must end; the sentence is for the administrator."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast. Each recipe gives its reasons beside its numbers."""

    steps: int
    batch: int
    learning_rate: float
    weight_decay: float = 0.01
    one_cycle: bool = True  # False: constant, as in the paper
    average: float = 0.998  # EMA of the weights: as good as several late epochs; 0 switches off
    validate_every: int = 200
    patience: int = 8  # validations without a better one until the run stops
    bfloat16: bool = True  # halves memory and, on processors that know it, the time
    report_every_s: float = 2.0


class Task(Protocol):
    """What a network's own file gives to the loop."""

    def batch(self, step: int, size: int) -> Batch:
        """The tensors of one step, the first of them the pictures [n, 1, h, w]."""

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """The scalar to descend."""

    def validation_loss(self, network: nn.Module) -> float:
        """Loss on the validation patients; the lowest decides which weights are kept."""


def train(
    network: Network, task: Task, schedule: Schedule, device: torch.device, report: Report
) -> Network:
    """Train and return the weights that did best on the validation patients.

    Raises TrainingError when the loss is no longer a number.
    """
    network = network.to(device).to(memory_format=torch.channels_last)
    averaged = copy.deepcopy(network)
    best, best_loss, waited = copy.deepcopy(network), math.inf, 0
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay
    )
    progress = _Progress(schedule, report)
    for step in range(schedule.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(schedule, step)
        network.train()
        batch = tuple(part.to(device) for part in task.batch(step, schedule.batch))
        with torch.autocast(device.type, torch.bfloat16, enabled=schedule.bfloat16):
            loss = task.loss(network, batch)
        if not torch.isfinite(loss):
            raise TrainingError(f"The loss is no number at step {step}: lower the learning rate.")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)  # one odd film must not undo a run
        optimizer.step()
        # A short history must not be dominated by the random start
        _average(averaged, network, min(schedule.average, (1 + step) / (10 + step)))
        progress.tick(step, loss)
        last = step + 1 == schedule.steps
        if last or (step + 1) % schedule.validate_every == 0:
            validation = task.validation_loss(averaged.eval())
            progress.validated(step, validation)
            waited += 1
            if validation < best_loss:
                best, best_loss, waited = copy.deepcopy(averaged), validation, 0
            if waited > schedule.patience:
                break
    if not math.isfinite(best_loss):
        raise TrainingError("The validation loss never was a number: check the validation films.")
    return best.eval()


def learning_rate(schedule: Schedule, step: int) -> float:
    """One cycle: a tenth of the run up, a cosine down to nothing; or constant."""
    if not schedule.one_cycle:
        return schedule.learning_rate
    rise = max(1, schedule.steps // 10)
    if step < rise:
        return schedule.learning_rate * (step + 1) / rise
    share = (step - rise) / max(1, schedule.steps - rise)
    return schedule.learning_rate * 0.5 * (1 + math.cos(math.pi * share))


@torch.no_grad()
def _average(averaged: nn.Module, network: nn.Module, keep: float) -> None:
    old, new = averaged.state_dict(), network.state_dict()
    for name, tensor in new.items():
        if tensor.is_floating_point():
            old[name].lerp_(tensor, 1 - keep)


def reading(report: Report, every: int = 20) -> Callable[[int], None]:
    """Tells how many films have been read, before the first step."""

    def tick(done: int) -> None:
        if done % every == 1:
            report({"phase": f"reading film {done}", "step": 0, "steps": 1})

    return tick


class _Progress:
    """Says step, loss and time left, not more often than every few seconds."""

    def __init__(self, schedule: Schedule, report: Report) -> None:
        self.schedule, self.report = schedule, report
        self.started = self.said = time.monotonic()
        self.losses: list[float] = []

    def tick(self, step: int, loss: Tensor) -> None:
        self.losses.append(float(loss.detach()))
        now = time.monotonic()
        if now - self.said >= self.schedule.report_every_s or step + 1 == self.schedule.steps:
            self.said = now
            self._say("train", step, sum(self.losses) / len(self.losses))
            self.losses.clear()

    def validated(self, step: int, loss: float) -> None:
        self._say("validate", step, loss)

    def _say(self, phase: str, step: int, loss: float) -> None:
        done = step + 1
        left = (time.monotonic() - self.started) / done * (self.schedule.steps - done)
        self.report(
            {
                "phase": phase,
                "step": done,
                "steps": self.schedule.steps,
                "loss": round(loss, 5),
                "eta_s": round(left),
            }
        )
