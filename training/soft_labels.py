"""What a corner should teach, from its votes, and the loss against it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inference.corner_grades import Calibration, log_probabilities


def soft_labels(votes: npt.NDArray[np.float64], smoothing: float) -> Tensor:
    """Votes [n, 2, 4] -> shares of votes, a little of each grade spread to its neighbours.

    Only among 0, 1, 2: a bridge is the disc's and stays whole. Corners without votes stay zero.
    """
    share = votes / np.maximum(votes.sum(axis=2, keepdims=True), 1)
    spread = np.eye(4)
    spread[:3, :3] += smoothing * np.array([[-1, 1, 0], [0.5, -1, 0.5], [0, 1, -1]])
    return torch.from_numpy((share @ spread).astype(np.float32))


def grade_loss(logits: Tensor, targets: Tensor, calibration: Calibration | None = None) -> Tensor:
    """-sum(target * log p) per graded corner. targets [n, 2, 4]; rows of zeros do not count."""
    graded = targets.sum().clamp(min=1)
    return -(targets * log_probabilities(logits, calibration)).sum() / graded
