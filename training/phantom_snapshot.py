"""A snapshot folder of phantom films: the films whose truth is known, for starter and benchmark."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from inference.picture import encode_picture, write_whole
from training import snapshot
from training.phantom import PhantomFilm, generate


def write_phantoms(
    folder: Path,
    parts: list[tuple[str, str, int, int]],
    *,
    scale: float,
    visits: int = 1,
    mishaps: bool = False,
    workers: int = 2,
    tick: Callable[[int, int], None] = lambda done, of: None,
) -> str:
    """Write a snapshot of phantoms; returns its checksum.

    `parts`: (split, preset, seed, patients) each. Parts of different seeds are different people.
    `mishaps`: some films are turned, cut short or carry letters.
    """
    jobs = [
        (split, preset, seed, patient)
        for split, preset, seed, patients in parts
        for patient in range(patients)
    ]
    films: list[dict[str, Any]] = []
    make = partial(_write_patient, folder=folder, scale=scale, visits=visits, mishaps=mishaps)
    with ProcessPoolExecutor(workers) as pool:
        for done, entries in enumerate(pool.map(make, jobs, chunksize=8), start=1):
            films.extend(entries)
            tick(done, len(jobs))
    manifest = {
        "name": folder.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": f"phantom {parts}, {visits} visits, scale {scale}",
        "films": films,
    }
    return snapshot.write(folder, manifest, {e["film"]: folder / e["file"] for e in films})


def _write_patient(
    job: tuple[str, str, int, int], *, folder: Path, scale: float, visits: int, mishaps: bool
) -> list[dict[str, Any]]:
    split, preset, seed, patient = job
    entries = []
    for film in generate(1, visits, preset, seed, scale, first=patient, mishaps=mishaps):
        entry = manifest_entry(film, split)
        write_whole(folder / entry["file"], encode_picture(film.bone_bright))
        entries.append(entry)
    return entries


def _on_film(place: tuple[float, float], film: PhantomFilm) -> bool:
    height, width = film.pixels.shape
    return bool(0 <= place[0] <= width - 1 and 0 <= place[1] <= height - 1)


def manifest_entry(film: PhantomFilm, split: str) -> dict[str, Any]:
    """The manifest's record of one phantom film; a corner nobody could assess has no votes."""
    name = film.file.removesuffix(".dcm")
    return {
        "film": name,
        "file": f"films/{name}.jls",
        "patient": film.patient,
        "split": split,
        "visit_days": film.visit_days,
        "region": film.region,
        "centre": "phantom",
        "scanner": film.vendor,
        "spacing_mm": film.spacing_mm,
        "pixel_sha256": hashlib.sha256(film.bone_bright.tobytes()).hexdigest(),
        "discs": {
            disc: {"center": list(ends.center), "anterior": list(ends.anterior)}
            for disc, ends in film.discs.items()
            if _on_film(ends.center, film) and _on_film(ends.anterior, film)
        },
        "corners": {
            site: [int(corner.grade == grade) for grade in range(4)]
            for site, corner in film.corners.items()
            if corner.assessable
        },
    }
