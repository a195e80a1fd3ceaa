"""Synthetic readers: noisy grades of known corners, calibrated to published reader agreement.

With `slip` 0.05 two readers of the clinic preset agree on 93 % of the corners and reach a status
ICC near 0.996, an SDC of 2 units over two years (Baraliakos 2007: 2 units) and an unpaired ICC of
change near 0.58 (SPAR: 0.46 to 0.62), at a true change of 1.0 +- 1.9 units.
"""

import hashlib
from collections.abc import Mapping

import numpy as np

from inference.msasss import SITE, facing
from training.phantom.cohort import CornerTruth

SLIP = 0.05
SLIP_AT = (0.4, 0.9, 0.65)  # of grades 0, 1, 2; the threshold noise does the rest
BRIDGE_SLIP = 0.5  # a bridge is missed this much of `slip`, once per disc
LATENT_NOISE = 0.06  # of a step of the latent scale: doubt right at a threshold
BIAS_SD = 0.3  # of one film's leaning, in units of the slip's odds


def read(
    corners: Mapping[str, CornerTruth],
    reader_seed: int,
    *,
    film: str = "",
    bias: float = 0.0,
    slip: float = SLIP,
) -> dict[str, int | None]:
    """Grades of one reader for one film, by site code; None where the corner is not assessable.

    Deterministic in (reader_seed, film, corners). `bias` moves every threshold in steps of the
    latent scale: +0.3 makes a reader who sees more. A bridge always stands on both facing corners.
    """
    if not 0 <= slip < 0.4:
        raise ValueError("The slip of a reader lies between 0 and 0.4.")
    name = "|".join([film, *(f"{code}{corner.latent:.6f}" for code, corner in corners.items())])
    rng = np.random.default_rng(
        (reader_seed, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))
    )
    leaning = float(np.exp(rng.normal(0, BIAS_SD))) if slip else 1.0
    upward = leaning / (1 + leaning)
    grades: dict[str, int | None] = {}
    for code, corner in corners.items():
        below = _below_bridge(corner.latent + bias, upward, slip, rng)
        grades[code] = below if corner.assessable else None
    for code, corner in corners.items():
        if SITE[code].side == "cranial":
            _settle_bridge(grades, code, corner.latent + bias, slip, rng)
    return grades


def _below_bridge(latent: float, upward: float, slip: float, rng: np.random.Generator) -> int:
    """Grade 0, 1 or 2: threshold noise around the latent, then a rare slip to a neighbour."""
    seen = latent + (LATENT_NOISE * float(rng.standard_normal()) if slip else 0.0)
    grade = int(np.clip(np.floor(seen), 0, 2))
    if rng.random() >= slip * SLIP_AT[grade]:
        return grade
    if grade != 1:
        return 1
    return 2 if rng.random() < upward else 0


def _settle_bridge(
    grades: dict[str, int | None], code: str, latent: float, slip: float, rng: np.random.Generator
) -> None:
    """Both facing corners become 3, or neither: a bridge is missed or imagined as a whole."""
    seen = latent + (LATENT_NOISE * float(rng.standard_normal()) if slip else 0.0)
    missed = rng.random() < slip * BRIDGE_SLIP
    pair = (code, facing(code).code)
    if any(grades.get(site) is None for site in pair):
        for site in pair:
            if grades.get(site) is not None and seen >= 3:
                grades[site] = None  # half of the disc is hidden: no bridge can be called
        return
    long_spurs = all(grades[site] == 2 for site in pair) and 2.5 < latent < 3
    if (seen >= 3 or long_spurs) and (seen >= 3) != missed:
        for site in pair:
            grades[site] = 3
