"""Bone behind and above the bodies: pedicles, facets, spinous processes, dens and atlas."""

import cv2
import numpy as np

from training.phantom import bodies
from training.phantom.canvas import SUBPIXEL, Canvas, Map
from training.phantom.geometry import Points, Spine, Vertebra

# Contours in the body's frame, in half depths (u) and heights (w); origin at the posterior wall.
CERVICAL = {
    "pillar": ([[-0.1, -0.25], [-0.75, -0.55], [-1.0, 0.45], [-0.35, 0.75]], 0.42),
    "lamina": ([[-0.9, -0.2], [-1.5, 0.05], [-1.6, 0.35], [-0.95, 0.3]], 0.30),
    "spinous": ([[-1.4, 0.0], [-2.6, 0.35], [-2.75, 0.75], [-2.4, 0.8], [-1.4, 0.4]], 0.42),
}
LUMBAR = {
    "pedicle": ([[0.05, -0.42], [-0.55, -0.36], [-0.6, 0.0], [0.05, 0.0]], 0.45),
    "upper facet": ([[-0.3, -0.3], [-0.45, -0.75], [-0.75, -0.7], [-0.8, 0.0], [-0.5, 0.1]], 0.36),
    "lower facet": ([[-0.55, -0.1], [-0.95, 0.0], [-1.05, 0.85], [-0.75, 0.8]], 0.36),
    "spinous": ([[-0.95, 0.0], [-2.0, 0.1], [-2.15, 0.65], [-1.85, 0.75], [-1.0, 0.5]], 0.34),
}
SPINOUS_REACH = {"C2": 1.0, "C3": 0.62, "C4": 0.65, "C5": 0.75, "C6": 0.95, "C7": 1.3, "T1": 1.35}


def draw_posterior(canvas: Canvas, spine: Spine) -> None:
    """Add everything behind the bodies, soft-edged, at a third of the resolution."""
    rows, columns = canvas.bone.shape
    small = np.zeros((-(-rows // 3), -(-columns // 3)), dtype=np.float32)
    parts = CERVICAL if spine.region == "C" else LUMBAR
    for body in (*spine.above, *spine.vertebrae, *spine.below):
        if body.name in ("S1", "S2", "S3"):
            _fill(canvas, small, _placed(body, LUMBAR["lower facet"][0], 1.0), 0.25)
            continue
        for name, (contour, density) in parts.items():
            reach = SPINOUS_REACH.get(body.name, 1.0) if name == "spinous" else 1.0
            _fill(canvas, small, _placed(body, contour, reach), density)
    if spine.region == "C":
        _atlas(canvas, small, spine.vertebrae[0])
    small = cv2.GaussianBlur(small, (0, 0), max(0.4, 0.7 * canvas.px_per_mm / 3))
    shade = cv2.resize(canvas.bone, small.shape[::-1], interpolation=cv2.INTER_AREA)
    small = small * (1 - 0.45 * np.minimum(shade, 1.0))  # what overlaps the bodies is seen less
    canvas.bone += cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR)


def _placed(body: Vertebra, contour: list[list[float]], reach: float) -> Points:
    units = np.array([body.half_depth, body.height])
    local = np.array(contour) * units
    if reach != 1.0:
        front = local[:, 0].max()
        local[:, 0] = front + (local[:, 0] - front) * reach
    return body.world(local - np.array([body.half_depth, 0.0]))


def _fill(canvas: Canvas, small: Map, contour_mm: Points, density: float) -> None:
    """A rounded polygon; overlapping parts add up as on a film."""
    closed = np.concatenate([contour_mm[-1:], contour_mm, contour_mm[:1]])
    pieces = [
        bodies.curve(
            0.5 * (closed[i - 1] + closed[i]), closed[i], 0.5 * (closed[i] + closed[i + 1]), 6
        )
        for i in range(1, len(closed) - 1)
    ]
    points = canvas.pixels(np.concatenate(pieces)) / 3
    low = np.maximum(np.floor(points.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 2, small.shape[::-1])
    if (high <= low).any():
        return
    patch = np.zeros((high[1] - low[1], high[0] - low[0]), dtype=np.uint8)
    fixed = np.round((points - low) * (1 << SUBPIXEL)).astype(np.int32)
    cv2.fillPoly(patch, [fixed], 255, lineType=cv2.LINE_AA, shift=SUBPIXEL)
    small[low[1] : high[1], low[0] : high[0]] += patch * np.float32(density / 255)


def _atlas(canvas: Canvas, small: Map, axis: Vertebra) -> None:
    """Dens, anterior tubercle and posterior arch of C1, in the frame of C2."""
    deep, top = axis.half_depth, -0.5 * axis.height
    shapes = (
        ([[0.75, 0.05], [0.55, -0.75], [0.1, -0.95], [-0.5, -0.75], [-0.6, 0.1]], 0.75),
        ([[1.35, -0.35], [1.2, -0.75], [0.8, -0.7], [0.75, -0.3], [1.0, -0.1]], 0.6),
        ([[-1.0, -0.45], [-3.6, -0.5], [-3.8, -0.25], [-3.4, -0.1], [-1.0, -0.1]], 0.35),
        ([[0.3, -0.3], [-1.1, -0.5], [-1.2, 0.0], [-0.2, 0.2]], 0.25),
    )
    for contour, density in shapes:
        local = np.array(contour) * np.array([deep, 2 * deep]) + np.array([0.0, top])
        _fill(canvas, small, axis.world(local), density)
