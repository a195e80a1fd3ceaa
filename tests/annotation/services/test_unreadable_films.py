"""A film that cannot be shown is never dropped: a row says which one to send again."""

import threading
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import serializers
from pydicom.encaps import encapsulate
from pydicom.uid import MPEG2MPML

from annotation.errors import Conflict, NotFound
from annotation.models import AuditRecord, Patient, Radiograph, UnreadableFilm
from annotation.services import unreadable_films
from annotation.services.dicom_import import FileResult, Status, import_film
from annotation.services.unreadable_films import give_up
from tests.annotation.at_once import at_once
from tests.annotation.conftest import MakeUser
from tests.inference.dicom_files import as_bytes, film

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def pictures(settings: LazySettings, tmp_path: Path) -> Path:
    settings.PICTURES = tmp_path / "pictures"
    settings.PICTURES.mkdir()
    return tmp_path / "pictures"


WHOLE = as_bytes(film(Manufacturer="GE", ManufacturerModelName="XR656", InstitutionName="Clinic X"))
CUT = WHOLE[:-1000]


def bring(data: bytes = CUT) -> FileResult:
    return import_film(data, name="Doe_Jane.dcm")


def test_a_film_that_was_cut_short_waits_to_be_sent_again(pictures: Path) -> None:
    result = bring()
    assert (result.status, result.radiograph) == (Status.QUARANTINED, None)
    own = UnreadableFilm.objects.get()
    assert own.reason == result.reason
    assert (own.state, own.region, own.scanner, own.encoding, own.file_bytes) == (
        "waiting", "C", "XR656", "Explicit VR Little Endian", len(CUT),
    )  # fmt: skip
    assert own.patient.startswith("P")
    assert list(pictures.iterdir()) == []
    assert not Patient.objects.exists()
    assert AuditRecord.objects.get().action == "unreadable_film.noted"


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"BitsStored": 17}, "contradicts itself"),
        ({"PixelData": b"\0" * 6144}, "blank"),
        ({"Rows": 65}, "bytes of pixels"),
    ],
)
def test_whatever_cannot_be_shown_waits(attributes: dict[str, object], why: str) -> None:
    assert bring(as_bytes(film(**attributes))).status == Status.QUARANTINED
    assert why in UnreadableFilm.objects.get().reason


def test_a_syntax_without_a_decoder_waits() -> None:
    ds = film()
    ds.file_meta.TransferSyntaxUID = MPEG2MPML
    ds.PixelData = encapsulate([b"\0\0\1\xb3" * 9])
    ds["PixelData"].VR = "OB"
    assert "No decoder is known" in bring(as_bytes(ds)).reason
    assert UnreadableFilm.objects.get().encoding.startswith("MPEG2")


@pytest.mark.parametrize(
    ("whole", "broken"),
    [
        (b"\x18\x00\x15\x00CS", b"\x18\x00\x15\x00C\xff"),  # a kind of value that there is not
        (b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2.\0"),
        (b"1.2.840.10008.1.2.1", b"1.2.840.10\x0008.1.2"),
    ],
)
def test_what_is_broken_in_the_header_too_does_not_stop_the_batch(
    whole: bytes, broken: bytes
) -> None:
    """Found by benchmarks/intake_fuzz.py."""
    assert whole in CUT
    assert bring(CUT.replace(whole, broken)).status in (Status.QUARANTINED, Status.REFUSED)


def test_neither_the_patient_nor_the_file_name_is_kept() -> None:
    bring()
    kept = serializers.serialize(
        "json", [*UnreadableFilm.objects.all(), *AuditRecord.objects.all()]
    )
    for mark in ("4711", "Doe", "Clinic", "2014-03-05", "1.2.826.0.1.3680043.8.498.1"):
        assert mark not in kept


def test_the_same_file_again_is_the_same_row() -> None:
    assert bring().reason == bring().reason
    assert UnreadableFilm.objects.count() == 1


def test_the_whole_film_closes_what_waited_for_it() -> None:
    bring()
    number = bring(WHOLE).radiograph
    own = UnreadableFilm.objects.get()
    assert (own.state, own.radiograph_id) == ("arrived", number)
    assert AuditRecord.objects.filter(action="unreadable_film.arrived").count() == 1
    assert Radiograph.objects.get().visit.date == own.visit_date


def test_a_damaged_copy_of_a_film_that_is_here_does_not_wait() -> None:
    number = bring(WHOLE).radiograph
    result = bring()
    assert (result.status, result.radiograph) == (Status.DUPLICATE, number)
    assert result.reason.endswith("This film is already here.")
    own = UnreadableFilm.objects.get()
    assert (own.state, own.radiograph_id) == ("arrived", number)


def test_the_same_picture_under_another_name_closes_what_waited() -> None:
    """Sent again whole, under the identifier that waits, where its picture is here already."""
    number = import_film(as_bytes(film(SOPInstanceUID="1.2.3")), name="a").radiograph
    bring()
    assert UnreadableFilm.objects.get().state == "waiting"
    assert bring(WHOLE).radiograph == number
    assert UnreadableFilm.objects.get().radiograph_id == number


def test_what_was_given_up_waits_again_when_it_comes_again(admin: MakeUser) -> None:
    bring()
    give_up(unreadable_film=UnreadableFilm.objects.get().pk, actor=admin())
    assert bring().status == Status.QUARANTINED
    assert UnreadableFilm.objects.get().state == "waiting"
    assert AuditRecord.objects.filter(action="unreadable_film.reopened").count() == 1


def test_without_a_patient_there_is_nobody_to_ask_and_the_file_is_refused() -> None:
    result = bring(as_bytes(film(PatientID=""))[:-1000])
    assert result.status == Status.REFUSED
    assert "fill it in" in result.reason
    assert not UnreadableFilm.objects.exists()


def test_a_person_gives_it_up_once(admin: MakeUser) -> None:
    bring()
    own = give_up(unreadable_film=UnreadableFilm.objects.get().pk, actor=admin())
    assert own.state == "given_up"
    assert AuditRecord.objects.get(action="unreadable_film.given_up").actor == admin()
    with pytest.raises(Conflict):
        give_up(unreadable_film=own.pk, actor=admin())
    with pytest.raises(NotFound):
        give_up(unreadable_film=999_999, actor=admin())


@pytest.mark.django_db(transaction=True)
def test_a_damaged_copy_that_comes_with_its_film_does_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Through two doors at once, neither would see the other."""
    is_stored, is_noted, arrived = threading.Event(), threading.Event(), unreadable_films.arrived

    def slowly(*which: Any) -> None:
        arrived(*which)
        if not is_stored.is_set():
            is_stored.set()
            is_noted.wait(1)  # it waits for us, and would not without the lock

    def copy_comes() -> None:
        is_stored.wait(30)
        bring()
        is_noted.set()

    monkeypatch.setattr(unreadable_films, "arrived", slowly)
    at_once(lambda: bring(WHOLE), copy_comes)
    assert UnreadableFilm.objects.get().state == "arrived"
