"""The files that ship are what the card and the figures speak of."""

import json
from pathlib import Path

import pytest

from inference import checkpoint
from inference.predict import CORNER_GRADES_FILE, KEY_POINTS_FILE, STARTER

FILES = {"key_points": STARTER / KEY_POINTS_FILE, "corner_grades": STARTER / CORNER_GRADES_FILE}
FIGURES = Path(__file__).parents[2] / "benchmarks/results/accuracy.json"


def test_both_files_are_at_most_12_mb_together() -> None:
    assert sum(file.stat().st_size for file in FILES.values()) <= 12_000_000


@pytest.mark.parametrize("task", FILES)
def test_a_file_says_how_it_was_made_from_phantoms_alone(task: str) -> None:
    made = checkpoint.load(FILES[task], task).metadata
    assert made["recipe"] == "starter"
    assert made["snapshot"]["source"].startswith("phantom ")
    assert len(made["seen"]["patients"]) == 900 + 75  # who taught and who validated
    assert not made["code"].endswith("-dirty")


def test_the_figures_are_of_these_files() -> None:
    measured = json.loads(FIGURES.read_text(encoding="utf-8"))["weights"]
    assert measured == {name: checkpoint.load(file).sha256[:12] for name, file in FILES.items()}


def test_the_card_says_that_they_know_no_real_film() -> None:
    card = (STARTER / "model_card.md").read_text(encoding="utf-8")
    assert "They have never seen a real\nradiograph." in card
