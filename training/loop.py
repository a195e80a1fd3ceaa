"""One plain loop for both networks, read from top to bottom.

Deterministic: batch k depends on the seed and on k alone, never on what ran before. A batch may be
done in parts, for want of memory or by several processes: the gradient is that of the whole batch
(but batch norm sees a part at a time; over GPUs it is synchronised).
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from inference.precision import knows_bfloat16
from training.ahead import ahead
from training.processes import ALONE, Group
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
    weight_decay: float = 0.01  # AdamW; 0: plain Adam
    clip: float = 5.0  # norm of the gradient: one odd film must not undo a run; 0 switches off
    one_cycle: bool = True  # False: constant, as in the paper
    average: float = 0.998  # EMA of the weights: as good as several late epochs; 0 switches off
    validate_every: int = 200
    patience: int = 8  # validations without a better one until the run stops
    bfloat16: bool = True  # where the device knows it: half the memory and up to half the time
    report_every_s: float = 2.0


class Task(Protocol):
    """What a network's own file gives to the loop."""

    def batch(self, step: int, size: int) -> Batch:
        """The tensors of one step, all of one length, first the pictures [n, 1, h, w]."""

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """The scalar to descend: a mean over what `counted` counts."""

    def counted(self, batch: Batch) -> float:
        """The denominator of `loss`, so that a batch may be done in parts."""

    def validation_loss(self, network: nn.Module) -> float:
        """Loss on the validation patients; the lowest decides which weights are kept."""


def train(
    network: Network,
    task: Task,
    schedule: Schedule,
    device: torch.device,
    report: Report,
    resume: Resume | None = None,
    group: Group = ALONE,
) -> Network:
    """Train and return the weights that did best on the validation patients.

    Raises TrainingError when the loss is no longer a number, or one picture alone needs more
    memory than there is.
    """
    with ahead(task, schedule.steps, device):
        return _train(network, task, schedule, device, report, resume, group)


def _train(
    network: Network,
    task: Task,
    schedule: Schedule,
    device: torch.device,
    report: Report,
    resume: Resume | None,
    group: Group,
) -> Network:
    network = network.to(device).to(memory_format=torch.channels_last)
    optimizer = (torch.optim.AdamW if schedule.weight_decay else torch.optim.Adam)(
        network.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay
    )
    state = State(network, copy.deepcopy(network), copy.deepcopy(network), optimizer)
    kept = resume is not None and resume.path.exists()
    if resume and resume.restore(state):
        report({"phase": "going on", "step": state.step, "steps": schedule.steps})
    elif kept:  # somebody hoped to go on: what serves was replaced, or the snapshot
        told = "beginning anew: the state that was kept is of another run or damaged"
        report({"phase": told, "step": 0, "steps": 1})
    descent = _Descent(state, task, schedule, device, report, group)
    progress = _Progress(schedule, report, state.step)
    while state.step < schedule.steps and state.waited <= schedule.patience:
        loss = descent.step()
        progress.tick(state.step, loss)
        if state.step == schedule.steps or state.step % schedule.validate_every == 0:
            judged = task.validation_loss(state.averaged.eval()) if group.first else 0.0
            validation = group.from_first(judged, device)
            progress.validated(state.step, validation)
            state.waited += 1
            if validation < state.best_loss:
                state.best.load_state_dict(state.averaged.state_dict())
                state.best_loss, state.waited = validation, 0
        if resume and group.first:
            resume.store(state)
    if not math.isfinite(state.best_loss):
        raise TrainingError("The validation loss never was a number: check the validation films.")
    network.load_state_dict(state.best.state_dict())
    return network.eval()


class _Descent:
    """One step after another; in more parts when memory runs out."""

    def __init__(
        self,
        state: State,
        task: Task,
        schedule: Schedule,
        device: torch.device,
        report: Report,
        group: Group,
    ) -> None:
        self.state, self.task, self.schedule = state, task, schedule
        self.device, self.report, self.group = device, report, group
        self.least = schedule.batch // group.size  # pictures in the smallest share
        if not self.least:
            raise TrainingError(
                f"The recipe's batch of {schedule.batch} cannot be shared by {group.size} "
                "processes: start fewer."
            )
        if group.size > 1:
            # Later, one that runs out of memory would leave the others waiting for ever
            tried = copy.deepcopy(state.network)
            self._gradient(tried, with_others=False)
            state.parts = group.most(state.parts, device)
            # They would wait for the gradient of a layer that the loss never meets, too
            for own, met in zip(state.network.parameters(), tried.parameters(), strict=True):
                own.requires_grad_(met.grad is not None)
        self.network = group.wrapped(state.network)

    def step(self) -> Tensor:
        """One descent and one step of the average; counts it and returns the loss."""
        state, schedule = self.state, self.schedule
        for parameters in state.optimizer.param_groups:
            parameters["lr"] = learning_rate(schedule, state.step)
        loss = self.group.total(self._gradient(self.network, with_others=True))
        if not torch.isfinite(loss):
            raise TrainingError(
                f"The loss is no number at step {state.step}: lower the learning rate."
            )
        if schedule.clip:
            nn.utils.clip_grad_norm_(state.network.parameters(), schedule.clip)
        state.optimizer.step()
        # A short history must not be dominated by the random start
        keep = min(schedule.average, (1 + state.step) / (10 + state.step))
        _average(state.averaged, state.network, keep)
        state.step += 1
        return loss

    def _gradient(self, network: nn.Module, *, with_others: bool) -> Tensor:
        """Leave the gradient of this step's batch in `network`; returns this process's loss."""
        step, group = self.state.step, self.group
        whole = self.task.batch(step, self.schedule.batch)
        mine, counted = group.share(whole), self.task.counted(whole)
        while True:
            network.train()
            network.zero_grad(set_to_none=True)
            torch.manual_seed(step * group.size + group.rank)  # dropout follows from the step
            try:
                return self._backward(network, mine, counted)
            except torch.OutOfMemoryError:
                if with_others and group.size > 1:
                    raise  # the others wait in the middle of the step
            self._halve()  # here: the handler above would keep the graph alive

    def _backward(self, network: nn.Module, mine: Batch, counted: float) -> Tensor:
        """Backward of the shares of one batch, part by part; returns their part of the loss."""
        total = torch.zeros((), device=self.device)
        bfloat16 = self.schedule.bfloat16 and knows_bfloat16(self.device)
        # As many parts in every process: synchronised batch norms meet in each of them
        split = (torch.tensor_split(tensor, self.state.parts) for tensor in mine)
        parts = list(zip(*split, strict=True))
        for number, part in enumerate(parts, start=1):
            held = tuple(tensor.to(self.device, non_blocking=True) for tensor in part)
            last = number == len(parts)
            with nullcontext() if last else _no_sync(network):
                with torch.autocast(self.device.type, torch.bfloat16, enabled=bfloat16):
                    loss = self.task.loss(network, held) * (self.task.counted(held) / counted)
                # Several processes: their gradients are averaged, and should be summed
                (loss * self.group.size).backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return total

    def _halve(self) -> None:
        state = self.state
        if state.parts >= self.least:
            raise TrainingError(
                "The GPU has too little memory for a single picture of this recipe: "
                "choose a smaller recipe, or end what else uses the GPU."
            )
        state.parts = min(2 * state.parts, self.least)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        size = math.ceil(self.least / state.parts)
        self.report(
            {
                "phase": f"memory ran out: the batch is halved, {size} pictures at a time",
                "step": state.step,
                "steps": self.schedule.steps,
            }
        )


def _no_sync(network: nn.Module) -> AbstractContextManager[None]:
    """The last part of a batch averages the gradients of all of them."""
    if isinstance(network, DistributedDataParallel):
        return network.no_sync()
    return nullcontext()


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
