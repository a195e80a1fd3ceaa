"""Text that may be burnt into a film, told from the pixels alone, before the header is let go.

A label burnt in by a digitiser or a capture program is a row of thin strokes of one even value, all
as high as each other, far brighter or darker than what is around it, and lies near an edge. A lead
marker is one such stroke or, with initials, three; a row counts from four. It is a suspicion, not a
reading: nobody is told what the text says.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.picture import Picture, shrink

SUSPECTED = (
    "There seems to be text in the picture near its edge; look whether it names the patient."
)

# The side on which strokes are looked for: a letter 1 % of the film high is then 10 pixels.
LOOK_AT = 1024
# Below this side a picture has no letters to find.
_LEAST_SIDE = 200
# Of the film's range: how far a stroke stands out, and how much strokes of a row may differ.
# Small letters touch each other at the lower limit and are torn at the higher one: both are tried.
_STANDS_OUT = (0.20, 0.45)
_SAME_VALUE = 0.12
# Letters in pixels of the look: below 6 nobody reads them, above 64 they are no label.
_LOWEST, _HIGHEST = 6, 64
_LEAST_LETTERS = 4
# A row lies near the edge when its middle is in the outer third.
_OUTER = 1 / 3


@dataclass(frozen=True)
class _Stroke:
    left: int
    top: int
    width: int
    height: int
    grey_value: Callable[[], float]

    @property
    def middle(self) -> float:
        return self.top + self.height / 2

    @cached_property
    def value(self) -> float:
        """The grey of its core, looked up only for strokes that have the shape of a neighbour."""
        return self.grey_value()


def text_suspected(pixels: Picture) -> str | None:
    """The sentence for uint16 [rows, cols] that seems to bear a row of letters, else None."""
    if max(pixels.shape) < _LEAST_SIDE:
        return None
    small = shrink(pixels, LOOK_AT)
    low, high = np.percentile(small[::4, ::4], [0.1, 99.9])
    high = max(high, float(small.max()) * 0.5, low + 1)
    grey = cv2.convertScaleAbs(np.clip(small, low, high) - low, alpha=255.0 / (high - low)).astype(
        np.uint8
    )
    found = any(
        _near_edge(row, *grey.shape)
        for form in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)
        for strokes in _strokes(grey, form)
        for row in _rows(strokes)
    )
    return SUSPECTED if found else None


def _strokes(grey: NDArray[np.uint8], form: int) -> Iterator[list[_Stroke]]:
    """Connected strokes of letter size, left to right, at each of the two limits."""
    reach = cv2.getStructuringElement(cv2.MORPH_RECT, (15, 15))
    out = cv2.morphologyEx(grey, form, reach)
    # The core of a stroke: its edge is blurred by what made the picture smaller.
    core = 90 if form == cv2.MORPH_TOPHAT else 10
    for limit in _STANDS_OUT:
        mask = (out > 255 * limit).astype(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        _, _, widths, heights, areas = stats.T
        letters = (heights >= _LOWEST) & (heights <= _HIGHEST) & (widths <= 2 * heights)
        letters &= areas >= heights
        letters[0] = False  # the background
        found = []
        for label in np.flatnonzero(letters).tolist():
            left, top, width, height, _ = stats[label].tolist()
            part = np.s_[top : top + height, left : left + width]
            core_of = partial(_core, grey[part], labels[part] == label, core)
            found.append(_Stroke(left, top, width, height, core_of))
        yield sorted(found, key=lambda stroke: stroke.left)


def _core(grey: NDArray[np.uint8], stroke: NDArray[np.bool_], percent: float) -> float:
    return float(np.percentile(grey[stroke], percent))


def _rows(strokes: list[_Stroke]) -> Iterator[list[_Stroke]]:
    """Runs of at least four strokes of one height, line and value, no gap wider than two."""
    for first in strokes:
        row = [first]
        for stroke in strokes:
            if stroke.left <= row[-1].left:
                continue
            if stroke.left - row[-1].left - row[-1].width > 2 * first.height:
                break
            if _alike(first, stroke):
                row.append(stroke)
        if len(row) >= _LEAST_LETTERS:
            yield row


def _alike(first: _Stroke, other: _Stroke) -> bool:
    return (
        abs(first.middle - other.middle) <= 0.25 * first.height
        and 0.7 <= other.height / first.height <= 1.4
        and abs(first.value - other.value) <= 255 * _SAME_VALUE
    )


def _near_edge(row: list[_Stroke], rows: int, cols: int) -> bool:
    y = sum(stroke.middle for stroke in row) / len(row) / rows
    x = (row[0].left + row[-1].left + row[-1].width) / 2 / cols
    return min(y, 1 - y, x, 1 - x) <= _OUTER
