"""A map of attenuation with its place, and what lays new bone on it or takes bone away."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.phantom.geometry import Points

Map = NDArray[np.float32]
SUBPIXEL = 4  # bits: polygon points are given to the filler in sixteenths of a pixel


@dataclass
class Canvas:
    """A map with its place: object mm -> pixels of the map by `matrix` [2, 3]."""

    bone: Map
    matrix: Points
    px_per_mm: float

    def pixels(self, points_mm: Points) -> Points:
        """Object millimetres [..., 2] to map pixels [..., 2]."""
        return points_mm @ self.matrix[:, :2].T + self.matrix[:, 2]

    def window(self, points_px: Points, pad_mm: float) -> tuple[slice, slice] | None:
        """Rows and columns around the points, or None when they lie outside the map."""
        pad = pad_mm * self.px_per_mm + 2
        low = np.maximum(np.floor(points_px.min(axis=0) - pad), 0).astype(int)
        high = np.minimum(np.ceil(points_px.max(axis=0) + pad) + 1, self.bone.shape[::-1]).astype(
            int
        )
        if (high <= low).any():
            return None
        return slice(low[1], high[1]), slice(low[0], high[0])


def add_band(canvas: Canvas, contour_mm: Points, density: float, soft_mm: float = 0.15) -> None:
    """Lay new bone or metal over the map: the denser of the two is seen."""
    if (laid := _laid(canvas, contour_mm, soft_mm)) is not None:
        place, layer = laid
        np.maximum(canvas.bone[place], np.float32(density) * layer, out=canvas.bone[place])


def take_away(canvas: Canvas, contour_mm: Points, share: float, soft_mm: float = 0.15) -> None:
    """Take a share of the bone away within the contour."""
    if (laid := _laid(canvas, contour_mm, soft_mm)) is not None:
        place, layer = laid
        canvas.bone[place] *= 1 - np.float32(share) * layer


def _laid(
    canvas: Canvas, contour_mm: Points, soft_mm: float
) -> tuple[tuple[slice, slice], Map] | None:
    """Rows and columns around a contour and a map of them, 1 inside; None beyond the film."""
    contour = canvas.pixels(contour_mm)
    place = canvas.window(contour, 1.0 + 2 * soft_mm)
    if place is None:
        return None
    mask = filled(canvas.bone[place].shape, contour - np.array([place[1].start, place[0].start]))
    return place, blurred(mask.astype(np.float32), soft_mm * canvas.px_per_mm) * np.float32(1 / 255)


def filled(shape: tuple[int, ...], contour: Points) -> NDArray[np.uint8]:
    """A mask [rows, columns], 255 within the contour, its edge anti-aliased."""
    mask = np.zeros(shape, dtype=np.uint8)
    points = np.round(contour * (1 << SUBPIXEL)).astype(np.int32)
    cv2.fillPoly(mask, [points], 255, lineType=cv2.LINE_AA, shift=SUBPIXEL)
    return mask


def blurred(image: Map, sigma_px: float) -> Map:
    """The map under a Gaussian; one that is too narrow to matter is left out."""
    if sigma_px < 0.3:
        return image
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), dtype=np.float32)
