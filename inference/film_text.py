"""Text that may be burnt into a film, told from the pixels alone, before the header is let go.

A label burnt in by a digitiser or a capture program is a row of thin strokes of one even value, all
as high as each other, far brighter or darker than what is around it, and lies near an edge. A lead
marker is one such stroke or, with initials, three; a row counts from four. A label along the side
of a film, or on a film that was turned, is such a row upright: the same strokes once more, with
left and top exchanged. It is a suspicion, not a reading: nobody is told what the text says.
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
# Of the letters' height: the widest gap in a row, and in an upright one, where screws and edges of
# vertebrae stand in a row too, but wider apart.
_GAP, _GAP_UPRIGHT = 2.0, 1.0
# A bar's width of its height, a block's area of its box; at least half of a row is neither.
_BAR, _FULL = 0.4, 0.8
# A row lies near the edge when its middle is in the outer third.
_OUTER = 1 / 3


@dataclass(frozen=True)
class _Stroke:
    left: int
    top: int
    width: int
    height: int
    area: int
    grey_value: Callable[[], float]

    @property
    def middle(self) -> float:
        return self.top + self.height / 2

    @property
    def is_open(self) -> bool:
        """Neither a bar nor a filled block: most letters are open, a ruler's marks are not."""
        full = self.area > _FULL * self.width * self.height
        return not full and self.width > _BAR * self.height

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
        _near_edge(row, *(grey.shape[::-1] if upright else grey.shape))
        for form in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)
        for parts in _parts(grey, form)
        for upright in (False, True)
        for row in _rows(_strokes(parts, upright), _GAP_UPRIGHT if upright else _GAP)
    )
    return SUSPECTED if found else None


@dataclass(frozen=True)
class _Parts:
    """What stands out of a picture, part by part, as OpenCV labels it."""

    grey: NDArray[np.uint8]
    labels: NDArray[np.int32]
    stats: NDArray[np.int32]
    core: float
    """The percentile of a part's greys that is its core: what made the picture smaller blurred
    its edge."""

    def value(self, label: int) -> float:
        """The grey of a part's core."""
        left, top, width, height, _ = self.stats[label].tolist()
        place = np.s_[top : top + height, left : left + width]
        return float(np.percentile(self.grey[place][self.labels[place] == label], self.core))


def _parts(grey: NDArray[np.uint8], form: int) -> Iterator[_Parts]:
    """Connected parts that stand out as strokes do, at each of the two limits."""
    reach = cv2.getStructuringElement(cv2.MORPH_RECT, (15, 15))
    out = cv2.morphologyEx(grey, form, reach)
    for limit in _STANDS_OUT:
        mask = (out > 255 * limit).astype(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        yield _Parts(
            grey, labels.astype(np.int32, copy=False), stats.astype(np.int32, copy=False),
            core=90 if form == cv2.MORPH_TOPHAT else 10,
        )  # fmt: skip


def _strokes(parts: _Parts, upright: bool) -> list[_Stroke]:
    """Those of letter size, left to right; of an upright row as on the transposed picture."""
    lefts, tops, widths, heights, areas = parts.stats.T
    if upright:
        lefts, tops, widths, heights = tops, lefts, heights, widths
    letters = (heights >= _LOWEST) & (heights <= _HIGHEST) & (widths <= 2 * heights)
    letters &= areas >= heights
    letters[0] = False  # the background
    found = [
        _Stroke(
            int(lefts[label]), int(tops[label]), int(widths[label]), int(heights[label]),
            int(areas[label]), partial(parts.value, label),
        )
        for label in np.flatnonzero(letters).tolist()
    ]  # fmt: skip
    return sorted(found, key=lambda stroke: stroke.left)


def _rows(strokes: list[_Stroke], gap: float) -> Iterator[list[_Stroke]]:
    """Runs of at least four strokes of one height, line and value; `gap` in heights."""
    for first in strokes:
        row = [first]
        for stroke in strokes:
            if stroke.left <= row[-1].left:
                continue
            if stroke.left - row[-1].left - row[-1].width > gap * first.height:
                break
            if _alike(first, stroke):
                row.append(stroke)
        if len(row) >= _LEAST_LETTERS and 2 * sum(one.is_open for one in row) >= len(row):
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
