"""The snapshot folder: all that training may know, frozen, and refused when it is not sound.

`manifest.json` beside `films/*.jls`. Training runs from such a folder alone, without a database.
Read: every file is there and unchanged, every patient stands in one split only, and no picture
appears in two splits. A model judged on a patient it was trained on looks better than it is.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

from inference.corner_regions import CropRecipe, DiscPoints, Point, RegionError, crop_transforms
from inference.msasss import DISCS, GRADES, SITE, Region
from inference.picture import Picture, read_picture, write_whole

FORMAT = "syndesmo-snapshot/1"
MANIFEST = "manifest.json"
SPLITS = ("train", "val", "test")
Split = Literal["train", "val", "test"]
Votes = tuple[float, float, float, float]


class SnapshotError(ValueError):
    """A snapshot that must not be trained on; the sentence says why."""


@dataclass(frozen=True)
class SnapshotFilm:
    """One film of the manifest. `corners` holds, per site, how many readers gave 0, 1, 2, 3.

    `reads` are the same grades by reader and site, `adjudicated` the sites that an adjudicator
    decided, whose one vote in `corners` is that decision; both may be unknown.
    """

    film: str
    path: Path
    patient: str
    split: Split
    visit_days: int
    region: Region
    centre: str
    scanner: str
    spacing_mm: float | None
    pixel_sha256: str
    discs: dict[str, DiscPoints]
    corners: dict[str, Votes]
    reads: dict[str, dict[str, int]] = field(default_factory=dict)
    adjudicated: frozenset[str] = frozenset()
    device: str = ""
    """The one machine's pseudonym; unknown in snapshots from before it was kept."""
    by_model: frozenset[str] = frozenset()
    """Discs that stand where a model found them: no reader has moved them, nor placed them."""

    def picture(self) -> Picture:
        """The stored 16-bit picture, uint16 [rows, cols]. Raises SnapshotError."""
        try:
            return read_picture(self.path)
        except ValueError as error:
            raise SnapshotError(
                f"The picture of film {self.film} was broken when it was frozen: restore it from "
                "the backup and freeze a new snapshot."
            ) from error


@dataclass(frozen=True)
class Snapshot:
    """A sound snapshot folder, as `read` found it."""

    folder: Path
    name: str
    created: str
    source: str
    films: tuple[SnapshotFilm, ...]
    checksum: str
    left_out: str = ""  # the centre that judges and teaches nothing, see `leaving_out`

    def split(self, name: Split) -> tuple[SnapshotFilm, ...]:
        """The films of one split, in the manifest's order."""
        return tuple(film for film in self.films if film.split == name)


def leaving_out(snapshot: Snapshot, centre: str) -> Snapshot:
    """The same films for the question what a model is worth at a centre that it has never seen.

    All films of that centre are test films, and the other centres' test films are put aside.
    Raises SnapshotError when there is no such centre, or nothing else to learn from.
    """
    centres = sorted({film.centre for film in snapshot.films})
    if centre not in centres:
        raise SnapshotError(f"No film comes from {centre}. Centres: {', '.join(centres)}.")
    films = tuple(
        replace(film, split="test") if film.centre == centre else film
        for film in snapshot.films
        if film.centre == centre or film.split != "test"
    )
    if not {"train", "val"} <= {film.split for film in films}:
        raise SnapshotError(
            f"Without {centre} no patient is left to train or to validate on: import films of "
            "another centre."
        )
    _refuse_unsound(films)  # a patient of two centres, a picture that two centres sent
    return replace(snapshot, films=films, left_out=centre)


def write(
    folder: str | Path, manifest: Mapping[str, Any], pictures: Mapping[str, Path | bytes]
) -> str:
    """Write a snapshot and read it back; returns its checksum.

    `pictures` gives per film name the encoded .jls file, as its path or its bytes. The manifest
    needs `name`, `created`, `source` and `films`; format and file checksums are added here.
    Raises SnapshotError when what was written is not sound.
    """
    folder = Path(folder)
    (folder / "films").mkdir(parents=True, exist_ok=True)
    sums: dict[str, str] = {}
    for film in manifest["films"]:
        target = folder / film["file"]
        source = pictures[film["film"]]
        if isinstance(source, bytes):
            write_whole(target, source)
        elif source.resolve() != target.resolve():
            shutil.copyfile(source, target)
        sums[film["file"]] = _sha256(target)
    whole = {**manifest, "format": FORMAT, "sha256": sums}
    # The manifest comes last: a folder without one was never finished
    write_whole(folder / MANIFEST, json.dumps(whole, indent=1, sort_keys=True).encode())
    return read(folder).checksum


def checksum(folder: str | Path) -> str:
    """SHA-256 of the manifest, which itself holds the checksum of every film."""
    try:
        return _sha256(Path(folder) / MANIFEST)
    except OSError as error:
        raise SnapshotError(f"The snapshot folder {folder} has no {MANIFEST}.") from error


def read(folder: str | Path) -> Snapshot:
    """Read and check a snapshot folder. Raises SnapshotError with one sentence."""
    folder = Path(folder)
    whole = checksum(folder)
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except ValueError as error:
        raise SnapshotError(f"The {MANIFEST} of {folder.name} is no JSON.") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise SnapshotError(f"{folder.name} is no {FORMAT} folder.")
    try:
        films = tuple(film_of(folder, entry) for entry in manifest["films"])
        sums = dict[str, str](manifest["sha256"].items())
        snapshot = Snapshot(
            folder, manifest["name"], manifest["created"], manifest["source"], films, whole
        )
    except KeyError as error:
        raise SnapshotError(f"The manifest of {folder.name} lacks {error}.") from error
    except (TypeError, AttributeError) as error:  # a list where a table should be, or the reverse
        raise SnapshotError(
            f"The manifest of {folder.name} is not of its form: {error}."
        ) from error
    _refuse_unsound(films)
    _refuse_changed(films, sums, folder)
    return snapshot


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


_VALID: dict[str, Callable[[Any], bool]] = {
    "film": _is_name,
    "patient": _is_name,
    "pixel_sha256": _is_name,
    # Below its folder: a manifest may come from elsewhere
    "file": lambda name: _is_name(name) and not {"..", "/"} & set(Path(name).parts),
    "visit_days": lambda days: isinstance(days, int),
    "spacing_mm": lambda mm: mm is None or (math.isfinite(mm) and mm > 0),
}


def film_of(folder: Path, entry: Mapping[str, Any]) -> SnapshotFilm:
    """One entry of a manifest's `films`.

    Raises SnapshotError, or KeyError, TypeError or AttributeError where it is no entry at all.
    """
    for name, valid in _VALID.items():
        if not valid(entry[name]):
            raise SnapshotError(f"Film {entry['film']} has no valid {name}: {entry[name]!r}.")
    if entry["split"] not in SPLITS or entry["region"] not in DISCS:
        raise SnapshotError(
            f"Film {entry['film']} has split {entry['split']!r} and region {entry['region']!r}; "
            "expected train, val or test and C or L."
        )
    for site, votes in entry["corners"].items():
        known = site in SITE and SITE[site].region == entry["region"]
        if not known or len(votes) != 4 or not all(0 <= each < math.inf for each in votes):
            raise SnapshotError(f"Film {entry['film']} has no valid votes for {site}.")
    for disc, ends in entry["discs"].items():
        places = [ends["center"], ends["anterior"]]
        shaped = disc in DISCS[entry["region"]] and all(len(place) == 2 for place in places)
        if not shaped or not all(math.isfinite(value) for place in places for value in place):
            raise SnapshotError(f"Film {entry['film']} has no valid points for {disc}.")
    reads = entry.get("reads", {})
    for reader, grades in reads.items():
        if not grades.keys() <= SITE.keys() or not set(grades.values()) <= set(GRADES):
            raise SnapshotError(f"Film {entry['film']} has no valid grades by {reader}.")
    return SnapshotFilm(
        film=entry["film"],
        path=folder / entry["file"],
        patient=entry["patient"],
        split=entry["split"],
        visit_days=entry["visit_days"],
        region=entry["region"],
        centre=entry["centre"],
        scanner=entry["scanner"],
        spacing_mm=entry["spacing_mm"],
        pixel_sha256=entry["pixel_sha256"],
        discs={
            disc: DiscPoints(disc, _point(ends["center"]), _point(ends["anterior"]))
            for disc, ends in entry["discs"].items()
        },
        corners={site: cast(Votes, tuple(votes)) for site, votes in entry["corners"].items()},
        reads=reads,
        adjudicated=frozenset(entry.get("adjudicated", ())),
        device=entry.get("device", ""),
        by_model=frozenset(disc for disc, ends in entry["discs"].items() if ends.get("by_model")),
    )


def refuse_misplaced(films: Iterable[SnapshotFilm]) -> None:
    """Raise SnapshotError for points that define no crop: at once, not when days have passed."""
    for film in films:
        if not film.discs:
            continue
        try:
            crop_transforms(film.discs, CropRecipe())
        except RegionError as error:
            raise SnapshotError(f"Film {film.film}: {error}") from error


def refuse_broken(films: Iterable[SnapshotFilm]) -> None:
    """Raise SnapshotError for a picture that cannot be decoded: before days of training, too."""
    for film in films:
        film.picture()


def _point(values: list[float]) -> Point:
    x, y = values
    return (float(x), float(y))


def _refuse_unsound(films: tuple[SnapshotFilm, ...]) -> None:
    """Patients and pictures belong to one split each."""
    if len({film.patient for film in films}) < 2:
        raise SnapshotError("The snapshot holds a single patient: nothing can be held out.")
    split_of: dict[str, str] = {}
    picture_in: dict[str, SnapshotFilm] = {}
    for film in films:
        if split_of.setdefault(film.patient, film.split) != film.split:
            raise SnapshotError(
                f"Patient {film.patient} stands in {split_of[film.patient]} and in {film.split}: "
                "split by patient."
            )
        twin = picture_in.setdefault(film.pixel_sha256, film)
        if twin.split != film.split:
            raise SnapshotError(
                f"Films {twin.film} ({twin.split}) and {film.film} ({film.split}) are the same "
                "picture."
            )


def _refuse_changed(films: tuple[SnapshotFilm, ...], sums: Mapping[str, str], folder: Path) -> None:
    for film in films:
        name = film.path.relative_to(folder).as_posix()
        if not film.path.is_file():
            raise SnapshotError(f"The snapshot lacks the file {name}.")
        if sums.get(name) != _sha256(film.path):
            raise SnapshotError(f"The file {name} is not the one that was frozen (checksum).")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
