"""Why a person must look at a film's points first: nothing is graded in silence on odd points."""

from __future__ import annotations

from inference.corner_regions import implausible
from inference.film_content import LEAST_CONFIDENCE
from inference.msasss import REGION_NAMES, Region
from inference.point_finder import Found

# Nats by which the levels must fit better than a shift by one (see `inference.disc_chain`)
LEAST_MARGIN = 6.0
# S between the centres of the first and of the closer look
MOST_APART = 0.6
# Of a single disc: below, the film ends before it, something hides it, or two looks disagree
LEAST_OF_A_DISC = 0.05


def doubt(found: Found, region: Region, shape: tuple[int, ...]) -> str | None:
    """A sentence for the person who places the points of a film [rows, cols], or None."""
    if found.seen != region:
        return f"The film is filed as {REGION_NAMES[region]} but looks {REGION_NAMES[found.seen]}."
    discs = found.discs
    confidence = sum(disc.confidence for disc in discs.values()) / len(discs)
    if confidence < LEAST_CONFIDENCE:
        return "No spine of this region was found with any confidence."
    rows, cols = shape
    for disc in discs.values():
        inside = all(
            0 <= x <= cols - 1 and 0 <= y <= rows - 1 for x, y in (disc.center, disc.anterior)
        )
        if not inside or disc.confidence < LEAST_OF_A_DISC:
            return f"{disc.disc} was not found: the film may end before it, or something hides it."
    if (odd := implausible(discs, region)) is not None:
        return odd
    if found.margin < LEAST_MARGIN or found.apart > MOST_APART:
        return "The discs may be counted one level too high or too low."
    return None
