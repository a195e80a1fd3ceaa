"""Radiographs of other things, drawn: what an archive holds beside lateral necks and lower backs.

Rough line integrals, like the phantom's and by none of its code: ellipsoids for what is soft, discs
and lines for bone. uint16 [900, 750], 12 bits, bone bright.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.picture import Picture

Map = NDArray[np.float32]
ROWS, COLS = 300, 250
_FINER = 3
WHITE = 4095


def soft(x: float, y: float, across: float, down: float) -> Map:
    """The way through an ellipsoid; places and half axes in shares of the film."""
    rows, cols = np.mgrid[:ROWS, :COLS].astype(np.float32)
    squared = ((cols / COLS - x) / across) ** 2 + ((rows / ROWS - y) / down) ** 2
    return np.sqrt(np.maximum(0, 1 - squared)).astype(np.float32)


def bone(x: float, y: float, across: float, down: float, turn: float = 0, line: int = -1) -> Map:
    """An even ellipse, or its outline of so many pixels; degrees clockwise."""
    drawn = np.zeros((ROWS, COLS), np.float32)
    middle, axes = (round(x * COLS), round(y * ROWS)), (round(across * COLS), round(down * ROWS))
    cv2.ellipse(drawn, middle, axes, turn, 0, 360, 1.0, line, cv2.LINE_AA)
    return drawn


def rod(x: float, y: float, to_x: float, to_y: float, thick: float) -> Map:
    """A long bone."""
    drawn = np.zeros((ROWS, COLS), np.float32)
    ends = [(round(a * COLS), round(b * ROWS)) for a, b in ((x, y), (to_x, to_y))]
    cv2.line(drawn, *ends, 1.0, max(2, round(thick * COLS)), cv2.LINE_AA)
    return drawn


def chest() -> Map:
    """From behind: two lungs, heart, ribs."""
    film = 1.6 * soft(0.5, 0.55, 0.52, 0.75) + 0.8 * soft(0.55, 0.6, 0.13, 0.17)
    film += 1.2 * soft(0.5, 1.05, 0.6, 0.27) + 0.7 * bone(0.5, 0.45, 0.035, 0.6)
    for side in (-1, 1):
        film -= 1.25 * soft(0.5 + side * 0.2, 0.47, 0.16, 0.33)
        film += 0.35 * rod(0.5, 0.14, 0.5 + side * 0.33, 0.1, 0.025)
        for rib in range(9):
            film += 0.18 * bone(0.5 + side * 0.2, 0.16 + 0.085 * rib, 0.2, 0.05, side * 18, 3)
    return film


def hand() -> Map:
    """Five fingers, a wrist."""
    film = 0.5 * soft(0.5, 0.72, 0.24, 0.2) + 0.45 * soft(0.5, 1.0, 0.14, 0.2)
    for x, y in ((0.14, 0.5), (0.3, 0.16), (0.46, 0.08), (0.62, 0.13), (0.78, 0.25)):
        from_x = 0.5 + (x - 0.5) * 0.55
        film += 0.3 * rod(from_x, 0.66, x, y, 0.09)
        for part in range(4):
            near, far = (part + 0.08) / 4, (part + 0.92) / 4
            film += 0.4 * rod(
                from_x + (x - from_x) * near, 0.66 + (y - 0.66) * near,
                from_x + (x - from_x) * far, 0.66 + (y - 0.66) * far, 0.04,
            )  # fmt: skip
    for carpal in range(8):
        film += 0.35 * bone(0.4 + 0.07 * (carpal % 4), 0.74 + 0.06 * (carpal // 4), 0.03, 0.028)
    return film + 0.5 * bone(0.44, 0.97, 0.05, 0.13) + 0.5 * bone(0.56, 0.97, 0.05, 0.13)


def pelvis() -> Map:
    """From in front: two iliac wings, two hips."""
    film = 1.3 * soft(0.5, 0.45, 0.6, 0.6) + 0.7 * bone(0.5, 0.3, 0.09, 0.17)
    for side in (-1, 1):
        film += 0.45 * bone(0.5 + side * 0.26, 0.3, 0.17, 0.2, side * 20)
        film += 0.8 * soft(0.5 + side * 0.3, 0.6, 0.07, 0.06)
        film += 0.7 * bone(0.5 + side * 0.36, 0.85, 0.055, 0.22, side * -5)
        film += 0.5 * bone(0.5 + side * 0.13, 0.72, 0.1, 0.07, 0, 7)
    return film - 0.35 * soft(0.5, 0.55, 0.14, 0.1)


def skull() -> Map:
    """From the side."""
    film = 0.9 * soft(0.5, 0.38, 0.44, 0.33) + 0.7 * bone(0.5, 0.38, 0.43, 0.32, 0, 8)
    film += 0.6 * soft(0.25, 0.72, 0.15, 0.16) + 0.8 * soft(0.5, 0.6, 0.2, 0.08)
    return film + 0.5 * soft(0.62, 0.92, 0.16, 0.25)


def frontal_back() -> Map:
    """A lower back from in front: bodies with pedicles and transverse processes, two wings."""
    film = 1.3 * soft(0.5, 0.5, 0.55, 0.8) + 0.5 * bone(0.5, 0.95, 0.12, 0.1)
    for body in range(6):
        y = 0.06 + 0.15 * body
        film += 0.75 * bone(0.5, y, 0.085 + 0.004 * body, 0.055) + 0.3 * bone(0.5, y, 0.012, 0.03)
        for side in (-1, 1):
            film += 0.35 * bone(0.5 + side * 0.14, y, 0.07, 0.015, side * 8)
            film += 0.3 * bone(0.5 + side * 0.05, y - 0.01, 0.016, 0.02)
    for side in (-1, 1):
        film += 0.5 * bone(0.5 + side * 0.27, 0.9, 0.16, 0.13, side * 25)
    return film


def frontal_neck() -> Map:
    """A neck from in front, its airway in the middle."""
    film = 0.9 * soft(0.5, 0.4, 0.3, 0.7) + 1.2 * soft(0.5, 1.02, 0.6, 0.3)
    film += 0.9 * soft(0.5, -0.02, 0.4, 0.25) - 0.35 * bone(0.5, 0.6, 0.04, 0.3)
    for body in range(7):
        film += 0.5 * bone(0.5, 0.2 + 0.1 * body, 0.09, 0.035)
    return film - 0.8 * soft(0.25, 1.0, 0.14, 0.25) - 0.8 * soft(0.75, 1.0, 0.14, 0.25)


def knee() -> Map:
    """From in front."""
    film = 0.9 * soft(0.5, 0.3, 0.3, 0.6) + 0.7 * soft(0.5, 0.8, 0.26, 0.6)
    film += 0.7 * bone(0.5, 0.2, 0.11, 0.3) + 0.7 * bone(0.5, 0.45, 0.2, 0.09)
    film += 0.7 * bone(0.5, 0.58, 0.19, 0.06) + 0.6 * bone(0.48, 0.85, 0.1, 0.28)
    return film + 0.4 * bone(0.67, 0.85, 0.035, 0.25)


def foot() -> Map:
    """From the side."""
    film = 0.6 * soft(0.45, 0.75, 0.4, 0.14) + 0.6 * soft(0.72, 0.3, 0.14, 0.5)
    film += 0.6 * bone(0.75, 0.72, 0.12, 0.1) + 0.6 * bone(0.62, 0.6, 0.09, 0.06)
    return film + 0.5 * bone(0.35, 0.75, 0.2, 0.03, -8) + 0.6 * bone(0.7, 0.25, 0.05, 0.28)


def chest_from_the_side() -> Map:
    """A spine is there, but that of the chest."""
    film = 1.4 * soft(0.5, 0.5, 0.46, 0.7) - 1.1 * soft(0.5, 0.42, 0.3, 0.36)
    film += 0.5 * bone(0.78, 0.5, 0.07, 0.6) + 0.6 * soft(0.4, 0.58, 0.18, 0.16)
    film += 1.0 * soft(0.5, 1.0, 0.5, 0.25)
    for body in range(10):
        film += 0.2 * bone(0.78, 0.05 + 0.1 * body, 0.06, 0.035)
    return film


def empty() -> Map:
    """An exposure with nobody before it, collimated, brighter on one side (heel effect)."""
    film = np.zeros((ROWS, COLS), np.float32)
    film[40:-40, 30:-30] = 1
    return film * np.linspace(0.9, 1.1, COLS, dtype=np.float32)


KINDS: dict[str, Callable[[], Map]] = {
    kind.__name__: kind
    for kind in (
        chest, hand, pelvis, skull, frontal_back, frontal_neck, knee, foot, chest_from_the_side,
        empty,
    )
}  # fmt: skip


def drawn(kind: str, seed: int = 0) -> Picture:
    """The film, a little turned, moved and noisy by the seed."""
    rng = np.random.default_rng(seed)
    middle, turn, zoom = (COLS / 2, ROWS / 2), rng.normal(0, 2), rng.uniform(0.92, 1.05)
    pose = cv2.getRotationMatrix2D(middle, turn, zoom)
    pose[:, 2] += rng.normal(0, 4, 2)
    film = np.maximum(KINDS[kind](), 0)
    film = cv2.warpAffine(film, pose, (COLS, ROWS), borderMode=cv2.BORDER_REPLICATE)
    film = cv2.resize(film, None, fx=_FINER, fy=_FINER, interpolation=cv2.INTER_CUBIC)
    film = cv2.GaussianBlur(film, (0, 0), 1.2)
    film = film + rng.normal(0, 0.02, film.shape) * film.max()
    low, high = np.percentile(film, [0.5, 99.8])
    return np.rint(np.clip((film - low) / (high - low), 0, 1) * WHITE).astype(np.uint16)
