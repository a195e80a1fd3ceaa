"""Six discs are a chain: read their maps together, and doubt a chain that fits one level off too.

Taken one by one, the map of a hidden disc may peak on its neighbour. Taken together, the likeliest
way down the spine is the one whose places are warm and whose steps are of one length. The same
maps then say how much worse every disc would fit one level higher or lower: little worse means
that nobody should trust the levels. No torch here.
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mass = npt.NDArray[np.float32]
REACH = 3  # cells around a place whose mass is its own: two sigmas of the training target
_PEAKS = 8  # places considered per disc
_STEP_SD = 0.18  # of the logarithm of a step over the usual one; measured on films: 0.9 to 1.23
_COLDEST = 1e-4  # mass below this counts as this: no map may decide alone
_UPWARD = 9.0  # nats against a step towards the head, about the coldest map


def likeliest_places(mass: Mass) -> Floats:
    """Mass [6, rows, cols] of the centres, cranial first -> places [6, 2] (x, y) in whole cells.

    For an upright film: each disc lies below the one before.
    """
    around = [cv2.boxFilter(one, -1, (2 * REACH + 1,) * 2, normalize=False) for one in mass]
    places, scores = zip(*(_peaks(*pair) for pair in zip(mass, around, strict=True)), strict=True)
    usual = _usual_step(mass, around)
    best, before = scores[0], []
    for index in range(1, len(mass)):
        steps = places[index][None] - places[index - 1][:, None]
        total = best[:, None] + _step_score(steps, usual)
        before.append(total.argmax(axis=0))
        best = total.max(axis=0) + scores[index]
    chosen = [int(best.argmax())]
    for back in reversed(before):
        chosen.append(int(back[chosen[-1]]))
    return np.array([p[c] for p, c in zip(places, reversed(chosen), strict=True)], dtype=float)


def level_margin(mass: Mass, places: Floats) -> float:
    """By how many nats the places fit their own maps better than the maps one level up or down.

    The disc that a shift pushes off the end is looked for one step further on.
    """
    ahead = np.vstack([places[1:], 2 * places[-1] - places[-2]])
    behind = np.vstack([2 * places[0] - places[1], places[:-1]])
    return _fit(mass, places) - max(_fit(mass, ahead), _fit(mass, behind))


def near(one: Mass, place: Floats) -> float:
    """The mass of one map [rows, cols] at and beside a place (x, y); 0 outside of it.

    No further: on the whole film of a neck the next disc is only five cells away.
    """
    (x, y), (rows, cols) = (round(float(value)) for value in place), one.shape
    if not (0 <= x < cols and 0 <= y < rows):
        return 0.0
    return float(one[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].sum())


def _fit(mass: Mass, places: Floats) -> float:
    return float(
        sum(
            np.log(max(near(one, place), _COLDEST)) for one, place in zip(mass, places, strict=True)
        )
    )


def _peaks(one: Mass, around: Mass) -> tuple[Floats, Floats]:
    """The warmest local maxima: places [k, 2] and their logarithmic scores [k]."""
    highest = (one >= cv2.dilate(one, np.ones((3, 3), np.uint8))) & (one > 0)
    rows, cols = np.nonzero(highest)
    if len(rows) == 0:
        rows, cols = np.array([0]), np.array([0])
    order = np.argsort(-one[rows, cols], kind="stable")[:_PEAKS]
    rows, cols = rows[order], cols[order]
    scores = np.log(np.maximum(around[rows, cols], _COLDEST))
    return np.stack([cols, rows], axis=1).astype(float), scores.astype(float)


def _usual_step(mass: Mass, around: list[Mass]) -> float:
    """The median step between the warmest places of neighbouring maps, the sure ones if any."""
    tops = [np.unravel_index(int(one.argmax()), one.shape) for one in mass]
    sure = [float(warm[top]) > 0.3 for warm, top in zip(around, tops, strict=True)]
    steps = np.hypot(*np.diff(np.array(tops, dtype=float), axis=0).T)
    both = [a and b for a, b in itertools.pairwise(sure)]
    return max(float(np.median(steps[both] if any(both) else steps)), 1.0)


def _step_score(steps: Floats, usual: float) -> Floats:
    """Log prior of steps [a, b, 2] (x, y): of the usual length, and downward."""
    length = np.maximum(np.hypot(steps[..., 0], steps[..., 1]), 0.2)
    score = np.maximum(-0.5 * (np.log(length / usual) / _STEP_SD) ** 2, -3 * _UPWARD)
    return np.asarray(score - _UPWARD * (steps[..., 1] <= 0), dtype=np.float64)
