"""The loop: learns, keeps the best, repeats itself by seed, stops in a sentence."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from training.loop import Batch, Schedule, TrainingError, learning_rate, train

torch.set_num_threads(1)
SCHEDULE = Schedule(
    steps=60, batch=16, learning_rate=0.05, validate_every=10, average=0.5, bfloat16=False
)


class Line:
    """Learn the mean grey of a picture."""

    def __init__(self, broken_at: int = -1, worse_after: int = 10**9, room: int = 10**9) -> None:
        self.broken_at, self.worse_after, self.validations = broken_at, worse_after, 0
        self.room = room

    def batch(self, step: int, size: int) -> Batch:
        pictures = torch.rand(size, 1, 4, 4, generator=torch.Generator().manual_seed(step))
        if step == self.broken_at:
            pictures[0] = math.nan
        return pictures, pictures.mean(dim=(1, 2, 3))

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        if network.training and len(batch[0]) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return (network(batch[0])[:, 0] - batch[1]).square().mean()

    def counted(self, batch: Batch) -> float:
        return float(len(batch[0]))

    def validation_loss(self, network: nn.Module) -> float:
        self.validations += 1
        loss = float(self.loss(network, self.batch(10_000, 64)).detach())
        return loss + 1 if self.validations > self.worse_after else loss


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 1))


def run(task: Line, schedule: Schedule = SCHEDULE) -> tuple[nn.Module, list[dict[str, Any]]]:
    said: list[dict[str, Any]] = []
    return train(network(), task, schedule, torch.device("cpu"), said.append), said


def test_the_loop_learns() -> None:
    trained, _ = run(Line())
    assert Line().validation_loss(trained) < 0.1 * Line().validation_loss(network())


def test_the_same_seed_gives_the_same_weights() -> None:
    first, second = run(Line())[0], run(Line())[0]
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_loss_that_is_no_number_ends_the_run_with_a_sentence() -> None:
    with pytest.raises(TrainingError, match="no number at step 7: lower the learning rate"):
        run(Line(broken_at=7))


def test_the_best_on_validation_is_kept_not_the_last() -> None:
    kept, _ = run(Line(worse_after=1))
    ten, _ = run(Line(), replace(SCHEDULE, steps=60, patience=0))
    first_validation, _ = run(Line(worse_after=1), replace(SCHEDULE, patience=1))
    assert torch.equal(kept[1].weight, first_validation[1].weight)  # type: ignore[index]
    assert not torch.equal(kept[1].weight, ten[1].weight)  # type: ignore[index]


def test_patience_ends_a_run_that_gets_no_better() -> None:
    task = Line(worse_after=1)
    run(task, replace(SCHEDULE, patience=2))
    assert task.validations == 4


def test_progress_tells_step_loss_and_time_left() -> None:
    _, said = run(Line(), replace(SCHEDULE, report_every_s=0.0))
    assert said[0]["step"] == 1
    assert {line["phase"] for line in said} == {"train", "validate"}
    assert all({"step", "steps", "loss", "eta_s", "phase"} == line.keys() for line in said)
    assert said[-1]["step"] == said[-1]["steps"] == 60


def test_one_cycle_rises_and_falls() -> None:
    rates = [learning_rate(SCHEDULE, step) for step in range(60)]
    assert rates[5] == max(rates) == pytest.approx(0.05)
    assert rates[0] < 0.01
    assert rates[-1] < 0.001


def test_a_constant_rate_stays() -> None:
    constant = replace(SCHEDULE, one_cycle=False)
    assert {learning_rate(constant, step) for step in range(60)} == {0.05}


@pytest.mark.parametrize("room", [8, 5, 1])
def test_out_of_memory_halves_the_batch_says_so_and_ends_at_the_same_weights(room: int) -> None:
    trained, said = run(Line(room=room))
    halved = [line["phase"] for line in said if "memory ran out" in line["phase"]]
    assert len(halved) == {8: 1, 5: 2, 1: 4}[room]
    assert halved[0] == "memory ran out: the batch is halved, 8 pictures at a time"
    whole, _ = run(Line())
    for a, b in zip(trained.parameters(), whole.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-5)


def test_too_little_memory_for_one_picture_ends_the_run_with_a_sentence() -> None:
    with pytest.raises(TrainingError, match="too little memory for a single picture"):
        run(Line(room=0))


@pytest.mark.parametrize(("decay", "kind"), [(0.0, torch.optim.Adam), (0.1, torch.optim.AdamW)])
def test_without_weight_decay_the_optimizer_is_adam(
    decay: float, kind: type[torch.optim.Optimizer]
) -> None:
    used: list[type] = []

    def note(optimizer: torch.optim.Optimizer, *_: object) -> None:
        used.append(type(optimizer))

    handle = register_optimizer_step_pre_hook(note)
    run(Line(), replace(SCHEDULE, steps=1, weight_decay=decay))
    handle.remove()
    assert used == [kind]


def test_the_gradient_is_clipped_only_where_the_recipe_says_so() -> None:
    kept = [
        run(Line(), replace(SCHEDULE, steps=3, clip=clip))[0][1].weight  # type: ignore[index]
        for clip in (0.0, 1e9, 1e-6)
    ]
    assert torch.equal(kept[0], kept[1])
    assert not torch.equal(kept[0], kept[2])
