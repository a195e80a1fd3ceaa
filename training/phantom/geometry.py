"""Where the vertebrae of a synthetic spine stand: centroids at measured spacing and tilt.

Object millimetres, anterior to the left (-x), caudal down (+y). Spacings, tilts, heights and depths
are aggregates measured on labelled public films (CSXA n=4952, BUU n=670, an AS cohort n=116),
in units of S, the mean inner centre-to-centre spacing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.msasss import Region
from training.phantom.severity import Floats

Points = NDArray[np.float64]  # [n, 2] x, y


@dataclass(frozen=True)
class Anatomy:
    """One region: seven vertebrae whose six discs are read, in units of S unless said otherwise."""

    vertebrae: tuple[str, ...]
    s_mm: tuple[float, float]  # mean, SD
    spacing: tuple[float, ...]
    tilt: tuple[float, ...]  # degrees, + = caudal end more anterior; population
    tilt_as: tuple[float, ...]  # the same in ankylosing spondylitis
    tilt_sd: tuple[float, float, float]  # degrees: whole spine, slope along it, each level
    height: tuple[float, ...]  # anterior
    posterior_ratio: tuple[float, ...]  # posterior / anterior height
    half_depth: tuple[float, ...]
    gap: tuple[float, float]  # smallest anterior, posterior disc space
    normally_square: tuple[float, ...]  # share of healthy people without anterior concavity
    wall_concavity_mm: tuple[float, float]
    endplate_mm: tuple[
        tuple[float, float], tuple[float, float]
    ]  # concavity of upper, lower endplate
    corner_radius_mm: tuple[float, float]


ANATOMY: dict[Region, Anatomy] = {
    "C": Anatomy(
        vertebrae=("C2", "C3", "C4", "C5", "C6", "C7", "T1"),
        s_mm=(17.6, 1.2),
        spacing=(1.23, 1.01, 0.98, 0.97, 1.04, 1.09),
        tilt=(0.4, -3.7, -5.8, -6.6, -11.3, -15.9),
        tilt_as=(-2.6, -4.9, -8.8, -11.3, -18.2, -26.0),
        tilt_sd=(5.0, 4.0, 1.5),
        height=(1.15, 0.75, 0.71, 0.66, 0.69, 0.81, 0.86),
        posterior_ratio=(1.0, 0.98, 0.98, 0.99, 1.0, 1.0, 1.02),
        half_depth=(0.40, 0.41, 0.43, 0.44, 0.46, 0.47, 0.48),
        gap=(0.20, 0.13),
        normally_square=(1.0, 0.9, 0.5, 0.1, 0.06, 0.45, 0.6),
        wall_concavity_mm=(0.7, 1.3),
        endplate_mm=((0.3, 0.7), (0.8, 1.6)),
        corner_radius_mm=(0.8, 1.4),
    ),
    "L": Anatomy(
        vertebrae=("T12", "L1", "L2", "L3", "L4", "L5", "S1"),
        s_mm=(37.5, 2.2),
        spacing=(0.95, 0.96, 1.01, 1.02, 1.01, 1.04),
        tilt=(12.0, 15.0, 13.0, 5.0, -8.0, -16.0),
        tilt_as=(17.0, 19.0, 18.0, 12.0, 0.0, -22.0),
        tilt_sd=(5.0, 5.0, 1.5),
        height=(0.66, 0.69, 0.73, 0.75, 0.74, 0.75, 0.80),
        posterior_ratio=(1.06, 1.05, 1.02, 0.99, 0.95, 0.86, 0.90),
        half_depth=(0.46, 0.48, 0.50, 0.51, 0.51, 0.50, 0.48),
        gap=(0.17, 0.09),
        normally_square=(0.05,) * 6 + (1.0,),
        wall_concavity_mm=(1.8, 3.0),
        endplate_mm=((0.8, 1.8), (1.2, 2.4)),
        corner_radius_mm=(1.5, 2.6),
    ),
}


@dataclass(frozen=True)
class Vertebra:
    """A body in its own frame: u points anterior, w caudal, both in mm from the centre."""

    name: str
    center: Points  # [2]
    angle: float  # radians, + = caudal end more anterior
    half_depth: float
    height: float
    posterior_height: float
    wall_concavity: float
    endplates: tuple[float, float]
    radius: float

    def world(self, local: Points) -> Points:
        """Local (u, w) [..., 2] to object millimetres [..., 2]."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        turned = local @ np.array([[-cos, -sin], [-sin, cos]])
        return np.asarray(self.center + turned, dtype=np.float64)

    def local_corner(self, caudal: bool, anterior: bool = True) -> Points:
        """Sharp meeting point of wall and endplate, local frame [2]."""
        height = self.height if anterior else self.posterior_height
        return np.array(
            [self.half_depth * (1 if anterior else -1), height * (0.5 if caudal else -0.5)]
        )

    def corner(self, caudal: bool, anterior: bool = True) -> Points:
        """The same point in object millimetres [2]."""
        return self.world(self.local_corner(caudal, anterior))


@dataclass(frozen=True)
class Disc:
    """A disc space in object millimetres: facing corners, centre, and anterior margin."""

    cranial: Points
    caudal: Points
    center: Points
    anterior: Points


@dataclass(frozen=True)
class Spine:
    """The vertebrae of one film, in object millimetres."""

    region: Region
    s_mm: float
    vertebrae: tuple[Vertebra, ...]  # the seven of the region, cranial to caudal
    above: tuple[Vertebra, ...]  # neighbours that are drawn and not read, nearest first
    below: tuple[Vertebra, ...]

    def disc(self, index: int) -> Disc:
        """Disc 0-5 of the region."""
        upper, lower = self.vertebrae[index], self.vertebrae[index + 1]
        cranial, caudal = upper.corner(True), lower.corner(False)
        posterior = 0.5 * (upper.corner(True, False) + lower.corner(False, False))
        anterior = 0.5 * (cranial + caudal)
        return Disc(cranial, caudal, 0.5 * (anterior + posterior), anterior)

    def center_line(self) -> Points:
        """Centroids from the most cranial to the most caudal drawn vertebra [n, 2]."""
        drawn = (*reversed(self.above), *self.vertebrae, *self.below)
        return np.array([vertebra.center for vertebra in drawn])


def build(
    region: Region, person: np.random.Generator, visit: np.random.Generator, latent: Floats
) -> Spine:
    """A spine from the person's random stream (same at every visit) and the visit's (posture).

    latent [6, 2] stiffens the posture towards the AS means and narrows bridged discs.
    """
    anatomy = ANATOMY[region]
    s = max(person.normal(*anatomy.s_mm), anatomy.s_mm[0] - 2 * anatomy.s_mm[1])
    shape = person.standard_normal((4, 10))
    disease = float(np.clip(np.mean(np.clip(latent, 0, 4)) / 2, 0, 1))
    tilt = (1 - disease) * np.array(anatomy.tilt) + disease * np.array(anatomy.tilt_as)
    whole, slope, each = anatomy.tilt_sd
    along = np.linspace(-1, 1, 6)
    tilt += whole * shape[0, 0] + slope * shape[0, 1] * along + each * shape[1, :6]
    tilt += 1.5 * (visit.standard_normal() + visit.standard_normal() * along)
    spacing = np.array(anatomy.spacing) * (1 + 0.025 * shape[2, :6])
    bridged = np.clip(latent.max(axis=1) - 3, 0, 1)
    spacing -= 0.07 * bridged  # a long-standing bridge has a narrowed disc
    angles = np.radians(_body_angles(region, tilt))
    vertebrae: list[Vertebra] = []
    center = np.zeros(2)
    for index in range(7):
        vertebra = _body(anatomy, index, s, shape[3, index], person, center, angles[index])
        if vertebrae:
            vertebra = _below(
                vertebrae[-1],
                vertebra,
                s * spacing[index - 1],
                np.radians(tilt[index - 1]),
                s,
                anatomy,
            )
        vertebrae.append(vertebra)
    return Spine(
        region, s, tuple(vertebrae), _above(region, vertebrae[0]), _under(region, vertebrae[-1])
    )


def _body_angles(region: Region, tilt: Floats) -> Floats:
    """Body orientation (degrees): mean of its two axes; the sacrum turns further."""
    ends = (tilt[0], tilt[-1] - 3.0) if region == "C" else (tilt[0] - 2.0, tilt[-1] - 17.0)
    inner = 0.5 * (tilt[:-1] + tilt[1:])
    return np.concatenate([[ends[0]], inner, [ends[1]]])


def _body(
    anatomy: Anatomy,
    index: int,
    s: float,
    size: float,
    person: np.random.Generator,
    center: Points,
    angle: float,
) -> Vertebra:
    height = s * anatomy.height[index] * (1 + 0.03 * size)
    concavity = person.uniform(*anatomy.wall_concavity_mm)
    square = person.random() < anatomy.normally_square[index]
    return Vertebra(
        name=anatomy.vertebrae[index],
        center=center,
        angle=float(angle),
        half_depth=s * anatomy.half_depth[index],
        height=height,
        posterior_height=height * anatomy.posterior_ratio[index],
        wall_concavity=concavity * (0.12 if square else 1.0),
        endplates=(
            person.uniform(*anatomy.endplate_mm[0]),
            person.uniform(*anatomy.endplate_mm[1]),
        ),
        radius=person.uniform(*anatomy.corner_radius_mm),
    )


def _moved(vertebra: Vertebra, center: Points) -> Vertebra:
    return Vertebra(**{**vars(vertebra), "center": center})


def _below(
    upper: Vertebra, lower: Vertebra, spacing: float, tilt: float, s: float, anatomy: Anatomy
) -> Vertebra:
    """Place `lower` along the axis; further down if a disc space would be too thin to see."""
    axis = np.array([-np.sin(tilt), np.cos(tilt)])
    placed = _moved(lower, upper.center + spacing * axis)
    gaps = [
        float((placed.corner(False, front) - upper.corner(True, front)) @ axis) / s
        for front in (True, False)
    ]
    short = max(anatomy.gap[0] - gaps[0], anatomy.gap[1] - gaps[1], 0.0)
    return _moved(placed, placed.center + short * s * axis)


def _above(region: Region, first: Vertebra) -> tuple[Vertebra, ...]:
    """Drawn neighbours cranial to the region: T11, T10 in the lumbar film."""
    if region == "C":
        return ()
    return _neighbours(first, ("T11", "T10"), direction=-1, turn=-0.05, shrink=0.95)


def _under(region: Region, last: Vertebra) -> tuple[Vertebra, ...]:
    """Drawn neighbours caudal to the region: T2, T3 or the rest of the sacrum."""
    if region == "C":
        return _neighbours(last, ("T2", "T3"), direction=1, turn=0.03, shrink=1.02)
    return _neighbours(last, ("S2", "S3"), direction=1, turn=-0.28, shrink=0.74)


def _neighbours(
    start: Vertebra, names: tuple[str, str], *, direction: int, turn: float, shrink: float
) -> tuple[Vertebra, ...]:
    made: list[Vertebra] = []
    last = start
    for name in names:
        angle = last.angle + turn
        step = last.height * 0.5 * (1 + shrink) * (1.04 if name.startswith("S") else 1.22)
        middle = 0.5 * (angle + last.angle)
        axis = np.array([-np.sin(middle), np.cos(middle)]) * direction
        last = Vertebra(
            **{
                **vars(last),
                "name": name,
                "angle": angle,
                "center": last.center + step * axis,
                "half_depth": last.half_depth * shrink,
                "height": last.height * shrink,
                "posterior_height": last.posterior_height * shrink,
            }
        )
        made.append(last)
    return tuple(made)
