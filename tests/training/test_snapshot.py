"""A snapshot folder is read only when it is whole, unchanged and split by patient."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.picture import encode_picture
from training import snapshot
from training.snapshot import SnapshotError

Manifest = dict[str, Any]
ENDS = {"center": [10, 20], "anterior": [5, 20]}


def film(name: str, patient: str, split: str) -> dict[str, Any]:
    return {
        "film": name,
        "file": f"films/{name}.jls",
        "patient": patient,
        "split": split,
        "visit_days": 0,
        "region": "C",
        "centre": "here",
        "scanner": "A",
        "spacing_mm": 0.2,
        "pixel_sha256": hashlib.sha256(name.encode()).hexdigest(),
        "discs": {"C2/C3": ENDS},
        "corners": {"C2_INF": [1, 0, 0, 1]},
    }


def picture(name: str) -> bytes:
    random = np.random.default_rng(len(name))
    return encode_picture(random.integers(0, 4095, (32, 24)).astype(np.uint16))


def write(folder: Path, change: Callable[[list[Manifest]], None] = lambda _: None) -> str:
    films = [film("a", "p1", "train"), film("bb", "p2", "val"), film("ccc", "p3", "test")]
    change(films)
    manifest = {"name": "s", "created": "2024-01-01", "source": "test", "films": films}
    return snapshot.write(folder, manifest, {f["film"]: picture(f["film"]) for f in films})


def test_what_was_written_is_read(tmp_path: Path) -> None:
    checksum = write(tmp_path / "s")
    found = snapshot.read(tmp_path / "s")
    assert found.checksum == checksum == snapshot.checksum(tmp_path / "s")
    assert [f.film for f in found.films] == ["a", "bb", "ccc"]
    assert found.split("val")[0].patient == "p2"
    assert found.films[0].corners == {"C2_INF": (1, 0, 0, 1)}
    assert found.films[0].discs["C2/C3"].anterior == (5.0, 20.0)
    assert found.films[0].picture().shape == (32, 24)


def test_pictures_may_be_given_as_files(tmp_path: Path) -> None:
    (tmp_path / "x.jls").write_bytes(picture("a"))
    films = [film("a", "p1", "train"), film("bb", "p2", "test")]
    manifest = {"name": "s", "created": "2024-01-01", "source": "test", "films": films}
    snapshot.write(tmp_path / "s", manifest, {"a": tmp_path / "x.jls", "bb": picture("bb")})
    assert (tmp_path / "s/films/a.jls").read_bytes() == picture("a")


def test_a_patient_on_both_sides_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="Patient p1 stands in train and in test"):
        write(tmp_path / "s", lambda films: films[2].update(patient="p1"))


def test_the_same_picture_in_two_splits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"a \(train\) and ccc \(test\) are the same picture"):
        write(tmp_path / "s", lambda films: films[2].update(pixel_sha256=films[0]["pixel_sha256"]))


def test_a_single_patient_is_refused(tmp_path: Path) -> None:
    def one(films: list[Manifest]) -> None:
        del films[1:]

    with pytest.raises(SnapshotError, match="single patient"):
        write(tmp_path / "s", one)


def test_a_missing_film_is_named(tmp_path: Path) -> None:
    write(tmp_path / "s")
    (tmp_path / "s/films/bb.jls").unlink()
    with pytest.raises(SnapshotError, match=r"lacks the file films/bb\.jls"):
        snapshot.read(tmp_path / "s")


def test_a_changed_film_is_named(tmp_path: Path) -> None:
    write(tmp_path / "s")
    (tmp_path / "s/films/bb.jls").write_bytes(picture("another"))
    with pytest.raises(SnapshotError, match=r"films/bb\.jls is not the one that was frozen"):
        snapshot.read(tmp_path / "s")


def two_centres(films: list[Manifest]) -> None:
    """North sent a, bb and ccc (train, val, test), south sent another training film."""
    for one in films:
        one["centre"] = "north"
    films.append({**film("d", "p9", "train"), "centre": "south"})


def test_the_films_of_a_centre_that_is_left_out_judge_and_teach_nothing(tmp_path: Path) -> None:
    write(tmp_path / "s", two_centres)
    whole = snapshot.read(tmp_path / "s")
    found = snapshot.leaving_out(whole, "south")
    assert {one.film: one.split for one in found.films} == {"a": "train", "bb": "val", "d": "test"}
    assert (found.left_out, found.checksum) == ("south", whole.checksum)


def test_a_centre_that_cannot_be_left_out_is_told(tmp_path: Path) -> None:
    write(tmp_path / "s", two_centres)
    whole = snapshot.read(tmp_path / "s")
    with pytest.raises(SnapshotError, match=r"No film comes from west\. Centres: north, south\."):
        snapshot.leaving_out(whole, "west")
    with pytest.raises(SnapshotError, match="Without north no patient is left"):
        snapshot.leaving_out(whole, "north")


def test_a_picture_that_two_centres_sent_never_judges(tmp_path: Path) -> None:
    def sent_twice(films: list[Manifest]) -> None:
        two_centres(films)
        films[-1]["pixel_sha256"] = films[0]["pixel_sha256"]

    write(tmp_path / "s", sent_twice)  # both are training films: sound as it is
    with pytest.raises(SnapshotError, match="are the same picture"):
        snapshot.leaving_out(snapshot.read(tmp_path / "s"), "south")


def test_another_label_is_another_checksum(tmp_path: Path) -> None:
    first = write(tmp_path / "s")
    second = write(tmp_path / "t", lambda films: films[0].update(corners={"C2_INF": [0, 1, 0, 0]}))
    assert first != second


def test_a_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"no manifest\.json"):
        snapshot.read(tmp_path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"format": "other/1"}))
    with pytest.raises(SnapshotError, match="no syndesmo-snapshot/1"):
        snapshot.read(tmp_path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"split": "all"}, "split 'all'"),
        ({"region": "T"}, "region 'T'"),
        ({"corners": {"C9_INF": [1, 0, 0, 0]}}, "no valid votes for C9_INF"),
        ({"corners": {"C2_INF": [1, 0, 0]}}, "no valid votes for C2_INF"),
        ({"corners": {"C2_INF": [1, 0, 0, -1]}}, "no valid votes for C2_INF"),
        ({"corners": {"C2_INF": [1, 0, 0, math.nan]}}, "no valid votes for C2_INF"),
        ({"corners": {"L2_INF": [1, 0, 0, 0]}}, "no valid votes for L2_INF"),
        ({"corners": [1]}, "is not of its form"),
        ({"reads": [1]}, "is not of its form"),
        ({"discs": {"C9/T9": ENDS}}, "no valid points for C9/T9"),
        ({"discs": {"L1/L2": ENDS}}, "no valid points for L1/L2"),
        ({"discs": {"C2/C3": {**ENDS, "center": [1, 2, 3]}}}, "no valid points for C2/C3"),
        ({"discs": {"C2/C3": {**ENDS, "center": [1, math.nan]}}}, "no valid points for C2/C3"),
        ({"discs": {"C2/C3": {**ENDS, "center": "ab"}}}, "is not of its form"),
        ({"patient": 4}, "no valid patient: 4"),
        ({"pixel_sha256": None}, "no valid pixel_sha256: None"),
        ({"visit_days": "x"}, "no valid visit_days: 'x'"),
        ({"spacing_mm": -1.0}, "no valid spacing_mm: -1.0"),
    ],
)
def test_an_impossible_entry_is_refused(
    tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SnapshotError, match=sentence):
        write(tmp_path / "s", lambda films: films[0].update(change))


@pytest.mark.parametrize("name", ["/etc/hosts", "../hosts", "films/../../hosts", ""])
def test_a_film_outside_of_the_folder_is_not_looked_at(tmp_path: Path, name: str) -> None:
    write(tmp_path / "s")
    manifest = json.loads((tmp_path / "s/manifest.json").read_text())
    manifest["films"][0]["file"] = name
    (tmp_path / "s/manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(SnapshotError, match="Film a has no valid file"):
        snapshot.read(tmp_path / "s")


@pytest.mark.parametrize("content", ["[1]", '{"format": "syndesmo-snapshot/1", "films": 3}'])
def test_a_manifest_of_another_form_is_refused_in_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(SnapshotError, match=r"no syndesmo-snapshot/1|not of its form"):
        snapshot.read(tmp_path)


def test_an_incomplete_entry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="lacks 'scanner'"):
        write(tmp_path / "s", lambda films: films[0].pop("scanner"))
