"""What a kill leaves in the picture folder is found and removed; what is in use stays."""

import io
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from annotation import tasks
from annotation.celery import app
from annotation.models import AuditRecord, Radiograph
from annotation.services import picture_sweep
from annotation.services.dicom_import import import_film
from annotation.services.film_pictures import FilmPictures
from annotation.services.picture_sweep import LEAST_AGE_SECONDS, sweep
from annotation.services.quarantine import accept
from inference.correction import Correction
from tests.annotation.conftest import MakeUser
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pictures")]


def brought(seed: int = 0) -> Radiograph:
    ds = film(stored(seed=seed), SOPInstanceUID=f"1.2.{seed}")
    return Radiograph.objects.get(pk=import_film(as_bytes(ds), name="a").radiograph)


def left(path: Path, age: float = 2 * LEAST_AGE_SECONDS) -> Path:
    """A file that has lain there for `age` seconds."""
    path.write_bytes(b"x")
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def test_pictures_without_a_film_are_removed_and_the_removal_is_audited(pictures: Path) -> None:
    own = brought()
    orphans = [left(pictures / f"999{end}") for end in (".jls", ".jpg")]
    assert sweep().removed == ("999.jls", "999.jpg")
    assert not any(orphan.exists() for orphan in orphans)
    assert own.picture_path.exists()
    records = AuditRecord.objects.filter(action="picture.swept")
    assert {record.subject for record in records} == {"Radiograph 999"}


def test_a_picture_in_use_stays_however_old(pictures: Path) -> None:
    own = brought()
    left(own.picture_path)
    assert sweep(older_than=0).removed == ()
    assert own.picture_path.exists()


def test_what_an_import_is_writing_now_is_left_alone(pictures: Path) -> None:
    young = left(pictures / "999.jls", age=10)
    assert sweep().removed == ()
    assert young.exists()


def test_the_picture_of_a_discarded_film_goes(pictures: Path) -> None:
    own = brought()
    Radiograph.objects.filter(pk=own.pk).update(state="discarded")
    left(own.picture_path)
    assert sweep().removed == (own.picture_path.name,)


def test_half_written_files_go_and_files_of_others_stay(pictures: Path) -> None:
    left(pictures / ".abc123.part")
    notes = left(pictures / "notes.txt")
    assert sweep().removed == (".abc123.part",)
    assert notes.exists()


def test_a_film_whose_picture_is_missing_is_named(pictures: Path) -> None:
    own = brought()
    own.picture_path.unlink()
    assert sweep().missing == (own.pk,)
    out = io.StringIO()
    call_command("sweep_pictures", stdout=out)
    assert f"Film {own.pk} has no picture" in out.getvalue()


def test_the_command_prints_what_it_did(pictures: Path) -> None:
    left(pictures / "999.jls", age=10)
    out = io.StringIO()
    call_command("sweep_pictures", "--json", "--older-than", "5", stdout=out)
    assert json.loads(out.getvalue()) == {"removed": ["999.jls"], "missing": []}


def test_a_kill_in_the_middle_of_writing_leaves_only_what_the_sweep_finds(pictures: Path) -> None:
    """A process that dies between the temporary file and its name, as by kill -9."""
    script = (
        "import os, sys; from pathlib import Path; from inference import picture\n"
        "Path.replace = lambda *_: os.kill(os.getpid(), 9)\n"
        "picture.write_whole(sys.argv[1], b'half')\n"
    )
    run = subprocess.run([sys.executable, "-c", script, str(pictures / "7.jls")], timeout=60)
    assert run.returncode == -9
    assert [path.suffix for path in pictures.iterdir()] == [".part"]
    assert len(sweep(older_than=-1).removed) == 1
    assert list(pictures.iterdir()) == []


def test_the_scheduler_has_a_worker_sweep_and_name_what_is_missing(
    pictures: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = brought()
    own.picture_path.unlink()
    left(pictures / "999.jls")
    assert app.conf.beat_schedule["sweep pictures"]["task"] == tasks.sweep_pictures.name
    tasks.sweep_pictures()
    assert not (pictures / "999.jls").exists()
    assert f"Film {own.pk} has no picture" in caplog.text


def test_a_file_that_goes_while_the_sweep_looks_stops_nothing(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the half written file of a film does, which gets its name in that moment."""
    half, stat = left(pictures / ".abc.part"), Path.stat
    left(pictures / "999.jls")

    def first_it_goes(self: Path, **how: Any) -> os.stat_result:
        if self == half:
            half.unlink(missing_ok=True)
        return stat(self, **how)

    monkeypatch.setattr(Path, "stat", first_it_goes)
    assert sweep().removed == ("999.jls",)


def test_a_film_that_is_discarded_while_the_sweep_looks_is_not_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own, exists = brought(), Path.exists

    def first_it_is_discarded(self: Path, **how: Any) -> bool:
        Radiograph.objects.filter(pk=own.pk).update(state="discarded")
        self.unlink(missing_ok=True)
        return exists(self, **how)

    monkeypatch.setattr(Path, "exists", first_it_is_discarded)
    assert sweep().missing == ()


@pytest.mark.django_db(transaction=True)
def test_a_film_that_is_being_stored_keeps_its_picture_however_old_it_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on a machine that slept between the writing and the commit."""
    write = FilmPictures.write

    def sweeps() -> tuple[str, ...]:
        try:
            return sweep(older_than=-60).removed
        finally:
            connection.close()

    def written_and_swept(self: FilmPictures, *what: Any) -> None:
        write(self, *what)
        with ThreadPoolExecutor(1) as worker:
            assert worker.submit(sweeps).result() == ()

    monkeypatch.setattr(FilmPictures, "write", written_and_swept)
    own = brought()
    assert own.picture_path.exists()
    assert own.preview_path.exists()


@pytest.mark.django_db(transaction=True)
def test_a_picture_that_is_written_anew_is_not_taken_for_what_was_left_of_it(
    admin: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep has seen the old file of a waiting film; the film is let in, corrected, by then."""
    own = Radiograph.objects.get(
        pk=import_film(as_bytes(film(stored(), ViewPosition="AP")), name="a").radiograph
    )
    target = left(own.picture_path.with_name(f"{own.pk}.corrected.jls"))
    in_use = picture_sweep._in_use

    def is_let_in() -> None:
        try:
            turned = Correction(turned=1)
            accept(radiograph=own.pk, region="C", actor=admin(), correction=turned)
        finally:
            connection.close()

    def then_it_is_let_in() -> set[str]:
        names = in_use()
        with ThreadPoolExecutor(1) as web:
            web.submit(is_let_in).result()
        return names

    monkeypatch.setattr(picture_sweep, "_in_use", then_it_is_let_in)
    assert sweep().removed == ()
    assert target.exists()
