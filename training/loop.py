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

from inference.precision import knows_bfloat16
from training.ahead import ahead
from training.resume import Resume, State

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
    bfloat16: bool = True  # where the device knows it: half the memory and up to half the time
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
    network: Network,
    task: Task,
    schedule: Schedule,
    device: torch.device,
    report: Report,
    resume: Resume | None = None,
) -> Network:
    """Train and return the weights that did best on the validation patients.

    Raises TrainingError when the loss is no longer a number.
    """
    with ahead(task, schedule.steps, device):
        return _train(network, task, schedule, device, report, resume)


def _train(
    network: Network,
    task: Task,
    schedule: Schedule,
    device: torch.device,
    report: Report,
    resume: Resume | None,
) -> Network:
    network = network.to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay
    )
    state = State(network, copy.deepcopy(network), copy.deepcopy(network), optimizer)
    if resume and resume.restore(state):
        report({"phase": "going on", "step": state.step, "steps": schedule.steps})
    progress = _Progress(schedule, report, state.step)
    while state.step < schedule.steps and state.waited <= schedule.patience:
        loss = _step(state, task, schedule, device)
        progress.tick(state.step, loss)
        if state.step == schedule.steps or state.step % schedule.validate_every == 0:
            validation = task.validation_loss(state.averaged.eval())
            progress.validated(state.step, validation)
            state.waited += 1
            if validation < state.best_loss:
                state.best.load_state_dict(state.averaged.state_dict())
                state.best_loss, state.waited = validation, 0
        if resume:
            resume.store(state)
    if not math.isfinite(state.best_loss):
        raise TrainingError("The validation loss never was a number: check the validation films.")
    if resume:
        resume.forget()
    network.load_state_dict(state.best.state_dict())
    return network.eval()


def _step(state: State, task: Task, schedule: Schedule, device: torch.device) -> Tensor:
    """One descent and one step of the average; counts it."""
    step, network = state.step, state.network
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(schedule, step)
    network.train()
    torch.manual_seed(step)  # dropout too follows from the step alone
    batch = tuple(part.to(device) for part in task.batch(step, schedule.batch))
    bfloat16 = schedule.bfloat16 and knows_bfloat16(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
        loss = task.loss(network, batch)
    if not torch.isfinite(loss):
        raise TrainingError(f"The loss is no number at step {step}: lower the learning rate.")
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), 5.0)  # one odd film must not undo a run
    state.optimizer.step()
    # A short history must not be dominated by the random start
    _average(state.averaged, network, min(schedule.average, (1 + step) / (10 + step)))
    state.step += 1
    return loss.detach()


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

    def __init__(self, schedule: Schedule, report: Report, first: int) -> None:
        self.schedule, self.report, self.first = schedule, report, first
        self.started = self.said = time.monotonic()
        self.losses: list[float] = []

    def tick(self, done: int, loss: Tensor) -> None:
        """Hear the loss of step number `done`; say the mean since the last line."""
        self.losses.append(float(loss))
        now = time.monotonic()
        if now - self.said >= self.schedule.report_every_s or done == self.schedule.steps:
            self.said = now
            self._say("train", done, sum(self.losses) / len(self.losses))
            self.losses.clear()

    def validated(self, done: int, loss: float) -> None:
        """Say the validation loss, at once."""
        self._say("validate", done, loss)

    def _say(self, phase: str, done: int, loss: float) -> None:
        per_step = (time.monotonic() - self.started) / (done - self.first)
        self.report(
            {
                "phase": phase,
                "step": done,
                "steps": self.schedule.steps,
                "loss": round(loss, 5),
                "eta_s": round(per_step * (self.schedule.steps - done)),
            }
        )
