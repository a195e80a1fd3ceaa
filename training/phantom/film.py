"""From bones and soft tissue to the stored pixels: line integral, blur, noise, vendor's processing.

All in the logarithmic domain, where a film's value is the line integral itself; the noise of the
quanta is added with the standard deviation it has there (1/sqrt of the quanta that arrive).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.msasss import Region
from training.phantom import soft_tissue
from training.phantom.canvas import Canvas, Map
from training.phantom.geometry import Points, Spine
from training.phantom.lesions import Bridge, Corner
from training.phantom.odd_bone import draw_odd
from training.phantom.oddities import Traits
from training.phantom.posterior import draw_posterior
from training.phantom.render import draw_spine

Pixels = NDArray[np.uint16]
WHITE = 4095  # 12 bit
BONE = {"C": 0.55, "L": 0.9}  # line integral through a healthy body
QUANTA_PER_MM2 = {"C": 90_000.0, "L": 16_000.0}  # that reach the detector behind the spine
MAGNIFICATION = {"C": 1.12, "L": 1.12}
FINEST_MM = 0.3  # coarser films are drawn finer and averaged, or thin new bone would be lost
EDGE_MM = 7.0  # of film around the outermost corner


@dataclass(frozen=True)
class Vendor:
    """One maker's detector and processing: the built-in domain shift between centres."""

    name: str
    model: str
    modality: str
    sizes: dict[Region, tuple[int, int, float]]  # rows, columns, mm per pixel
    blur_mm: float
    noise: float
    sharpen: tuple[float, float]  # of detail below 2 mm and below 12 mm
    equalize: float  # share of the large-scale density taken away
    latitude: float  # width of the output curve in units of the bone contrast


VENDORS: dict[str, Vendor] = {
    "A": Vendor(
        name="Borealis Imaging (synthetic)",
        model="BX-3000",
        modality="DX",
        sizes={"C": (1760, 1480, 0.148), "L": (3000, 2400, 0.148)},
        blur_mm=0.14,
        noise=1.0,
        sharpen=(0.35, 0.25),
        equalize=0.25,
        latitude=4.6,
    ),
    "B": Vendor(
        name="Australis Radiography (synthetic)",
        model="CR-1760",
        modality="CR",
        sizes={"C": (2510, 2010, 0.1), "L": (2140, 1760, 0.2)},
        blur_mm=0.22,
        noise=1.35,
        sharpen=(0.9, 0.5),
        equalize=0.5,
        latitude=3.6,
    ),
}


@dataclass(frozen=True)
class Exposure:
    """A finished film before mirroring: pixels bone bright, and object mm -> film pixels."""

    pixels: Pixels
    to_film: Points  # [2, 3]
    hidden: Map  # coarse map [rows, cols] of what hides the spine (line integral)


def expose(
    spine: Spine,
    corners: list[tuple[Corner, Corner]],
    bridges: list[Bridge],
    vendor: Vendor,
    scale: float,
    rng: np.random.Generator,
    to_film: Points,
    odd: Traits,
) -> Exposure:
    """Take the film that `pose` has set up. `scale` shrinks the pixels at equal field of view."""
    shape, spacing = _format(vendor, spine.region, scale)
    step = max(1, round(1.1 / spacing))
    coarse = soft_tissue.grid(spine, to_film, shape, (-(-shape[0] // step), -(-shape[1] // step)))
    if spine.region == "C":
        tissue = soft_tissue.cervical(coarse, spine, rng, shoulder=float(rng.normal(0.93, 0.12)))
    else:
        tissue = soft_tissue.lumbar(coarse, spine, rng)
    integral: Map = np.asarray(
        cv2.resize(tissue.integral, shape[::-1], interpolation=cv2.INTER_CUBIC), dtype=np.float32
    )
    _add_bone(integral, spine, corners, bridges, to_film, spacing, vendor, tissue.hiding, rng, odd)
    middle = np.median([_at(tissue.integral, coarse, body.center) for body in spine.vertebrae])
    middle = float(middle) + 0.5 * BONE[spine.region]
    quanta = QUANTA_PER_MM2[spine.region] * spacing**2 / vendor.noise**2 * rng.uniform(0.6, 1.5)
    _add_noise(integral, middle, quanta, rng)
    processed = _enhance(integral, spacing, vendor)
    pixels = _output_curve(
        processed, middle * (1 - vendor.equalize), BONE[spine.region], vendor, rng
    )
    _collimate(pixels, spine, to_film, rng)
    return Exposure(pixels, to_film, tissue.hiding)


def hidden_at(exposure: Exposure, point_px: Points) -> float:
    """Line integral of what lies over a film point."""
    rows, columns = exposure.hidden.shape
    x = int(point_px[0] / exposure.pixels.shape[1] * columns)
    y = int(point_px[1] / exposure.pixels.shape[0] * rows)
    return float(exposure.hidden[min(max(y, 0), rows - 1), min(max(x, 0), columns - 1)])


def pose(
    spine: Spine, vendor: Vendor, scale: float, rng: np.random.Generator, *, cropped: bool = False
) -> Points:
    """Object millimetres -> film pixels [2, 3]: magnification, patient's tilt, place on the film.

    `cropped`: the film ends in the middle of the last body but one, above the last disc.
    """
    shape, spacing = _format(vendor, spine.region, scale)
    turn = np.radians(rng.normal(0, 3.0))
    ends = (False, True)
    corners = np.array([v.corner(c, f) for v in spine.vertebrae for c in ends for f in ends])
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    turned = corners @ rotation.T
    size = np.array([shape[1], shape[0]], dtype=np.float64)
    zoom = MAGNIFICATION[spine.region] * rng.uniform(0.96, 1.04) / spacing
    margin = EDGE_MM / spacing
    zoom = min(zoom, float(((size - 2 * margin) / np.ptp(turned, axis=0)).min()))
    target = np.array(
        [0.46 if spine.region == "C" else 0.53, 0.54 if spine.region == "C" else 0.46]
    )
    target = size * (target + rng.uniform(-0.04, 0.04, 2))
    shift = target - zoom * 0.5 * (turned.min(axis=0) + turned.max(axis=0))
    low, high = zoom * turned.min(axis=0) + shift, zoom * turned.max(axis=0) + shift
    shift += np.maximum(margin - low, 0) - np.maximum(high - (size - margin), 0)
    to_film: Points = np.concatenate([zoom * rotation, shift[:, None]], axis=1)
    if cropped:
        to_film[1, 2] += shape[0] - (to_film @ np.append(spine.vertebrae[5].center, 1.0))[1]
    return to_film


def _format(vendor: Vendor, region: Region, scale: float) -> tuple[tuple[int, int], float]:
    """Rows and columns, and millimetres per pixel."""
    rows, columns, spacing = vendor.sizes[region]
    return (round(rows * scale), round(columns * scale)), spacing / scale


def _add_bone(
    integral: Map,
    spine: Spine,
    corners: list[tuple[Corner, Corner]],
    bridges: list[Bridge],
    to_film: Points,
    spacing: float,
    vendor: Vendor,
    hiding: Map,
    rng: np.random.Generator,
    odd: Traits,
) -> None:
    """Draw the spine in its own window of the film and add it to the line integral."""
    line = spine.center_line()
    reach = spine.s_mm
    reach_to = reach * np.array([[-1.6, -2.4], [2.6, 1.0]])
    around = np.concatenate([line + reach_to[0], line + reach_to[1]])
    points = around @ to_film[:, :2].T + to_film[:, 2]
    low = np.maximum(np.floor(points.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(points.max(axis=0)), integral.shape[::-1]).astype(int)
    finer = max(1, int(np.ceil(spacing / FINEST_MM - 1e-6)))
    matrix = to_film.copy()
    matrix[:, 2] -= low
    matrix *= finer
    matrix[:, 2] += 0.5 * finer - 0.5
    size = (high - low) * finer
    canvas = Canvas(np.zeros(size[::-1], dtype=np.float32), matrix, float(np.hypot(*matrix[:, 0])))
    draw_spine(canvas, spine, corners, bridges, rng)
    draw_posterior(canvas, spine)
    draw_odd(canvas, spine, odd)
    sigma = vendor.blur_mm / spacing * finer
    bone = cv2.GaussianBlur(canvas.bone, (0, 0), sigma) if sigma > 0.3 else canvas.bone
    if finer > 1:
        bone = cv2.resize(bone, (high - low).tolist(), interpolation=cv2.INTER_AREA)
    if hiding.any():  # scatter behind the shoulders takes the contrast
        seen = cv2.resize(
            np.exp(-0.8 * hiding), integral.shape[::-1], interpolation=cv2.INTER_LINEAR
        )
        bone = bone * seen[low[1] : high[1], low[0] : high[0]]
    integral[low[1] : high[1], low[0] : high[0]] += np.float32(BONE[spine.region]) * bone


def _at(image: Map, coarse: soft_tissue.Grid, point_mm: Points) -> float:
    x, y = coarse.to_grid[:, :2] @ point_mm + coarse.to_grid[:, 2]
    rows, columns = image.shape
    return float(image[int(np.clip(y, 0, rows - 1)), int(np.clip(x, 0, columns - 1))])


def _add_noise(integral: Map, middle: float, quanta: float, rng: np.random.Generator) -> None:
    """Quantum noise: `quanta` per pixel where the line integral is `middle`."""
    noise = rng.standard_normal(integral.shape, dtype=np.float32)
    deviation = cv2.exp((integral - np.float32(middle)) * np.float32(0.5))
    cv2.multiply(noise, deviation, dst=noise, scale=1 / np.sqrt(quanta))
    cv2.add(integral, noise, dst=integral)


def _enhance(integral: Map, spacing: float, vendor: Vendor) -> Map:
    """Multi-scale processing: lift detail, flatten large-scale density."""
    size = integral.shape[::-1]
    fine_step, coarse_step = max(1, round(0.5 / spacing)), max(1, round(4 / spacing))
    reduced = cv2.resize(integral, _reduced(size, fine_step), interpolation=cv2.INTER_AREA)
    fine = cv2.GaussianBlur(reduced, (0, 0), 0.9 / (spacing * fine_step))
    small = cv2.resize(reduced, _reduced(size, coarse_step), interpolation=cv2.INTER_AREA)
    middle = cv2.resize(
        cv2.GaussianBlur(small, (0, 0), 1.5), fine.shape[::-1], interpolation=cv2.INTER_CUBIC
    )
    broad = cv2.resize(
        cv2.GaussianBlur(small, (0, 0), 9), fine.shape[::-1], interpolation=cv2.INTER_CUBIC
    )
    first, second = vendor.sharpen
    away = first * fine + second * middle + vendor.equalize * broad
    total = 1 + first + second
    lifted = cv2.resize(away.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.addWeighted(integral, total, lifted, -1.0, 0.0), dtype=np.float32)


def _reduced(size: tuple[int, ...], step: int) -> tuple[int, int]:
    return max(8, size[0] // step), max(8, size[1] // step)


def _output_curve(
    image: Map, middle: float, bone: float, vendor: Vendor, rng: np.random.Generator
) -> Pixels:
    """Sigmoid from processed line integral to 12 bits, centred on the spine."""
    middle += rng.normal(0, 0.12) * bone
    width = vendor.latitude * bone * rng.uniform(0.85, 1.2)
    entries = np.linspace(-6, 6, 2048)
    table = np.round(WHITE / (1 + np.exp(-entries))).astype(np.uint16)
    # entry = (image - middle) / width * 4, spread over the table
    per_unit = 4 / width * 2047 / 12
    index = image * np.float32(per_unit)
    index += np.float32(1023.5 - middle * per_unit)
    return np.asarray(table[np.clip(index, 0, 2047).astype(np.uint16)], dtype=np.uint16)


def _collimate(pixels: Pixels, spine: Spine, to_film: Points, rng: np.random.Generator) -> None:
    """Blacken a slightly turned border; it never reaches a corner."""
    if rng.random() < 0.35:
        return
    rows, columns = pixels.shape
    ends = np.array(
        [spine.disc(i).anterior for i in range(6)] + [spine.disc(i).center for i in range(6)]
    )
    points = ends @ to_film[:, :2].T + to_film[:, 2]
    room = np.array(
        [
            points[:, 0].min(),
            points[:, 1].min(),
            columns - points[:, 0].max(),
            rows - points[:, 1].max(),
        ]
    )
    edge = np.minimum(
        rng.uniform(0, 0.09, 4) * np.array([columns, rows, columns, rows]), 0.5 * room
    )
    turn = np.tan(np.radians(rng.normal(0, 0.5)))
    left, top, right, bottom = edge[0], edge[1], columns - edge[2], rows - edge[3]
    lean, tip = turn * 0.5 * rows, turn * 0.5 * columns
    field = np.array(
        [
            [left + lean, top - tip],
            [right + lean, top + tip],
            [right - lean, bottom + tip],
            [left - lean, bottom - tip],
        ]
    )
    mask = np.zeros(pixels.shape, dtype=np.uint8)
    cv2.fillConvexPoly(mask, np.round(field).astype(np.int32), 255)
    pixels[mask == 0] = 0
