"""A card that is named and does not answer is not worked with."""

from __future__ import annotations

import pytest
import torch

from inference import gpu
from inference.predict import Grader


def gone(*_: object) -> None:
    raise torch.AcceleratorError("CUDA error: GPU is lost\nCompile with TORCH_USE_CUDA_DSA")


@pytest.mark.parametrize("does", [gone, lambda: None])
def test_a_card_that_is_lost_does_not_answer(monkeypatch: pytest.MonkeyPatch, does: object) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", does)
    assert gpu.answers() == (does is not gone)


def test_without_an_answer_the_processor_grades(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", gone)
    assert Grader.from_files().finder.device.type == "cpu"


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (torch.AcceleratorError("unspecified launch failure"), True),
        (RuntimeError("CUDA error: device-side assert triggered"), True),
        (RuntimeError("CUDA driver initialization failed"), True),
        (RuntimeError("The size of tensor a must match the size of tensor b"), False),
    ],
)
def test_only_a_drivers_error_is_a_lost_card(error: RuntimeError, *, lost: bool) -> None:
    assert gpu.is_lost(error) == lost
