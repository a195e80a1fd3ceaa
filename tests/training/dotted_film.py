"""A film whose points can be seen in its pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inference.corner_regions import LEVELS, DiscPoints
from inference.picture import write_picture
from training.snapshot import SnapshotFilm


def film(folder: Path, facing: int = -1) -> SnapshotFilm:
    """Six discs down the middle, a bright dot on every centre and anterior point."""
    pixels = np.full((900, 600), 500, np.uint16)
    discs = {}
    for level, disc in enumerate(LEVELS[:6]):
        center, anterior = (300.0, 150.0 + 110 * level), (300.0 + facing * 50, 150.0 + 110 * level)
        discs[disc] = DiscPoints(disc, center, anterior)
        for x, y in (center, anterior):
            pixels[int(y) - 4 : int(y) + 5, int(x) - 4 : int(x) + 5] = 4000
    path = folder / f"f{facing}.jls"
    write_picture(path, pixels)
    corners = {"C2_INF": (0, 2, 0, 0), "C3_SUP": (0, 0, 1, 1), "C5_INF": (1, 0, 0, 0)}
    return SnapshotFilm("f", path, "p", "train", 0, "C", "here", "A", 0.2, "", discs, corners)
