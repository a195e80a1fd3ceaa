"""Which patients and pictures a model has learnt from, so that none of them ever judges it.

The weights file carries short digests of both, with those of the weights that it started from. A
snapshot is sound in itself (see snapshot.py); this guards the model that meets a foreign one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from inference.checkpoint import Checkpoint
from training.snapshot import Snapshot, SnapshotError, SnapshotFilm

Digests = dict[str, list[str]]
_LETTERS = 12  # 48 bits: ten thousand films beside as many meet by chance once in a million times


def seen(films: Snapshot, start: Checkpoint | None = None) -> Digests:
    """Digests of the patients and pictures that train or choose the weights, and of `start`'s."""
    used = [*films.split("train"), *films.split("val")]
    before = start.metadata.get("seen", {}) if start else {}
    return {
        "patients": sorted({*before.get("patients", ()), *(_patient(film) for film in used)}),
        "pictures": sorted({*before.get("pictures", ()), *(_picture(film) for film in used)}),
    }


def refuse_seen(weights: Sequence[Checkpoint | None], test: Sequence[SnapshotFilm]) -> None:
    """Raise SnapshotError when a test patient or picture is one that any of these learnt from."""
    known = [stored.metadata.get("seen", {}) for stored in weights if stored]
    patients = {digest for one in known for digest in one.get("patients", ())}
    pictures = {digest for one in known for digest in one.get("pictures", ())}
    for film in test:
        if _patient(film) in patients:
            raise SnapshotError(
                f"Test patient {film.patient} is one that these weights were trained on: "
                "judge them on other patients."
            )
        if _picture(film) in pictures:
            raise SnapshotError(
                f"Test film {film.film} shows a picture that these weights were trained on: "
                "judge them on other films."
            )


def _patient(film: SnapshotFilm) -> str:
    return hashlib.sha256(film.patient.encode()).hexdigest()[:_LETTERS]


def _picture(film: SnapshotFilm) -> str:
    return film.pixel_sha256[:_LETTERS]
