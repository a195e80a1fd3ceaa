import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


def test_the_command_writes_films_and_truth_without_a_database(tmp_path: Path) -> None:
    said = io.StringIO()
    call_command(
        "phantom", tmp_path, patients=1, visits=2, preset="early", seed=3, scale=0.1, stdout=said
    )
    assert len(list(tmp_path.glob("*.dcm"))) == 4
    assert (tmp_path / "truth.csv").exists()
    assert "Wrote 4 films" in said.getvalue()


def test_a_scale_that_makes_no_film_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="scale"):
        call_command("phantom", tmp_path, patients=1, scale=50)
