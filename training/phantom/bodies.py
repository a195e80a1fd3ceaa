"""Outline of one vertebral body and of the new bone at its corners, in millimetres."""

import numpy as np

from training.phantom.geometry import Points, Vertebra
from training.phantom.severity import Floats

WALL = np.linspace(0.0, 1.0, 25)


def outline(body: Vertebra, squaring: tuple[float, float], rough: Floats) -> Points:
    """Closed contour [n, 2] in the body's frame.

    squaring: strength at the (cranial, caudal) anterior corner, fills the concavity of that half
    of the wall and sharpens the corner. rough: unit noise [25] that keeps the contour alive.
    """
    radius = [body.radius * (1 - 0.7 * strength) for strength in squaring]
    anterior = _trim(_anterior_wall(body, squaring), radius[0], radius[1])
    caudal = _trim(endplate(body, caudal=True), radius[1], body.radius)
    posterior = _trim(_posterior_wall(body), body.radius, body.radius)
    cranial = _trim(endplate(body, caudal=False)[::-1], body.radius, radius[0])
    anterior[:, 0] += 0.05 * np.convolve(rough, [0.5, 1, 0.5], "same")
    sides = [anterior, caudal, posterior, cranial]
    tips = [body.local_corner(True), body.local_corner(True, False)]
    tips += [body.local_corner(False, False), body.local_corner(False)]
    pieces: list[Points] = []
    for index, side in enumerate(sides):
        pieces += [side, curve(side[-1], tips[index], sides[(index + 1) % 4][0], 7)[1:-1]]
    return np.concatenate(pieces)


def _anterior_wall(body: Vertebra, squaring: tuple[float, float]) -> Points:
    """From the cranial to the caudal corner; each half loses its own concavity."""
    blend = np.clip((WALL - 0.3) / 0.4, 0, 1)
    strength = squaring[0] * (1 - blend) + squaring[1] * blend
    hollow = body.wall_concavity * (1 - 1.25 * strength) * 4 * WALL * (1 - WALL)
    start, end = body.local_corner(False), body.local_corner(True)
    points = start + WALL[:, None] * (end - start)
    points[:, 0] -= hollow
    return points


def endplate(body: Vertebra, caudal: bool) -> Points:
    """From the anterior to the posterior corner; deepest behind the middle (52-67 % of depth)."""
    start, end = body.local_corner(caudal), body.local_corner(caudal, anterior=False)
    points = start + WALL[:, None] * (end - start)
    depth = body.endplates[1 if caudal else 0] * np.sin(np.pi * WALL**1.3)
    points[:, 1] += -depth if caudal else depth
    return points


def _posterior_wall(body: Vertebra) -> Points:
    start, end = body.local_corner(True, False), body.local_corner(False, False)
    points = start + WALL[:, None] * (end - start)
    points[:, 0] += 0.05 * body.half_depth * 4 * WALL * (1 - WALL)
    return points


def _trim(points: Points, first: float, last: float) -> Points:
    """Cut `first` and `last` mm off the ends of a line, to make room for rounded corners."""
    steps = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    wanted = np.linspace(first, steps[-1] - last, len(points))
    return np.stack([np.interp(wanted, steps, points[:, axis]) for axis in (0, 1)], axis=1)


def curve(start: Points, control: Points, end: Points, count: int) -> Points:
    """Quadratic Bezier [count, 2]."""
    t = np.linspace(0, 1, count)[:, None]
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end


def band(start: Points, control: Points, end: Points, widths: tuple[float, float, float]) -> Points:
    """Closed contour of a bent band whose full width runs from start over the middle to the end."""
    line = curve(start, control, end, 17)
    along = np.gradient(line, axis=0)
    normal = (
        np.stack([-along[:, 1], along[:, 0]], axis=1)
        / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    )
    half = 0.5 * np.interp(np.linspace(0, 1, 17), [0, 0.5, 1], widths)[:, None]
    return np.concatenate([line + half * normal, (line - half * normal)[::-1]])


def bite(center: Points, radius: float, noise: Floats) -> Points:
    """Ragged closed contour of an erosion; noise [n] in 0-1."""
    angle = np.linspace(0, 2 * np.pi, len(noise), endpoint=False)
    reach = radius * (0.75 + 0.5 * noise)
    return center + np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=1)
