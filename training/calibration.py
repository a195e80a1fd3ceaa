"""From the probabilities of training to those of the clinic: prior correction and temperature.

Training draws rare grades more often than they are, and fits its own films too well. A shift undoes
the first, a scale (Guo et al., ICML 2017) the second, for each of the three decisions. Both are
fitted on the validation patients, at their natural prevalence: none of their corners was chosen by
a model.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inference.corner_grades import Calibration
from training.batches import Crops
from training.loop import TrainingError
from training.soft_labels import grade_loss


def prior_shift(
    train: Crops, weights: npt.NDArray[np.float64], val: Crops
) -> tuple[float, float, float]:
    """The shift of the logits (bridge, >=1, >=2) from the sampled to the natural prevalence.

    p'(k) ~ p(k) natural(k) / sampled(k) (Saerens et al., Neural Comput 2002;14:21), for each of the
    three decisions. `weights` [n] are the sampling weights of the training discs. The natural
    prevalence is that of the validation patients, held by that of the training patients (as if
    seen on 100 corners) where they are few.
    """
    share = train.votes / np.maximum(train.votes.sum(axis=2, keepdims=True), 1e-9)
    sampled = (weights[:, None, None] * share).sum(axis=(0, 1))
    natural = (val.votes / np.maximum(val.votes.sum(axis=2, keepdims=True), 1e-9)).sum(axis=(0, 1))
    plain = share.sum(axis=(0, 1))
    apart = _log_odds(natural + 100 * plain / plain.sum()) - _log_odds(sampled)
    bridge, any_change, spur = apart.tolist()
    return (bridge, any_change, spur)


def _log_odds(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of a bridge, and without one of grade >=1 and >=2, from counts or shares [4]."""
    n0, n1, n2, n3 = counts / counts.sum() + 1e-6
    return np.log([n3 / (n0 + n1 + n2), (n1 + n2) / n0, n2 / (n0 + n1)])


def fit_calibration(logits: Tensor, targets: Tensor, around: Calibration) -> Calibration:
    """Scale and shift of the three kinds of logits that fit the validation patients best.

    Six numbers, scales by their logarithm, held by a normal prior (SD 0.5) at `around`, so that
    a handful of corners moves them little and thousands decide. Raises TrainingError.
    """
    prior = torch.tensor([*(math.log(scale) for scale in around.scale), *around.shift])
    values = prior.clone().requires_grad_()
    kinds = [0, 1, 2, 1, 2]  # of the five logits
    weight = 2.0 / float(targets.sum().clamp(min=1))
    optimizer = torch.optim.LBFGS([values], max_iter=50, line_search_fn="strong_wolfe")

    def loss() -> float:
        optimizer.zero_grad()
        scaled = logits.detach() * values[:3].exp()[kinds] + values[3:][kinds]
        found = grade_loss(scaled, targets) + weight * (values - prior).square().sum()
        found.backward()  # type: ignore[no-untyped-call]
        return float(found.detach())

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    a, b, c, *shift = values.detach().double().tolist()
    if not all(math.isfinite(value) for value in (a, b, c, *shift)):
        raise TrainingError("The calibration did not converge: check the validation labels.")
    return Calibration((math.exp(a), math.exp(b), math.exp(c)), (shift[0], shift[1], shift[2]))
