"""What archives hold beside plain films: metal in the spine, odd ligaments, mishaps at the plate.

A person's traits (DISH, limbus, hardware) stay from visit to visit; mishaps belong to one film.
None of them touches the latent: the shares of the grades stay those of the preset.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.msasss import Region
from training.phantom.severity import Floats

# Share of people with flowing ossification in front of a healthy stretch. A trial's films are there
# to train on: what could be taken for a bridge is seen often in them, as the bridges are.
DISH = {"clinic": 0.03, "early": 0.03, "trial": 0.15}
LIMBUS = 0.03  # share of people with a limbus vertebra in a healthy lumbar stretch
HARDWARE = 0.03  # share of people with screws in two neighbouring bodies
TURNED = (0.95, 0.97, 0.985, 1.0)  # cumulative: as it should be, upside down, on either side
CROPPED = 0.02  # share of films that end above their last disc
LETTERS = 0.03  # share of films with a line of text in the pixels
HEALTHY_BELOW = 0.7  # latent: DISH is drawn only where the corners are clearly grade 0
WORDS = ("PHANTOM^ANNA", "ID 4711-22", "12.03.1961", "SYNTHETIC HOSPITAL", "DOE JOHN")


@dataclass(frozen=True)
class Traits:
    """Stays with the person; all name discs 0-5. The limbus is the corner below the disc."""

    dish: tuple[int, ...] = ()
    hardware: int | None = None
    limbus: int | None = None


@dataclass(frozen=True)
class Mishaps:
    """Happens to one film: quarter turns counter-clockwise 0-3, cut short, burnt-in letters."""

    turns: int = 0
    cropped: bool = False
    letters: str = ""


def traits(
    seed: int, patient: int, region: Region, first_latent: Floats, preset: str = "clinic"
) -> Traits:
    """The person's, from latent [6, 2] of the first visit, so that they never change."""
    rng = np.random.default_rng((seed, patient, 7, "CL".index(region)))
    flowing, operated = rng.random() < DISH[preset], rng.random() < HARDWARE
    start, length, spanned = int(rng.integers(0, 3)), int(rng.integers(3, 5)), int(rng.integers(6))
    healthy = first_latent.max(axis=1) < HEALTHY_BELOW
    dish = tuple(i for i in range(start, min(start + length, 5)) if healthy[i]) if flowing else ()
    if operated:
        # Fusions are done low in the back and in the middle of the neck
        return Traits(dish=(), hardware=3 + spanned % 2 if region == "L" else 2 + spanned % 3)
    return Traits(dish, limbus=_limbus(seed, patient, healthy) if region == "L" else None)


def _limbus(seed: int, patient: int, healthy: NDArray[np.bool_]) -> int | None:
    """From a stream of its own, so that whoever has none stays as they were without the trait."""
    rng = np.random.default_rng((seed, patient, 10))
    here, disc = rng.random() < LIMBUS, int(rng.integers(1, 5))  # L2 to L5
    return disc if here and healthy[disc] else None


def mishaps(seed: int, patient: int, visit: int, region: Region) -> Mishaps:
    """Those of one film."""
    rng = np.random.default_rng((seed, patient, 8, visit, "CL".index(region)))
    turns = (0, 2, 1, 3)[int(np.searchsorted(TURNED, rng.random(), side="right"))]
    cropped, lettered = bool(rng.random() < CROPPED), bool(rng.random() < LETTERS)
    return Mishaps(turns, cropped, str(rng.choice(WORDS)) if lettered else "")
