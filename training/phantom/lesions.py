"""What a latent looks like: strength of each finding at a corner, continuous in the latent.

Around every threshold the strength passes through "could be either", so that the truth near a
threshold is really ambiguous on the film. A corner keeps its style (which findings, which
direction the spur takes) over the visits of its patient.
"""

from dataclasses import dataclass

import numpy as np

from inference.msasss import Region
from training.phantom.severity import Floats

USEFUL_SQUARING = {"C": (5, 6, 7, 8), "L": tuple(range(11))}
"""Corners (0-11 down the region) where squaring may be a lesion: of the neck only C5 and C6, which
are not square in health; in the lumbar film all but the sacrum, which has no anterior concavity."""


@dataclass(frozen=True)
class Corner:
    """Strengths 0-1 unless said otherwise."""

    erosion: float
    sclerosis: float
    squaring: float
    spur: float  # length as a share of the disc space
    spur_angle: float  # radians away from the disc-crossing direction, towards anterior
    spur_width_mm: float
    density: float  # of the new bone, relative to cortex
    osteophyte: float  # hard negative: degenerative claw, away from the rim


@dataclass(frozen=True)
class Bridge:
    """A band that joins the facing corners; width 0 when there is none."""

    width_mm: float
    bow_mm: float
    density: float
    maturity: float  # 0 fresh .. 1 long-standing: the disc calcifies, corners fade


def corners(
    region: Region, latent: Floats, person: np.random.Generator
) -> list[tuple[Corner, Corner]]:
    """Cranial and caudal corner of each disc; latent [6, 2]."""
    styles = person.random((6, 2, 6))
    return [
        (
            _corner(region, disc, 0, float(latent[disc, 0]), styles[disc, 0]),
            _corner(region, disc, 1, float(latent[disc, 1]), styles[disc, 1]),
        )
        for disc in range(6)
    ]


def bridges(region: Region, latent: Floats, person: np.random.Generator) -> list[Bridge]:
    """Bridge of each disc; latent [6, 2]."""
    styles = person.random((6, 2))
    widest = 2.6 if region == "C" else 3.6
    found: list[Bridge] = []
    for disc in range(6):
        level = float(latent[disc].min()) - 3.0
        if level < 0:
            found.append(Bridge(0.0, 0.0, 0.0, 0.0))
            continue
        width = 1.1 + (widest - 1.1) * (0.65 * level + 0.35 * styles[disc, 0] * level)
        found.append(Bridge(width, 0.3 + 0.9 * styles[disc, 1], 0.75 + 0.35 * level, level))
    return found


def _corner(region: Region, disc: int, side: int, latent: float, style: Floats) -> Corner:
    early = float(np.interp(latent, [0.6, 0.95, 1.05, 1.5], [0.0, 0.35, 0.55, 1.0]))
    findings = _findings(region, 2 * disc + side, style[0])
    # a spur stands on a corner that has filled up again
    grown_over = float(np.interp(latent, [1.6, 1.85], [1.0, 0.2]))
    spur = float(np.interp(latent, [1.75, 2.0, 2.06, 2.5, 3.0], [0.0, 0.16, 0.24, 0.45, 0.8]))
    narrow, wide = (0.9, 1.5) if region == "C" else (1.3, 2.2)
    claw = style[4] < 0.06 and latent < 0.7
    return Corner(
        erosion=early * findings[0] * grown_over,
        sclerosis=early * findings[1],
        squaring=early * findings[2],
        spur=spur,
        spur_angle=float(np.radians(4 + 30 * style[1])),
        spur_width_mm=narrow + (wide - narrow) * float(style[2]),
        density=0.75 + 0.3 * float(style[3]),
        osteophyte=0.4 + 0.6 * float(style[5]) if claw else 0.0,
    )


def _findings(region: Region, corner: int, pick: float) -> tuple[float, float, float]:
    """Erosion, sclerosis, squaring: one leads, often with a second."""
    mixes: tuple[tuple[float, float, float], ...] = (
        (1.0, 0.0, 0.0),
        (0.9, 0.7, 0.0),
        (0.0, 1.0, 0.0),
        (0.0, 0.8, 1.0),
        (0.0, 0.0, 1.0),
        (0.6, 0.0, 0.9),
    )
    if corner not in USEFUL_SQUARING[region]:
        mixes = mixes[:3]
    return mixes[int(pick * len(mixes))]
