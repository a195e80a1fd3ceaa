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
    assert "this many films: 4." in said.getvalue()


def test_plain_films_are_those_without_mishaps(tmp_path: Path) -> None:
    wanted = {"patients": 30, "visits": 1, "seed": 3, "scale": 0.05, "stdout": io.StringIO()}
    for name in ("archive", "plain"):
        call_command("phantom", tmp_path / name, plain=name == "plain", **wanted)
    archive, plain = (
        {p.name: p.read_bytes() for p in (tmp_path / name).glob("*.dcm")}
        for name in ("archive", "plain")
    )
    assert archive.keys() == plain.keys()
    spoilt = [name for name in plain if archive[name] != plain[name]]
    assert 0 < len(spoilt) < 20


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [({"scale": 50}, "scale"), ({"visits": 0}, "at least one visit"), ({"seed": -1}, "seed")],
)
def test_a_wish_that_cannot_be_met_is_refused_in_a_sentence_and_leaves_nothing(
    tmp_path: Path, wish: dict[str, float], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("phantom", tmp_path, patients=1, **wish)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_phantoms_keeps_their_truth(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text("file")
    with pytest.raises(CommandError, match="holds phantoms already"):
        call_command("phantom", tmp_path, patients=1)
    assert (tmp_path / "truth.csv").read_text() == "file"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="file cannot be written"):
        call_command("phantom", tmp_path / "file", patients=1)


def test_a_cohort_of_nobody_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="at least one patient"):
        call_command("phantom", tmp_path, patients=0)
    assert list(tmp_path.iterdir()) == []
