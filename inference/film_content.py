"""What the key points say a film shows, against what it is filed as. No torch here.

The network that finds the discs also knows when there are none, which region they are of, which
way they lead and on which side their front is. The header is only a prior: where the picture
clearly says something else, a person decides before anybody reads the film.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from inference.corner_regions import DiscPoints, Point
from inference.film_appearance import ON_ITS_SIDE, UPSIDE_DOWN, Turn, other_region
from inference.film_tags import Facing
from inference.msasss import Region

# Mean confidence of six points below which no spine was found. It goes with the starter weights: of
# 50 drawn films of other things none came above 0.47, of 200 phantoms none below 0.66.
LEAST_CONFIDENCE = 0.55
# Discs of the six whose front must lie on one side of their middle.
_MOST_DISCS = 5

NO_SPINE = (
    "No lateral neck or lower back was found in the picture: it may show something else, or be a "
    "frontal view or an empty exposure. Discard it, or let it in if it can be read."
)
_SIDES: dict[Facing, str] = {"left": "on the left", "right": "on the right"}


@dataclass(frozen=True)
class Shown:
    """What a film shows: no region where there is no spine, no facing where it is not clear."""

    region: Region | None
    facing: Facing | None
    turn: Turn


def shown(discs: Mapping[str, DiscPoints], seen: Region) -> Shown:
    """What the six points come to that were found when the region that shows was searched for.

    Where the fronts do not lie on one side of the spine, this is no lateral view of one.
    """
    front = _front(discs)
    confidence = sum(disc.confidence for disc in discs.values()) / len(discs)
    if confidence < LEAST_CONFIDENCE or front is None:
        return Shown(None, None, "up")
    turn = _turn(discs)
    return Shown(seen, front if turn == "up" else None, turn)


def conflict(shows: Shown, region: Region, facing: Facing | None) -> str | None:
    """Why a person must look before the film is read as `region`; `facing` by the header."""
    if shows.region is None:
        return NO_SPINE
    if shows.region != region:
        return other_region(region, shows.region)
    if shows.turn != "up":
        return UPSIDE_DOWN if shows.turn == "down" else ON_ITS_SIDE
    if facing and shows.facing and shows.facing != facing:
        return (
            f"The header says that the patient's front is {_SIDES[facing]}, the picture shows it "
            f"{_SIDES[shows.facing]}: mirror the film if it is mirrored, and choose the facing."
        )
    return None


def _turn(discs: Mapping[str, DiscPoints]) -> Turn:
    """Which way up, from the first disc to the last."""
    across, down = _along(discs)
    if abs(across) > abs(down):
        return "side"
    return "up" if down > 0 else "down"


def _front(discs: Mapping[str, DiscPoints]) -> Facing | None:
    """The side of the upright spine on which the fronts lie."""
    across, down = _along(discs)
    leftward = sum(
        across * (disc.anterior[1] - disc.center[1]) - down * (disc.anterior[0] - disc.center[0])
        > 0
        for disc in discs.values()
    )
    if leftward >= _MOST_DISCS:
        return "left"
    return "right" if len(discs) - leftward >= _MOST_DISCS else None


def _along(discs: Mapping[str, DiscPoints]) -> Point:
    """From the first disc's centre to the last one's."""
    first, *_, last = (disc.center for disc in discs.values())  # cranial first, as DISCS has them
    return last[0] - first[0], last[1] - first[1]
