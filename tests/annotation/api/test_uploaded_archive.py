"""A zip on the upload page: one answer, each of its files dealt with on its own."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from annotation.models import AuditRecord, Job, Radiograph
from tests.annotation.conftest import MakeUser
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def pictures(settings: LazySettings, tmp_path: Path) -> Path:
    settings.PICTURES = tmp_path
    return tmp_path


@pytest.fixture
def page(signed_in: Callable[[User], Client], coordinator: MakeUser) -> Client:
    return signed_in(coordinator())


def file(seed: int, **attributes: Any) -> bytes:
    return as_bytes(film(stored(seed=seed), SOPInstanceUID=f"1.2.{seed}", **attributes))


def upload(page: Client, members: dict[str, bytes]) -> dict[str, Any]:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    sent = SimpleUploadedFile("films.zip", out.getvalue())
    answer = page.post("/api/v1/radiographs", {"file": sent})
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def test_every_film_of_a_zip_is_imported_and_the_answer_names_each(page: Client) -> None:
    told = upload(page, {"one/a.dcm": file(1), "one/b.dcm": file(2)})
    assert (told["path"], told["status"], told["reason"]) == ("films.zip", "imported", "2 imported")
    assert [(one["path"], one["status"], one["reason"]) for one in told["files"]] == [
        ("one/a.dcm", "imported", None),
        ("one/b.dcm", "imported", None),
    ]
    assert {one["radiograph"] for one in told["files"]} == set(
        Radiograph.objects.values_list("pk", flat=True)
    )
    assert AuditRecord.objects.filter(actor__username="coordinator").count() == 2
    assert Job.objects.get().kind == Job.Kind.PREGRADE


def test_the_gravest_result_is_that_of_the_zip_with_its_first_reason(page: Client) -> None:
    upload(page, {"a": file(1)})
    told = upload(page, {"a": file(1), "b": file(2), "c": file(3, BodyPartExamined=""), "d": b"%"})
    assert told["status"] == "refused"
    assert told["reason"] == (
        "1 imported, 1 duplicate, 1 quarantined, 1 refused. "
        "First refused: d: The file is no DICOM file."
    )


def test_a_zip_sent_again_is_all_duplicates(page: Client) -> None:
    upload(page, {"a": file(1)})
    told = upload(page, {"a": file(1)})
    assert (told["status"], told["reason"]) == ("duplicate", "1 duplicate")


def test_what_leads_out_of_the_zip_is_refused_and_the_rest_goes_on(
    page: Client, pictures: Path
) -> None:
    told = upload(page, {"../../out.dcm": file(1), "in.dcm": file(2)})
    assert [one["status"] for one in told["files"]] == ["refused", "imported"]
    assert told["files"][0]["reason"] == "The name leads out of the archive."
    assert {path.suffix for path in pictures.rglob("*") if path.is_file()} == {".jls", ".jpg"}


def test_an_empty_and_a_damaged_zip_are_refused_under_their_own_name(page: Client) -> None:
    assert upload(page, {})["reason"] == "The archive is empty."
    sent = SimpleUploadedFile("films.zip", b"PK\x03\x04 and no more")
    told = page.post("/api/v1/radiographs", {"file": sent}).json()
    assert (told["path"], told["status"]) == ("films.zip", "refused")
    assert "The zip archive is damaged." in told["reason"]


def test_a_large_zip_is_read_from_its_temporary_file(page: Client, settings: LazySettings) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 100
    assert upload(page, {"a": file(1)})["status"] == "imported"
