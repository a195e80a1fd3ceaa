"""A run that was killed goes on to the same result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from training.loop import Batch, Report, Schedule, train
from training.resume import Resume

torch.set_num_threads(1)
SCHEDULE = Schedule(
    steps=20, batch=8, learning_rate=0.01, validate_every=4, average=0.5, bfloat16=False
)


class KilledError(Exception):
    """The process died here."""


def died() -> None:
    """As far as this process can tell."""
    raise KilledError


class Task:
    def __init__(self, dies_at: int = -1, dies: Callable[[], None] = died, room: int = 99) -> None:
        self.dies_at, self.dies, self.room = dies_at, dies, room
        self.steps: list[int] = []

    def batch(self, step: int, size: int) -> Batch:
        self.steps.append(step)
        if step == self.dies_at:
            self.dies()
        return (torch.rand(size, 1, 4, 4, generator=torch.Generator().manual_seed(step)),)

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        if network.training and len(batch[0]) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return (network(batch[0])[:, 0] - batch[0].amax(dim=(1, 2, 3))).square().mean()

    def counted(self, batch: Batch) -> float:
        return float(len(batch[0]))

    def validation_loss(self, network: nn.Module) -> float:
        return float(self.loss(network, self.batch(999, 32)).detach())


def silent(_: dict[str, Any]) -> None:
    pass


def run(
    task: Task, resume: Resume | None, schedule: Schedule = SCHEDULE, report: Report = silent
) -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Dropout(0.3), nn.Linear(12, 1)
    )
    return train(network, task, schedule, torch.device("cpu"), report, resume)


def killed(path: Path, key: str = "run", *, dies_at: int = 13, room: int = 99) -> None:
    with pytest.raises(KilledError):
        run(Task(dies_at, room=room), Resume(path, key, every_s=0))


def test_a_killed_run_ends_with_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    killed(tmp_path / "r")
    task = Task()
    resumed = run(task, Resume(tmp_path / "r", "run"))
    assert 13 in task.steps
    assert 5 not in task.steps
    for a, b in zip(resumed.parameters(), run(Task(), None).parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_run_that_memory_ran_out_for_goes_on_in_as_small_parts(tmp_path: Path) -> None:
    """Batch norm sees a part at a time: with more memory on the second day it saw the whole."""
    killed(tmp_path / "r", dies_at=3, room=4)  # before the first validation
    resumed = run(Task(), Resume(tmp_path / "r", "run"))
    whole = run(Task(room=4), None)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def stands_still() -> None:
    """Somebody waits for this line, and kills."""
    sys.stdout.write("here\n")
    sys.stdout.flush()
    time.sleep(100)


def test_a_process_that_was_killed_outright_is_carried_on_by_another(tmp_path: Path) -> None:
    command = [sys.executable, __file__, str(tmp_path / "r")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(Path.cwd())}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.kill()  # SIGKILL: nothing is cleared up
    assert process.returncode == -signal.SIGKILL
    task = Task()
    resumed = run(task, Resume(tmp_path / "r", "run"))
    assert 5 not in task.steps
    for a, b in zip(resumed.parameters(), run(Task(), None).parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_state_of_another_run_is_not_taken(tmp_path: Path) -> None:
    killed(tmp_path / "r", "another")
    fresh = run(Task(), Resume(tmp_path / "r", "run"), replace(SCHEDULE, steps=4))
    plain = run(Task(), None, replace(SCHEDULE, steps=4))
    for a, b in zip(fresh.parameters(), plain.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_damaged_state_starts_the_run_again_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "r").write_bytes(b"half a file")
    task, said = Task(), list[dict[str, Any]]()
    run(task, Resume(tmp_path / "r", "run"), report=said.append)
    assert task.steps[0] == 0
    assert said[0]["phase"].startswith("beginning anew: the state that was kept")


def test_the_state_is_not_written_at_every_step(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        run(Task(dies_at=13), Resume(tmp_path / "r", "run", every_s=600))
    assert not (tmp_path / "r").exists()


if __name__ == "__main__":
    run(Task(dies_at=13, dies=stands_still), Resume(Path(sys.argv[1]), "run", every_s=0))
