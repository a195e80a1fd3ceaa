"""How the key point network sees a film: 256 x 192 grey values, first whole, then closer.

Coordinates are (x, y) in pixels with pixel centres at integers. No torch here.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from inference.corner_regions import Affine, warp
from inference.picture import Picture, Window, automatic_window

ROWS, COLS = 256, 192  # the input of Koo et al. 2022
# Of a film's longer side, for both looks: the closer one shows about two thirds of it on 256 rows
_FINE_ENOUGH = 720


@dataclass(frozen=True)
class Overview:
    """A film under its contrast and as small as the looks allow; `to_film` leads from it back."""

    grey: npt.NDArray[np.uint8]
    to_film: Affine
    shape: tuple[int, ...]  # rows, cols of the film itself

    def view(self, look: Affine) -> npt.NDArray[np.uint8]:
        """[256, 192] through an affine film -> view."""
        return warp(self.grey, through(look, self.to_film), ROWS, COLS).astype(np.uint8, copy=False)


def overview(pixels: Picture, window: Window | None = None) -> Overview:
    """The film halved while it stays fine enough: a twentieth of the work of looking at it whole.

    `window` is what `automatic_window` said of this film before, where that was kept.
    """
    window = window or automatic_window(pixels)
    small, factor = pixels, 1
    while max(small.shape) >= 2 * _FINE_ENOUGH:
        rows, cols = (side // 2 for side in small.shape)
        # An even part, so that every pixel is the mean of four: exact, and a hundred times faster
        small = cv2.resize(
            small[: 2 * rows, : 2 * cols], (cols, rows), interpolation=cv2.INTER_AREA
        ).astype(np.uint16, copy=False)
        factor *= 2
    back = np.column_stack([factor * np.eye(2), np.full(2, (factor - 1) / 2)])
    return Overview(windowed(small, window), back, pixels.shape)


def letterbox(rows: int, cols: int) -> Affine:
    """The whole film of rows x cols, middle to middle, as large as fits into 256 x 192."""
    return look_at((-0.5, -0.5, cols - 0.5, rows - 0.5))


def look_at(box: tuple[float, float, float, float]) -> Affine:
    """The affine film -> input that shows the box (left, top, right, bottom) as large as fits."""
    left, top, right, bottom = box
    scale = min(COLS / (right - left), ROWS / (bottom - top))
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    offset = np.array([(COLS - 1) / 2, (ROWS - 1) / 2]) - scale * middle
    return np.column_stack([scale * np.eye(2), offset])


def windowed(pixels: Picture, window: Window | None = None) -> npt.NDArray[np.uint8]:
    """The film under its automatic contrast, 8 bits: all the key points need.

    `window` is what `automatic_window` said of this film before, where that was kept.
    """
    window = window or automatic_window(pixels)
    scale = 255.0 / window.width
    # One pass that scales, rounds and saturates; it is a sum of two pictures only by its name
    return cv2.addWeighted(pixels, scale, pixels, 0, -scale * window.low, dtype=cv2.CV_8U).astype(
        np.uint8, copy=False
    )


def spine_box(places: npt.NDArray[np.float64], spacing: float) -> tuple[float, float, float, float]:
    """A box around points [n, 2] with a margin of a disc distance or so, for the second look."""
    low, high = places.min(axis=0) - 1.2 * spacing, places.max(axis=0) + 1.2 * spacing
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def quarter_turn(shape: tuple[int, ...], turns: int) -> Affine:
    """Film [rows, cols] -> the film turned counter-clockwise by quarter turns, as np.rot90 does."""
    (rows, cols), turned = shape, np.eye(3)
    for _ in range(turns % 4):
        turned = np.array([[0.0, 1, 0], [-1, 0, cols - 1], [0, 0, 1]]) @ turned
        rows, cols = cols, rows
    return turned[:2]


def through(second: Affine, first: Affine) -> Affine:
    """The affine that does `first` and then `second`."""
    return np.column_stack(
        [second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]]
    )
