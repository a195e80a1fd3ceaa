"""Batches made ahead: the same ones, early, never too many, errors at their turn."""

from __future__ import annotations

import threading
import time

import pytest
import torch
from torch import Tensor

from training import ahead as module
from training.ahead import ahead

CPU = torch.device("cpu")


class Maker:
    def __init__(self, broken_at: int = -1) -> None:
        self.broken_at, self.made = broken_at, list[int]()

    def batch(self, step: int, size: int) -> tuple[Tensor, ...]:
        self.made.append(step)
        if step == self.broken_at:
            raise ValueError("no film")
        return (torch.full((size,), float(step)),)

    def has_made(self, number: int) -> None:
        """Wait until it has."""
        deadline = time.monotonic() + 60
        while len(self.made) < number and time.monotonic() < deadline:
            time.sleep(0.01)


@pytest.fixture(params=[1, 3])
def _threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module._THREADS, "cpu", request.param)


@pytest.mark.usefixtures("_threads")
def test_every_step_gets_its_own_batch() -> None:
    task = Maker()
    with ahead(task, 10, CPU):
        assert [float(task.batch(step, 2)[0][0]) for step in range(10)] == list(range(10))


def test_batches_are_made_ahead_but_not_many_and_none_beyond_the_end() -> None:
    maker = Maker()
    with ahead(maker, 6, CPU):
        maker.batch(0, 1)
        maker.has_made(4)
        time.sleep(0.2)
        assert maker.made == [0, 1, 2, 3]
        for step in range(1, 6):
            maker.batch(step, 1)
    assert maker.made == [0, 1, 2, 3, 4, 5]


def test_a_run_that_goes_on_starts_in_the_middle() -> None:
    maker = Maker()
    with ahead(maker, 6, CPU):
        assert float(maker.batch(4, 1)[0][0]) == 4
        maker.has_made(2)
        time.sleep(0.1)
    assert maker.made == [4, 5]


def test_an_error_comes_at_its_own_step() -> None:
    task = Maker(broken_at=2)
    with ahead(task, 6, CPU):
        task.batch(0, 1)
        task.batch(1, 1)
        with pytest.raises(ValueError, match="no film"):
            task.batch(2, 1)


def test_no_thread_and_no_setting_is_left_behind() -> None:
    maker, whole = Maker(), torch.get_num_threads()
    with ahead(maker, 6, CPU):
        maker.batch(0, 1)
    assert torch.get_num_threads() == whole
    assert not [t for t in threading.enumerate() if t.name.startswith("batches")]
    assert maker.batch(9, 1)[0] == 9  # the task itself is as it was
