"""All that is no spine on the film: neck, shoulders, airway, skull; belly, gas, ribs, pelvis.

Line integrals on a coarse grid (about 1 mm), in object millimetres of the spine's own system. They
are smooth, so the film upsamples them.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from training.phantom.canvas import Map
from training.phantom.geometry import Points, Spine
from training.phantom.severity import Floats

MU_PER_MM = 0.019  # soft tissue at diagnostic energies


@dataclass
class Grid:
    """A coarse film: object coordinates of its pixels and the way back."""

    x: Floats  # [rows, cols] object mm
    y: Floats
    to_grid: Points  # [2, 3] object mm -> grid pixels
    spine_x: Floats  # [rows, cols] object x of the spine's centre line at this height
    body_x: Floats  # [rows, cols] the same for the trunk, straighter
    level: Floats  # [rows, cols] 0 at the first vertebra of the region, 1 at the last
    mm: float  # object mm per grid pixel


@dataclass(frozen=True)
class Tissue:
    """Line integral [rows, cols], and the part of it that hides what lies below (shoulders)."""

    integral: Map
    hiding: Map


def grid(
    spine: Spine, to_film: Points, film_shape: tuple[int, int], shape: tuple[int, int]
) -> Grid:
    """Coarse grid [shape] over a film [film_shape] whose object-to-pixel matrix is to_film."""
    step = np.array([film_shape[1] / shape[1], film_shape[0] / shape[0]])
    to_grid = to_film / step[:, None]
    to_grid[:, 2] += 0.5 / step - 0.5
    back = cv2.invertAffineTransform(to_grid)
    columns, rows = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]))
    x = back[0, 0] * columns + back[0, 1] * rows + back[0, 2]
    y = back[1, 0] * columns + back[1, 1] * rows + back[1, 2]
    line = spine.center_line()
    slopes = (line[1] - line[0], line[-1] - line[-2])
    line = np.concatenate([[line[0] - 3 * slopes[0]], line, [line[-1] + 3 * slopes[1]]])
    first, last = spine.vertebrae[0].center[1], spine.vertebrae[-1].center[1]
    level = (y - first) / (last - first)
    mm = float(1 / np.hypot(*to_grid[:, 0]))
    return Grid(
        x, y, to_grid, np.interp(y, line[:, 1], line[:, 0]), _body_line(spine, y), level, mm
    )


def _body_line(spine: Spine, y: Floats) -> Floats:
    """Axis of the trunk: half of the slope and of the curve of the region's vertebrae."""
    points = np.array([body.center for body in spine.vertebrae])
    middle, reach = points[:, 1].mean(), 0.65 * np.ptp(points[:, 1])
    bend, slope, start = np.polyfit(points[:, 1] - middle, points[:, 0], 2)
    along = np.clip(y - middle, -reach, reach)
    return np.asarray(start + 0.5 * slope * along + 0.4 * bend * np.square(along), dtype=np.float64)


def cervical(g: Grid, spine: Spine, rng: np.random.Generator, shoulder: float) -> Tissue:
    """Neck in profile with air in front; `shoulder` is the level (0-1) at which they begin."""
    size = spine.s_mm / 17.6
    front = _profile(
        g,
        [
            (-0.7, 92),
            (-0.2, 88),
            (0.05, 80),
            (0.22, 60),
            (0.5, 50),
            (0.8, 52),
            (1.0, 64),
            (1.4, 95),
        ],
    )
    back = _profile(
        g, [(-0.7, 95), (-0.2, 84), (0.1, 62), (0.5, 58), (0.8, 68), (1.0, 82), (1.4, 110)]
    )
    thick = _profile(g, [(-0.7, 150), (-0.2, 135), (0.1, 112), (0.5, 112), (0.9, 140), (1.4, 200)])
    build = size * rng.uniform(0.92, 1.15)
    integral = _slab(g, front * build, back * build, thick * build)
    integral += _skull(g, spine, rng)
    integral -= _airway(g, spine, rng)
    depth = (g.level - shoulder) * 6.3 * spine.s_mm + 0.25 * np.abs(g.x - g.spine_x) - 6.0
    height = rng.uniform(2.2, 3.4)
    depth = 4.0 * np.logaddexp(0, depth / 4.0)  # skin of the shoulder slants: a soft beginning
    hiding = height * (1 - np.exp(-depth / (1.1 * spine.s_mm)))
    hiding *= np.exp(-np.square((g.x - g.spine_x - 8) / 75))
    integral *= 1 + _mottle(g, 0.016, rng)
    integral += hiding
    if rng.random() < 0.35:
        integral += _cartilage(g, spine, rng)
    return Tissue(integral.astype(np.float32), hiding.astype(np.float32))


def lumbar(g: Grid, spine: Spine, rng: np.random.Generator) -> Tissue:
    """Belly with gas, diaphragm, lowest ribs, iliac crests, sometimes a calcified aorta."""
    build = rng.uniform(0.9, 1.2)
    front = _profile(g, [(-0.4, 118), (0.0, 128), (0.5, 140), (1.0, 138), (1.4, 125)]) * build
    back = _profile(g, [(-0.4, 88), (0.0, 82), (0.5, 74), (0.8, 78), (1.0, 92), (1.4, 105)]) * build
    thick = _profile(g, [(-0.4, 215), (0.2, 220), (0.6, 230), (0.9, 275), (1.4, 300)]) * build**0.5
    integral = _slab(g, front, back, thick)
    ahead = (g.x - g.body_x + 25) / rng.uniform(60, 95)
    dome = rng.uniform(-0.14, 0.02) + rng.uniform(0.15, 0.35) * (1 - np.exp(-np.square(ahead)))
    integral -= rng.uniform(1.0, 1.7) * _step((dome - g.level) * 6 * spine.s_mm, 2.0)
    integral += _iliac(g, spine, rng) + _ribs(g, spine, rng)
    integral -= _gas(g, spine, rng)
    if rng.random() < 0.15:
        integral += _aorta(g, spine, rng)
    integral = np.maximum(integral * (1 + _mottle(g, 0.022, rng)), 0)
    return Tissue(integral.astype(np.float32), np.zeros(integral.shape, dtype=np.float32))


def _profile(g: Grid, knots: list[tuple[float, float]]) -> Floats:
    """Smooth curve through (level, value) knots, at every pixel of the grid."""
    levels, values = zip(*knots, strict=True)
    fine = np.linspace(-1.2, 2.2, 340)
    smooth = np.convolve(
        np.interp(fine, levels, values), np.hanning(31) / np.hanning(31).sum(), "same"
    )
    smooth[:16], smooth[-16:] = values[0], values[-1]
    return np.interp(g.level, fine, smooth)


def _slab(g: Grid, front: Floats, back: Floats, thick: Floats) -> Floats:
    """Elliptic cross-section between the anterior and the posterior skin line."""
    middle, half = 0.5 * (back - front), 0.5 * (back + front)
    across = (g.x - g.body_x - middle) / half
    return MU_PER_MM * thick * np.maximum(1 - np.abs(across) ** 2.4, 0) ** 0.55


def _mottle(g: Grid, strength: float, rng: np.random.Generator) -> Floats:
    """Uneven tissue: noise of several coarse sizes, relative."""
    total = np.zeros(g.x.shape, dtype=np.float32)
    for size_mm, weight in ((3.0, 0.3), (9.0, 0.7), (27.0, 1.2)):
        shape = [max(3, int(n * g.mm / size_mm)) for n in g.x.shape]
        noise = rng.standard_normal(shape, dtype=np.float32)
        total += weight * cv2.resize(noise, g.x.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return total.astype(np.float64) * strength


def _step(distance_mm: Floats, soft_mm: float) -> Floats:
    return 1 / (1 + np.exp(-np.clip(distance_mm / soft_mm, -30, 30)))


def _lines(g: Grid, points_mm: Points, width_mm: float, soft_mm: float) -> Floats:
    """A stroke through the points, 0-1."""
    canvas = np.zeros(g.x.shape, dtype=np.uint8)
    points = points_mm @ g.to_grid[:, :2].T + g.to_grid[:, 2]
    thickness = max(1, round(width_mm / g.mm))
    cv2.polylines(
        canvas, [np.round(points * 16).astype(np.int32)], False, 255, thickness, cv2.LINE_AA, 4
    )
    soft = cv2.GaussianBlur(canvas.astype(np.float64) / 255, (0, 0), max(0.5, soft_mm / g.mm))
    return np.asarray(soft, dtype=np.float64)


def _skull(g: Grid, spine: Spine, rng: np.random.Generator) -> Floats:
    """Skull base and occiput above, mandible with teeth in front."""
    s, (x0, y0) = spine.s_mm, spine.vertebrae[0].center
    top = y0 - s * rng.uniform(1.9, 2.3)
    across, down = (g.x - x0 - 1.1 * s) / (4.3 * s), (g.y - top + 2.6 * s) / (2.7 * s)
    inside = (1 - np.hypot(across, down)) * 2.7 * s
    skull = 0.7 * _step(inside, 2.0) + 0.8 * np.exp(-np.square((inside - 3.0) / 3.0))
    skull += 1.0 * _step(
        (0.55 - np.hypot(across + 0.15, down - 0.25)) * 2.7 * s, 4.0
    )  # petrous bone
    angle = np.array([x0 - 1.75 * s, y0 + 0.3 * s * rng.uniform(-1, 1)])
    ramus, chin = angle + np.array([0.3 * s, -2.6 * s]), angle + np.array([-3.0 * s, 0.8 * s])
    bend = angle + s * np.array([[0.0, -0.5], [-0.25, -0.1]])
    curve = np.stack([ramus, *bend, chin])
    shell, marrow = _lines(g, curve, 0.95 * s, 0.8), _lines(g, curve, 0.6 * s, 1.5)
    jaw = 0.7 * shell - 0.3 * marrow
    for _ in range(5):
        crown = angle + np.array([-rng.uniform(0.9, 2.9), -rng.uniform(0.75, 0.95)]) * s
        jaw += 0.55 * _lines(g, crown + s * np.array([[0.0, 0.0], [0.05, 0.35]]), 0.38 * s, 0.9)
    return np.asarray(skull + np.minimum(jaw, 1.3), dtype=np.float64)


def _airway(g: Grid, spine: Spine, rng: np.random.Generator) -> Floats:
    """Pharynx and trachea in front of the prevertebral tissue (thicker below C4)."""
    s = spine.s_mm
    half_depth = spine.vertebrae[3].half_depth
    tissue = _profile(g, [(-0.5, 0.2), (0.0, 0.22), (0.4, 0.28), (0.62, 0.78), (1.2, 0.9)]) * s
    width = _profile(g, [(-0.2, 0.75), (0.3, 0.85), (0.5, 0.4), (0.65, 0.85), (1.2, 0.85)]) * s
    back = g.spine_x - half_depth - tissue
    inside = _step(back - g.x, 0.7) * _step(g.x - back + width, 0.9)
    return rng.uniform(0.6, 0.9) * inside * _step((g.level + 0.22) * 6.3 * s, 4.0)


def _cartilage(g: Grid, spine: Spine, rng: np.random.Generator) -> Floats:
    """Calcified hyoid and thyroid cartilage in front of C3-C6: easily taken for new bone."""
    s = spine.s_mm
    x, y = spine.vertebrae[2].center + np.array([-1.9 * s, rng.uniform(-0.3, 0.3) * s])
    hyoid = np.array([[x - 0.9 * s, y - 0.2 * s], [x - 0.3 * s, y], [x + 0.6 * s, y - 0.25 * s]])
    thyroid = np.array(
        [[x + 0.1 * s, y + 1.1 * s], [x - 0.1 * s, y + 1.9 * s], [x + 0.1 * s, y + 2.5 * s]]
    )
    return 0.5 * _lines(g, hyoid, 2.5, 0.8) + 0.35 * _lines(g, thyroid, 2.0, 0.9)


def _iliac(g: Grid, spine: Spine, rng: np.random.Generator) -> Floats:
    """Two crests, one per side, offset by the divergence of the beam: dense arcs over L4/5-S1."""
    s = spine.s_mm
    x, y = spine.disc(4).center
    total = np.zeros(g.x.shape)
    for _ in range(2):
        top = y + rng.uniform(-0.15, 0.75) * s
        across = (g.x - x - rng.uniform(-0.2, 0.5) * s) / (rng.uniform(2.0, 2.4) * s)
        down = (g.y - top - 1.6 * s) / (1.6 * s)
        inside = (1 - np.hypot(across, down + 0.25 * across)) * 1.8 * s
        upper = _step(-(down + 0.15) * s, 4.0)
        total += (0.2 * _step(inside, 1.0) + 0.32 * np.exp(-np.square((inside - 1.5) / 1.8))) * (
            0.1 + 0.9 * upper
        )
    return total


def _ribs(g: Grid, spine: Spine, rng: np.random.Generator) -> Floats:
    """Ribs of T12 and above: both sides, crossing T12/L1 and fading forward."""
    s = spine.s_mm
    total = np.zeros(g.x.shape)
    for body, forward in zip((spine.vertebrae[0], *spine.above), (1.1, 2.3, 3.0), strict=True):
        drop = rng.uniform(0.9, 1.5)
        for _ in range(2):
            start = body.center + np.array([0.65, -0.25 + rng.uniform(-0.1, 0.1)]) * s
            middle = start + np.array([0.5, 0.35]) * s
            end = (
                start
                + np.array([-forward * rng.uniform(0.8, 1.1), drop + rng.uniform(-0.1, 0.1)]) * s
            )
            t = np.linspace(0, 1, 14)[:, None]
            line = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end
            rib = _lines(g, line, 0.2 * s, 1.2)
            total += 0.16 * rib * np.clip((g.x - end[0]) / (1.2 * s), 0, 1)
    return total


def _gas(g: Grid, spine: Spine, rng: np.random.Generator) -> Floats:
    """Bowel gas: dark bubbles, mostly in front of L2-L5, some over the bodies."""
    s = spine.s_mm
    total = np.zeros(g.x.shape)
    for _ in range(rng.integers(2, 9)):
        level, ahead = rng.uniform(0.25, 1.05), rng.gamma(3.0, 0.55) * s
        wide, high, depth = (
            rng.uniform(0.2, 0.65) * s,
            rng.uniform(0.15, 0.4) * s,
            rng.uniform(0.25, 0.6),
        )
        row = int(np.argmin(np.abs(g.level[:, g.level.shape[1] // 2] - level)))
        x, y = g.spine_x[row].mean() - ahead, g.y[row].mean()
        column, middle = g.to_grid[:, :2] @ (x, y) + g.to_grid[:, 2]
        reach = int(1.4 * max(wide, high) / g.mm) + 2
        place = _window(g, int(middle), int(column), reach)
        near_x, near_y = g.x[place], g.y[place]
        inside = 1 - np.hypot((near_x - x) / wide, (near_y - y) / high)
        inside += 0.12 * np.sin(near_x / (0.13 * s) + y) * np.sin(near_y / (0.11 * s) + x)
        bubble = depth * _step(inside * min(wide, high), 1.2)
        total[place] = np.maximum(total[place], bubble)
    return total


def _window(g: Grid, row: int, column: int, reach: int) -> tuple[slice, slice]:
    return slice(max(row - reach, 0), max(row + reach, 0)), slice(
        max(column - reach, 0), max(column + reach, 0)
    )


def _aorta(g: Grid, spine: Spine, rng: np.random.Generator) -> Floats:
    """Broken calcified line in front of L2-L4."""
    s = spine.s_mm
    total = np.zeros(g.x.shape)
    ahead = spine.vertebrae[3].half_depth + rng.uniform(0.25, 0.6) * s
    start, end = spine.vertebrae[2].center[1], spine.vertebrae[4].center[1]
    for _ in range(rng.integers(4, 10)):
        y = rng.uniform(start, end)
        row = np.argmin(np.abs(g.y[:, 0] - y))
        wall = g.spine_x[row].mean() - ahead - rng.integers(0, 2) * 0.5 * s
        length = rng.uniform(0.1, 0.45) * s
        line = np.array([[wall + rng.normal(0, 0.8), y], [wall + rng.normal(0, 0.8), y + length]])
        total = np.maximum(total, rng.uniform(0.3, 0.7) * _lines(g, line, rng.uniform(1, 2.2), 0.6))
    return total
