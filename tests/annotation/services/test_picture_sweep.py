"""What a kill leaves in the picture folder is found and removed; what is in use stays."""

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from annotation.models import AuditRecord, Radiograph
from annotation.services.dicom_import import import_film
from annotation.services.picture_sweep import LEAST_AGE_SECONDS, sweep
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def pictures(settings: LazySettings, tmp_path: Path) -> Path:
    settings.PICTURES = tmp_path
    return tmp_path


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
