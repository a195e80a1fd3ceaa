"""A large upload lies on the disk while it is read, and nothing of it is left afterwards."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from annotation.api import radiographs, uploads
from annotation.api.uploads import NamelessFile
from tests.annotation.conftest import MakeUser
from tests.inference.dicom_files import as_bytes, film


@pytest.fixture
def data(settings: LazySettings, tmp_path: Path) -> Path:
    settings.DATA, settings.PICTURES = tmp_path / "data", tmp_path / "pictures"
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 100
    return tmp_path / "data"


@pytest.mark.django_db
def test_a_large_upload_has_no_name_that_a_kill_could_leave(
    data: Path,
    signed_in: Callable[[User], Client],
    coordinator: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Path] = []

    def looked(*arguments: Any, **options: Any) -> Any:
        seen.extend([data, *data.iterdir()])
        return imported(*arguments, **options)

    imported = radiographs.import_film
    monkeypatch.setattr(radiographs, "import_film", looked)
    sent = SimpleUploadedFile("a film.dcm", as_bytes(film()))
    answer = signed_in(coordinator()).post("/api/v1/radiographs", {"file": sent})
    assert answer.json()["status"] == "imported"
    assert seen == [data]


def handler() -> NamelessFile:
    made = NamelessFile()
    made.new_file("file", "a film.dcm", "application/dicom", None)
    return made


def test_what_is_too_large_for_a_film_fills_no_disk(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 10)
    upload = handler()
    for start in range(0, 40, 8):
        upload.receive_data_chunk(b"12345678", start)
    with upload.file_complete(40) as file:
        assert (file.name, file.size, file.read()) == ("a film.dcm", 40, b"12345678" * 2)


def test_a_sender_that_goes_away_leaves_nothing(data: Path) -> None:
    NamelessFile().upload_interrupted()
    upload = handler()
    upload.receive_data_chunk(b"x", 0)
    upload.upload_interrupted()
    assert upload.file.closed
    assert list(data.iterdir()) == []
