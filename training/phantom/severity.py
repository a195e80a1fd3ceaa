"""Disease of a synthetic patient: one continuous latent per corner and visit, then its grade.

Gaussian copula: patient, region, disc (AR1 down the spine) and corner terms. A disc whose own
latent passes the bridge quantile is bridged and gives both facing corners grade 3; the other
corners are cut at the quantiles of grades 2 and 1. The latent that leaves this file is rescaled so
that `grade == floor(latent)`: 1.02 is a corner that is only just grade 1, 1.98 nearly grade 2.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from inference.msasss import Region

Floats = NDArray[np.float64]

REGIONS: tuple[Region, Region] = ("C", "L")
DISCS_PER_REGION = 6
VISIT_INTERVAL_DAYS = 730  # two years: the shortest interval at which change is measurable
DISC_AR1 = 0.5
# Calibrated to the published 2-year course: mean change near 0.9 units, 2 units or more in a fifth,
# a new syndesmophyte in a fifth, and a spread at which readers with an SDC of 2 units reach the
# published reliability of change (SPAR 0.46-0.62)
DRIFT_SHAPE = 2.0
DRIFT_PER_YEAR = 0.024  # mean latent drift


@dataclass(frozen=True)
class Preset:
    """Variance shares of patient, region, disc, corner; wanted share of grades 1, 2, 3."""

    shares: tuple[float, float, float, float]
    prevalence: dict[Region, tuple[float, float, float]]


PRESETS: dict[str, Preset] = {
    "clinic": Preset(
        (0.45, 0.15, 0.25, 0.15), {"C": (0.117, 0.060, 0.100), "L": (0.117, 0.035, 0.135)}
    ),
    "early": Preset(
        (0.55, 0.12, 0.21, 0.12), {"C": (0.06, 0.035, 0.012), "L": (0.06, 0.02, 0.018)}
    ),
    "trial": Preset((0.55, 0.12, 0.21, 0.12), {"C": (0.14, 0.10, 0.13), "L": (0.14, 0.07, 0.18)}),
}


@dataclass(frozen=True)
class Cuts:
    """Thresholds on the standard normal latent: grade 1, grade 2 (corner), grade 3 (disc)."""

    one: float
    two: float
    bridge: float


def preset(name: str) -> Preset:
    """Return the preset of this name; ValueError names the choices."""
    if name not in PRESETS:
        raise ValueError(f"There is no preset {name!r}: choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]


@cache
def cuts(name: str, region: Region) -> Cuts:
    """Thresholds that give the preset's prevalence among corners whose disc is not bridged."""
    chosen = preset(name)
    p1, p2, p3 = chosen.prevalence[region]
    shared = float(np.sqrt(1.0 - chosen.shares[3]))  # correlation of corner and disc latent
    own = float(np.sqrt(chosen.shares[3]))
    bridge = float(ndtri(1.0 - p3))
    grid = ndtri((np.arange(4000) + 0.5) / 4000 * (1.0 - p3))  # disc latent, given no bridge

    def cut(share: float) -> float:
        low, high = -6.0, 6.0
        for _ in range(50):
            middle = 0.5 * (low + high)
            above = (1.0 - p3) * float(np.mean(1.0 - ndtr((middle - shared * grid) / own)))
            low, high = (middle, high) if above > share else (low, middle)
        return 0.5 * (low + high)

    return Cuts(one=cut(p1 + p2), two=cut(p2), bridge=bridge)


def latents(name: str, seed: int, patient: int, days: tuple[int, ...]) -> dict[Region, Floats]:
    """Latent of every corner: per region an array [visits, 6 discs, 2 sides (cranial, caudal)].

    Never falls from visit to visit. Depends on seed, patient and the days of the visits alone.
    """
    chosen = preset(name)
    a, b, c, d = np.sqrt(chosen.shares)
    rng = np.random.default_rng((seed, patient, 1))
    person = rng.standard_normal()
    rate = rng.gamma(DRIFT_SHAPE, DRIFT_PER_YEAR / DRIFT_SHAPE)
    result: dict[Region, Floats] = {}
    for region in REGIONS:
        common = a * person + b * rng.standard_normal() + c * _autoregressive(rng)
        corner = d * rng.standard_normal((DISCS_PER_REGION, 2))
        speed = rate * rng.gamma(1.0, 1.0, DISCS_PER_REGION)
        drift = np.asarray(days, dtype=np.float64)[:, None] / 365.25 * speed
        disc = common + drift
        result[region] = _rescale(
            disc[:, :, None] + corner, disc / np.sqrt(1 - d * d), cuts(name, region)
        )
    return result


def grades(latent: Floats) -> NDArray[np.int64]:
    """Grade 0-3 of each latent, any shape."""
    return np.clip(np.floor(latent), 0, 3).astype(np.int64)


def _autoregressive(rng: np.random.Generator) -> Floats:
    steps = rng.standard_normal(DISCS_PER_REGION)
    for disc in range(1, DISCS_PER_REGION):
        steps[disc] = DISC_AR1 * steps[disc - 1] + np.sqrt(1 - DISC_AR1**2) * steps[disc]
    return steps


def _rescale(corner: Floats, disc: Floats, cut: Cuts) -> Floats:
    """Normal latents [.., 6, 2] and [.., 6] -> the scale on which the grade is the floor."""
    normal = np.maximum(1.0 + (corner - cut.one), -4.0)
    early = 1.0 + (corner - cut.one) / (cut.two - cut.one)
    spur = 3.0 - np.exp(-np.clip(corner - cut.two, 0.0, 6.0) / 0.6)
    bridge = 4.0 - np.exp(-np.clip(disc - cut.bridge, 0.0, 6.0) / 0.6)
    below = np.where(corner < cut.one, normal, np.where(corner < cut.two, early, spur))
    return np.where((disc > cut.bridge)[..., None], bridge[..., None], below)
