"""Draw the bones of a spine as an attenuation map, in local patches at the film's own resolution.

Unit of the map: 1 is the middle of a healthy vertebral body. Edges are anti-aliased by the polygon
filler and softened later by the film's blur, so nothing is super-sampled.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from training.phantom import bodies
from training.phantom.canvas import SUBPIXEL, Canvas, Map, add_band, blurred, filled
from training.phantom.geometry import Disc, Points, Spine, Vertebra
from training.phantom.lesions import Bridge, Corner

HEALTHY = Corner(0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.8, 0.0)


def draw_spine(
    canvas: Canvas,
    spine: Spine,
    corners: list[tuple[Corner, Corner]],
    bridges: list[Bridge],
    rng: np.random.Generator,
) -> None:
    """Add bodies, new bone and bridges to the canvas; posterior elements are `posterior.py`'s."""
    anterior: list[tuple[Corner, Corner]] = [
        (corners[i - 1][1] if i > 0 else HEALTHY, corners[i][0] if i < 6 else HEALTHY)
        for i in range(7)
    ]
    for neighbour in (*spine.above, *spine.below):
        draw_body(canvas, neighbour, (HEALTHY, HEALTHY), rng)
    for body, looks in zip(spine.vertebrae, anterior, strict=True):
        draw_body(canvas, body, looks, rng)
    for index in range(6):
        disc = spine.disc(index)
        upper, lower = spine.vertebrae[index : index + 2]
        _draw_disc(canvas, upper, lower, disc, bridges[index])
        if bridges[index].width_mm == 0:
            _draw_spurs(canvas, upper, lower, disc, corners[index])


def draw_body(
    canvas: Canvas, body: Vertebra, looks: tuple[Corner, Corner], rng: np.random.Generator
) -> None:
    """One vertebral body with erosion, sclerosis and squaring at its (cranial, caudal) corner."""
    rough = rng.standard_normal(len(bodies.WALL))
    contour = canvas.pixels(
        body.world(bodies.outline(body, (looks[0].squaring, looks[1].squaring), rough))
    )
    place = canvas.window(contour, 2.0)
    if place is None:
        return
    shape = canvas.bone[place].shape
    origin = np.array([place[1].start, place[0].start])
    mask = filled(shape, contour - origin)
    for caudal, look in enumerate(looks):
        if look.erosion > 0.02:
            _erode(canvas, mask, origin, body, bool(caudal), look.erosion, rng)
    bone = _body_profile(mask, canvas.px_per_mm)
    bone *= 1 + 0.09 * _texture(shape, rng)
    _endplate_lines(canvas, bone, mask, origin, body, rng)
    for caudal, look in enumerate(looks):
        if look.sclerosis > 0.02:
            _sclerose(canvas, bone, mask, origin, body, bool(caudal), look.sclerosis)
    np.maximum(canvas.bone[place], bone, out=canvas.bone[place])


def _body_profile(mask: NDArray[np.uint8], px_per_mm: float) -> Map:
    """Attenuation from the depth below the contour: a rounded body inside a cortical shell."""
    depth = cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 3)
    depth = np.arange(0, 40, 0.1, dtype=np.float32)[
        np.minimum(depth * (10 / px_per_mm), 399).astype(np.intp)
    ]
    profile = 0.95 - 0.42 * np.exp(-depth / 3.0) + 0.30 * np.exp(-np.square(depth / 0.7))
    return np.asarray(profile * (mask * np.float32(1 / 255)), dtype=np.float32)


def _erode(
    canvas: Canvas,
    mask: NDArray[np.uint8],
    origin: Points,
    body: Vertebra,
    caudal: bool,
    strength: float,
    rng: np.random.Generator,
) -> None:
    """Take a ragged bite out of the corner."""
    radius = (0.6 + 1.6 * strength) * body.half_depth / 10  # 1-2 mm in the neck, 2-4 in the loin
    radius = min(radius, 3.2)
    corner = body.local_corner(caudal)
    inward = np.array([-0.15, -0.25 if caudal else 0.25]) * radius
    contour = bodies.bite(corner + inward, radius, rng.random(11))
    points = np.round((canvas.pixels(body.world(contour)) - origin) * (1 << SUBPIXEL)).astype(
        np.int32
    )
    cv2.fillPoly(mask, [points], 0, lineType=cv2.LINE_AA, shift=SUBPIXEL)


def _sclerose(
    canvas: Canvas,
    bone: Map,
    mask: NDArray[np.uint8],
    origin: Points,
    body: Vertebra,
    caudal: bool,
    strength: float,
) -> None:
    """Add a soft-edged triangular density inside the corner, 3-8 mm long."""
    leg = (0.20 + 0.22 * strength) * body.half_depth
    corner = body.local_corner(caudal)
    up = -1.0 if caudal else 1.0
    triangle = corner + np.array(
        [[0.5, -0.5 * up], [0.5, 1.25 * leg * up], [-1.35 * leg, -0.5 * up]]
    )
    dense = filled(bone.shape, canvas.pixels(body.world(triangle)) - origin).astype(np.float32)
    dense = blurred(dense, 0.16 * leg * canvas.px_per_mm)
    bone += dense * (mask > 127) * np.float32((0.28 + 0.55 * strength) / 255)


def _endplate_lines(
    canvas: Canvas,
    bone: Map,
    mask: NDArray[np.uint8],
    origin: Points,
    body: Vertebra,
    rng: np.random.Generator,
) -> None:
    """Dense endplates; the rim of a tilted body shows as a second, fainter contour beyond one."""
    lines = np.zeros(bone.shape, dtype=np.uint8)
    tilt = float(rng.normal(0, 0.035)) * body.half_depth
    thick = max(1, round(0.6 * canvas.px_per_mm))
    for caudal in (False, True):
        edge = bodies.endplate(body, caudal)[1:-1]
        inner = edge + np.array([0.0, -0.35 if caudal else 0.35])
        points = np.round((canvas.pixels(body.world(inner)) - origin) * (1 << SUBPIXEL)).astype(
            np.int32
        )
        cv2.polylines(lines, [points], False, 255, thick, cv2.LINE_AA, SUBPIXEL)
        if (tilt > 0.15) == caudal and abs(tilt) > 0.15:
            bulge = tilt * np.sin(np.pi * np.linspace(0.0, 1.0, len(edge)) ** 0.8)
            far = edge + np.stack([np.zeros(len(edge)), bulge], axis=1)
            lens = filled(
                bone.shape, canvas.pixels(body.world(np.concatenate([edge, far[::-1]]))) - origin
            )
            np.maximum(bone, lens * np.float32(0.5 / 255), out=bone)
    bone += lines * (mask > 127) * np.float32(0.16 / 255)


def _draw_spurs(
    canvas: Canvas, upper: Vertebra, lower: Vertebra, disc: Disc, looks: tuple[Corner, Corner]
) -> None:
    """Spurs of a disc that is not bridged; two spurs always leave a visible gap."""
    gap = float(np.hypot(*(disc.caudal - disc.cranial)))
    lengths = [0.5 + look.spur * gap if look.spur > 0 else 0.0 for look in looks]
    room = gap - max(0.8, 0.14 * gap)
    if sum(lengths) > room:
        lengths = [length * room / sum(lengths) for length in lengths]
    pairs = ((upper, True, disc.caudal), (lower, False, disc.cranial))
    for (body, caudal, facing), look, length in zip(pairs, looks, lengths, strict=True):
        if length > 0.1:
            _draw_spur(canvas, body, caudal, facing, look, length)
        if look.osteophyte > 0:
            _draw_osteophyte(canvas, body, caudal, look)


def _draw_spur(
    canvas: Canvas, body: Vertebra, caudal: bool, facing: Points, look: Corner, length: float
) -> None:
    """A tapering spike from the rim towards the facing corner, bowed outward."""
    deep = 0.12 * body.half_depth  # rooted below the rounded corner, so that spike and rim are one
    inward = np.array([-0.55 * look.spur_width_mm - 0.3, -deep if caudal else deep])
    root = body.world(body.local_corner(caudal) + inward)
    corner = body.corner(caudal)
    across = (facing - corner) / np.hypot(*(facing - corner))
    front = np.array([-abs(across[1]), across[0] * np.sign(across[1])])
    direction = np.cos(look.spur_angle) * across + np.sin(look.spur_angle) * front
    tip = corner + length * direction
    bend = 0.5 * (root + tip) + 0.18 * length * front
    width = look.spur_width_mm
    add_band(
        canvas,
        bodies.band(root, bend, tip, (2.1 * width, 1.15 * width, 0.4 * width)),
        0.85 * look.density,
    )


def _draw_osteophyte(canvas: Canvas, body: Vertebra, caudal: bool, look: Corner) -> None:
    """Degenerative claw: thick base away from the rim, growing forward, not across the disc."""
    size = body.half_depth / 10
    toward = -1.0 if caudal else 1.0
    root = body.local_corner(caudal) + np.array([-0.8, 2.6 * size**0.5 * toward])
    tip = root + np.array([0.8 + 2.2 * size * look.osteophyte, -0.5 * size * toward])
    line = body.world(np.stack([root, 0.5 * (root + tip) + [0.3, 0.2 * toward], tip]))
    base = 2.6 * size
    add_band(canvas, bodies.band(line[0], line[1], line[2], (base, 0.5 * base, 0.5)), 0.8)


def _draw_disc(
    canvas: Canvas, upper: Vertebra, lower: Vertebra, disc: Disc, bridge: Bridge
) -> None:
    """Bridge, and the calcified disc behind a long-standing one."""
    if bridge.width_mm == 0:
        return
    if bridge.maturity > 0.45:
        posterior = (lower.corner(False, False), upper.corner(True, False))
        space = np.stack([disc.cranial, disc.caudal, *posterior])
        add_band(canvas, space, 0.5 * (bridge.maturity - 0.45), soft_mm=1.2)
    width, deep = bridge.width_mm, 0.14 * upper.half_depth
    start = upper.world(upper.local_corner(True) + np.array([-0.5 * width, -deep]))
    end = lower.world(lower.local_corner(False) + np.array([-0.5 * width, deep]))
    across = (end - start) / np.hypot(*(end - start))
    front = np.array([-across[1], across[0]])
    bend = 0.5 * (start + end) + front * (2 * bridge.bow_mm + 0.5 * width)
    add_band(
        canvas,
        bodies.band(start, bend, end, (1.7 * width, width, 1.7 * width)),
        0.88 * bridge.density,
    )


@cache
def _trabeculae() -> Map:
    """Band-passed noise, stretched along the body axis; unit variance, the same in every film."""
    noise = np.random.default_rng(7).standard_normal((1024, 1024)).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), sigmaX=1.6, sigmaY=4.0)
    coarse = cv2.GaussianBlur(noise[::-1], (0, 0), sigmaX=9, sigmaY=14)
    texture = fine / fine.std() + 0.8 * coarse / coarse.std()
    return np.asarray(texture / texture.std(), dtype=np.float32)


def _texture(shape: tuple[int, ...], rng: np.random.Generator) -> Map:
    """A random piece of the texture, repeated if the patch is larger."""
    tile = _trabeculae()
    row, column = rng.integers(0, tile.shape[0], 2)
    rows = np.arange(row, row + shape[0]) % tile.shape[0]
    columns = np.arange(column, column + shape[1]) % tile.shape[1]
    return np.asarray(tile[rows[:, None], columns[None, :]], dtype=np.float32)
