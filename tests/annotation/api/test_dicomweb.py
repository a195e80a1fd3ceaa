"""Films by STOW-RS: the codes and the answer of the standard, each failure with its reason."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pydicom.dataset import Dataset
from pydicom.uid import UID

from annotation.api import dicomweb
from annotation.models import AuditRecord, Job, Radiograph
from inference.dicom import read_film
from tests.annotation.conftest import MakeUser
from tests.inference.dicom_files import CR, as_bytes, film, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pictures")]
URL = "/api/v1/dicomweb/studies"
RELATED = 'multipart/related; type="application/dicom"; boundary="b"'
ENHANCED_SR = "1.2.840.10008.5.1.4.1.1.88.22"
STUDY = "1.2.826.0.1.3680043.8.498.9"


@pytest.fixture
def sender(signed_in: Callable[[User], Client], coordinator: MakeUser) -> Client:
    return signed_in(coordinator())


def file(seed: int = 0, **attributes: Any) -> bytes:
    ds = film(stored(seed=seed), SOPInstanceUID=f"1.2.{seed}", **attributes)
    return as_bytes(ds)


def body(*contents: bytes, kind: str = "application/dicom", end: bytes = b"\r\n--b--") -> bytes:
    header = f"Content-Type: {kind}\r\n\r\n".encode()
    return b"".join(b"\r\n--b\r\n" + header + content for content in contents) + end


def post(sender: Client, data: bytes, url: str = URL, content_type: str = RELATED) -> Any:
    return sender.post(url, data, content_type=content_type)


def said(answer: Any) -> Dataset:
    assert answer["Content-Type"] == "application/dicom+json"
    return Dataset.from_json(answer.json())


def sentence(answer: Any) -> str:
    return str(answer.json()["error"]["sentence"])


def test_films_are_stored_and_named_in_the_answer(sender: Client) -> None:
    answer = post(sender, body(file(1), file(2)))
    assert answer.status_code == 200
    named = said(answer).ReferencedSOPSequence
    assert [item.ReferencedSOPInstanceUID for item in named] == ["1.2.1", "1.2.2"]
    assert {item.ReferencedSOPClassUID for item in named} == {CR}
    kept = set(Radiograph.objects.values_list("pixel_sha256", flat=True))
    assert kept == {read_film(file(seed)).pixel_sha256 for seed in (1, 2)}
    assert AuditRecord.objects.filter(actor__username="coordinator").count() == 2
    assert Job.objects.get().kind == Job.Kind.PREGRADE


def test_a_film_sent_again_or_waiting_for_a_person_is_stored_for_the_sender(
    sender: Client,
) -> None:
    assert post(sender, body(file(1))).status_code == 200
    assert post(sender, body(file(1), file(2, BodyPartExamined=""))).status_code == 200
    assert [film.state for film in Radiograph.objects.order_by("pk")] == ["ready", "quarantined"]


def test_some_kept_is_202_with_the_reason_of_each_that_is_not(sender: Client) -> None:
    report = as_bytes(film(SOPClassUID=UID(ENHANCED_SR)))
    answer = post(sender, body(file(1), report, file(2)[:-1000], b"no DICOM"))
    assert answer.status_code == 202
    told = said(answer)
    assert len(told.ReferencedSOPSequence) == 1
    assert [item.FailureReason for item in told.FailedSOPSequence] == [0x0122, 0xC000]
    assert [item.FailureReason for item in told.OtherFailuresSequence] == [0xC000]
    assert told.FailedSOPSequence[0][0x00000902].value == (
        "This is Enhanced SR Storage, no radiograph."
    )
    assert told.OtherFailuresSequence[0][0x00000902].value == "The file is no DICOM file."


def test_none_kept_is_409(sender: Client) -> None:
    answer = post(sender, body(b"no DICOM"))
    assert answer.status_code == 409
    assert "ReferencedSOPSequence" not in said(answer)
    assert not Radiograph.objects.exists()
    assert not Job.objects.exists()


def test_a_film_of_another_study_than_the_address_says_stays_out(sender: Client) -> None:
    ours, other = file(1, StudyInstanceUID=STUDY), file(2, StudyInstanceUID="1.9")
    answer = post(sender, body(ours, other), url=f"{URL}/{STUDY}")
    assert answer.status_code == 202
    (failed,) = said(answer).FailedSOPSequence
    assert (failed.ReferencedSOPInstanceUID, failed.FailureReason) == ("1.2.2", 0xA901)
    assert Radiograph.objects.count() == 1


def test_a_part_larger_than_a_film_is_passed_over(
    sender: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dicomweb, "MAX_BYTES", 20_000)
    answer = post(sender, body(b"x" * 50_000, file(1)))
    assert answer.status_code == 202
    (other,) = said(answer).OtherFailuresSequence
    assert other.FailureReason == 0xA700


def test_a_part_of_another_kind_is_a_failure(sender: Client) -> None:
    answer = post(sender, body(b"\xff\xd8", kind="image/jpeg"))
    assert answer.status_code == 409
    assert "not application/dicom" in said(answer).OtherFailuresSequence[0][0x00000902].value


@pytest.mark.parametrize(
    "content_type",
    [
        "application/dicom",
        "multipart/form-data; boundary=b",
        'multipart/related; type="application/dicom+json"; boundary=b',
        'multipart/related; type="application/dicom+xml"; boundary=b',
    ],
)
def test_another_content_type_is_415_and_says_what_to_send(
    sender: Client, content_type: str
) -> None:
    answer = post(sender, body(file(1)), content_type=content_type)
    assert answer.status_code == 415
    assert "multipart/related" in sentence(answer)


@pytest.mark.parametrize(
    ("data", "content_type", "why"),
    [
        (body(), RELATED.replace('boundary="b"', ""), "names no boundary"),
        (body(), RELATED.replace('"b"', '"' + "b" * 71 + '"'), "names no boundary"),
        (b"--b--", RELATED, "holds no instance"),
        (b"nothing of the kind", RELATED, "ends before its closing boundary"),
    ],
)
def test_a_body_without_films_is_400(
    sender: Client, data: bytes, content_type: str, why: str
) -> None:
    answer = post(sender, data, content_type=content_type)
    assert answer.status_code == 400
    assert why in sentence(answer)


def test_a_body_cut_short_is_400_and_what_came_whole_is_kept(sender: Client) -> None:
    answer = post(sender, body(file(1), file(2), end=b""))
    assert answer.status_code == 400
    assert "1 instances before that were dealt with" in sentence(answer)
    assert Radiograph.objects.count() == 1
    assert Job.objects.get().kind == Job.Kind.PREGRADE
    assert post(sender, body(file(1), file(2))).status_code == 200


def test_a_page_elsewhere_cannot_post_in_a_signed_in_browser(coordinator: MakeUser) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(coordinator())
    assert post(client, body(file(1))).status_code == 403
