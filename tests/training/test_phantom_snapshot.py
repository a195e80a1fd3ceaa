"""Phantoms become a sound snapshot: split by patient, bone bright, hidden corners without votes."""

from __future__ import annotations

from pathlib import Path

from training import snapshot
from training.phantom import generate
from training.phantom_snapshot import manifest_entry


def test_the_folder_reads_and_holds_every_part(phantoms: Path) -> None:
    found = snapshot.read(phantoms)
    assert [len(found.split(name)) for name in snapshot.SPLITS] == [16, 2, 2]
    assert len({film.patient for film in found.films}) == 10


def test_films_have_six_discs_and_at_most_twelve_corners(phantoms: Path) -> None:
    for film in snapshot.read(phantoms).films:
        assert len(film.discs) == 6
        assert 0 < len(film.corners) <= 12
        assert all(sum(votes) == 1 for votes in film.corners.values())


def test_a_corner_nobody_could_assess_has_no_votes() -> None:
    film = next(
        film
        for film in generate(30, 1, "clinic", 5, 0.1, regions=("C",))
        if not all(corner.assessable for corner in film.corners.values())
    )
    entry = manifest_entry(film, "test")
    hidden = {site for site, corner in film.corners.items() if not corner.assessable}
    assert hidden
    assert hidden.isdisjoint(entry["corners"])
