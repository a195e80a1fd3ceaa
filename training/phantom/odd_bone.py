"""Draw what is no disease of this score: flowing ossification, limbus vertebrae, screws."""

import numpy as np

from training.phantom import bodies
from training.phantom.canvas import Canvas, add_band, take_away
from training.phantom.geometry import Points, Spine, Vertebra
from training.phantom.oddities import Traits

METAL = 3.5  # attenuation of a screw, in healthy vertebral bodies


def draw_odd(canvas: Canvas, spine: Spine, odd: Traits) -> None:
    """Add a person's traits to the bones."""
    for disc in odd.dish:
        _flowing_band(canvas, spine.vertebrae[disc], spine.vertebrae[disc + 1])
    if odd.limbus is not None:
        _limbus(canvas, spine.vertebrae[odd.limbus + 1])
    if odd.hardware is not None:
        upper, lower = spine.vertebrae[odd.hardware : odd.hardware + 2]
        _screws(canvas, upper, lower, plate=spine.region == "C")


def _flowing_band(canvas: Canvas, upper: Vertebra, lower: Vertebra) -> None:
    """From wall to wall across the disc, kept off the bodies by a lucent line.

    The corners behind it are healthy: a reader of this score gives 0 where a bridge seems to be.
    """
    off = 0.13 * upper.half_depth  # the lucent line, 1 mm in the neck and 2 in the back
    wide = 0.20 * upper.half_depth
    ahead = np.array([off + 0.5 * wide, 0.0])
    start = upper.world(np.array([upper.half_depth, 0.0]) + ahead)
    end = lower.world(np.array([lower.half_depth, 0.0]) + ahead)
    bulge = 0.5 * (upper.corner(True) + lower.corner(False))
    over = upper.world(upper.local_corner(True) + np.array([3.2 * off + wide, 0.0]))
    bend = bulge + 1.2 * (over - upper.corner(True))
    add_band(canvas, bodies.band(start, bend, end, (0.6 * wide, wide, 0.6 * wide)), 0.75)


def _limbus(canvas: Canvas, body: Vertebra) -> None:
    """The anterior upper corner as an ossicle of its own: a lucent line, bone dense beside it.

    Disc that broke through the growing rim; neither erosion nor syndesmophyte, so grade 0.
    """
    deep, low = 0.36 * body.half_depth, 0.24 * body.height  # of the ossicle, 6 mm each
    rim = body.local_corner(caudal=False)
    wall, plate = rim + np.array([1.0, low]), rim - np.array([deep, 1.0])
    inward = np.array([-0.5, 0.5])  # across the line, towards the body's middle
    cut = np.array([wall, 0.5 * (wall + plate) + inward, plate])
    within = np.array([[-2.0, 0.4], [0.0, 0.0], [-0.4, 2.0]])  # the dense line ends at the cortex
    line, beside = body.world(cut), body.world(cut + 2.2 * inward + within)
    start, bend, end = beside
    add_band(canvas, bodies.band(start, bend, end, (0.4, 1.2, 0.4)), 1.15, 0.3)
    start, bend, end = line
    take_away(canvas, bodies.band(start, bend, end, (1.2, 1.5, 1.2)), 0.75)


def _screws(canvas: Canvas, upper: Vertebra, lower: Vertebra, *, plate: bool) -> None:
    """One screw a body, joined by a plate in front (neck) or a rod behind (back)."""
    side = 1.0 if plate else -1.0
    thick = 0.13 * upper.half_depth
    heads: list[Points] = []
    for body in (upper, lower):
        head = body.world(np.array([side * 1.18 * body.half_depth, 0.0]))
        tip = body.world(np.array([-side * 0.45 * body.half_depth, 0.0]))
        add_band(
            canvas, bodies.band(head, 0.5 * (head + tip), tip, (1.6 * thick, thick, thick)), METAL
        )
        heads.append(head)
    start, end = heads
    add_band(canvas, bodies.band(start, 0.5 * (start + end), end, (1.5 * thick,) * 3), 0.9 * METAL)
