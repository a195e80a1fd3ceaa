"""The real import, killed in the middle, and twice at the same time over the same films."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection

from annotation.models import Patient, Radiograph
from inference.dicom import pixel_sha256
from inference.picture import read_picture
from tests.annotation.own_process import HOME, environment
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = pytest.mark.django_db(transaction=True)

FILMS = 16
HOLD_UP = """
CREATE FUNCTION holds_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF (SELECT count(*) FROM annotation_radiograph) = 4 THEN
        PERFORM pg_advisory_xact_lock(5);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER holds_up BEFORE INSERT ON annotation_radiograph
    FOR EACH ROW EXECUTE FUNCTION holds_up();
"""


def started(films: Path, data: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_dicom", str(films), "--json"],
        cwd=HOME, env=environment(data), stdout=subprocess.PIPE,
    )  # fmt: skip


@contextmanager
def the_fifth_film_is_held_up() -> Iterator[Callable[[], bool]]:
    """Its row waits in the database, in the middle of its transaction; whether it does already."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(5)")
        cursor.execute(HOLD_UP)

        def is_held_up() -> bool:
            cursor.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            return cursor.fetchone() is not None

        yield is_held_up
        cursor.execute("SELECT pg_advisory_unlock(5)")
        # When nobody writes to the table any more: the killed one's transaction has ended.
        cursor.execute("DROP TRIGGER holds_up ON annotation_radiograph; DROP FUNCTION holds_up")


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
    with the_fifth_film_is_held_up() as is_held_up, started(films, tmp_path) as first:
        while first.poll() is None and not is_held_up():
            time.sleep(0.02)
        first.kill()
    assert first.returncode == -signal.SIGKILL
    before = Radiograph.objects.count()
    assert before == 4
    assert every_film_is_whole(settings.PICTURES)
    assert not Patient.objects.filter(visits__radiographs=None).exists()

    both = [started(films, tmp_path) for _ in range(2)]
    said = [json.loads(process.communicate(timeout=100)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(one["imported"] for one in said) == FILMS - before
    assert sum(one["duplicates"] for one in said) == FILMS + before
    assert Radiograph.objects.count() == FILMS
    assert every_film_is_whole(settings.PICTURES)
