"""The real import, killed in the middle, and twice at the same time over the same films."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import LazySettings

from annotation.models import Patient, Radiograph
from inference.dicom import pixel_sha256
from inference.picture import read_picture
from tests.annotation.own_process import HOME, environment
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = pytest.mark.django_db(transaction=True)

FILMS = 16


def started(films: Path, data: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_dicom", str(films), "--json"],
        cwd=HOME, env=environment(data), stdout=subprocess.PIPE,
    )  # fmt: skip


def every_film_is_whole(pictures: Path) -> bool:
    """Each row has its picture, bit for bit, and its preview.

    A killed process may leave the files of the film at work, which `sweep_pictures` takes away.
    """
    films = list(Radiograph.objects.all())
    files = {path.name for film in films for path in (film.picture_path, film.preview_path)}
    sound = all(pixel_sha256(read_picture(f.picture_path)) == f.pixel_sha256 for f in films)
    there = {path.name for path in pictures.iterdir()}
    return sound and files <= there and len(there - files) <= 2


def test_a_killed_import_leaves_whole_films_and_two_at_once_bring_each_film_once(
    tmp_path: Path, settings: LazySettings
) -> None:
    films, settings.PICTURES = tmp_path / "films", tmp_path / "pictures"
    films.mkdir()
    settings.PICTURES.mkdir()
    for number in range(FILMS):
        ds = film(stored(400, 300, seed=number), SOPInstanceUID=f"1.2.{number}")
        ds.PatientID = str(number // 2)
        (films / f"{number:02}.dcm").write_bytes(as_bytes(ds))
    with started(films, tmp_path) as first:
        deadline = time.monotonic() + 60
        while Radiograph.objects.count() < 4 and time.monotonic() < deadline:
            time.sleep(0.02)
        first.kill()
    before = Radiograph.objects.count()
    assert 4 <= before < FILMS
    assert every_film_is_whole(settings.PICTURES)
    assert not Patient.objects.filter(visits__radiographs=None).exists()

    both = [started(films, tmp_path) for _ in range(2)]
    said = [json.loads(process.communicate(timeout=90)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(one["imported"] for one in said) == FILMS - before
    assert sum(one["duplicates"] for one in said) == FILMS + before
    assert Radiograph.objects.count() == FILMS
    assert every_film_is_whole(settings.PICTURES)
