"""How far a whole run is: reading, training and evaluating share one scale that never goes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from training.loop import Report

EVERY_S = 2.0
Parts = Mapping[str, tuple[float, float]]

# Shares of the bar, not of the time: which phase takes longest depends on recipe and machine
RUN: Parts = {
    "reading": (0.0, 0.1),
    "going on": (0.1, 0.8),
    "train": (0.1, 0.8),
    "validate": (0.1, 0.8),
    "evaluating": (0.8, 1.0),
}
EVALUATION: Parts = {"evaluating": (0.0, 1.0)}


def of_the_whole(report: Report, parts: Parts) -> Report:
    """A report whose lines also say `progress`, 0 to 1, of the whole run.

    What has no part of its own, such as the choice of weights to start from, leaves it as it is.
    """
    far = 0.0

    def told(line: dict[str, Any]) -> None:
        nonlocal far
        begin, end = parts.get(line["phase"], (far, far))
        far = max(far, begin + (end - begin) * line["step"] / max(1, line["steps"]))
        report({**line, "progress": round(far, 4)})

    return told


def each_film(report: Report, phase: str, films: int) -> Callable[[], None]:
    """What to call after each of so many films: says the first, the last, and some between."""
    done, said = 0, float("-inf")

    def tick() -> None:
        nonlocal done, said
        done += 1
        now = time.monotonic()
        if done == films or now - said >= EVERY_S:
            said = now
            report({"phase": phase, "step": done, "steps": films, "unit": "film"})

    return tick
