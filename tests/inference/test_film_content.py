"""What the key point network says that a film shows, against what it is filed as.

The rates on some hundred phantoms and drawn films stand in benchmarks/results/film_content.json.
"""

import subprocess
import sys
from dataclasses import replace

import pytest

from inference.corner_regions import DiscPoints
from inference.film_appearance import ON_ITS_SIDE, UPSIDE_DOWN
from inference.film_content import NO_SPINE, Shown, conflict, shown
from inference.msasss import DISCS

SEEN = Shown("L", "left", "up")


def points(step: tuple[float, float] = (0, 120), front: float = -55) -> dict[str, DiscPoints]:
    """Six discs of a straight back."""
    return {
        disc: DiscPoints(
            disc, (x := 400 + i * step[0], y := 500 + i * step[1]), (x + front, y), 0.9
        )
        for i, disc in enumerate(DISCS["L"])
    }


def test_a_sure_spine_shows_its_region_facing_and_turn() -> None:
    assert shown(points(), "L") == SEEN
    assert shown(points(front=55), "L") == replace(SEEN, facing="right")


@pytest.mark.parametrize(("step", "turn"), [((0, -60), "down"), ((60, 10), "side")])
def test_a_spine_that_leads_elsewhere_is_turned(step: tuple[float, float], turn: str) -> None:
    assert shown(points(step), "L") == Shown("L", None, turn)  # type: ignore[arg-type]


def test_fronts_on_both_sides_are_no_lateral_view() -> None:
    mixed = points()
    for disc in ("L1/L2", "L3/L4"):
        mixed[disc] = replace(mixed[disc], anterior=(460.0, mixed[disc].center[1]))
    assert shown(mixed, "L").region is None


def test_points_without_confidence_show_no_spine() -> None:
    unsure = {name: replace(disc, confidence=0.1) for name, disc in points().items()}
    assert shown(unsure, "L").region is None


@pytest.mark.parametrize(
    ("shows", "sentence"),
    [
        (replace(SEEN, region=None), NO_SPINE),
        (replace(SEEN, region="C"), "The header says lumbar spine, the picture looks like a"),
        (replace(SEEN, turn="down"), UPSIDE_DOWN),
        (replace(SEEN, turn="side"), ON_ITS_SIDE),
        (replace(SEEN, facing="right"), "front is on the left, the picture shows it on the right"),
    ],
)
def test_each_conflict_has_its_sentence(shows: Shown, sentence: str) -> None:
    assert sentence in (conflict(shows, "L", "left") or "")


@pytest.mark.parametrize("facing", ["left", None])
def test_what_agrees_or_says_nothing_is_no_conflict(facing: str | None) -> None:
    assert conflict(SEEN, "L", facing) is None  # type: ignore[arg-type]
    assert conflict(replace(SEEN, facing=None), "L", "right") is None


def test_the_comparison_needs_no_torch() -> None:
    script = "import sys, inference.film_content; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
