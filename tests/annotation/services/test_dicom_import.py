"""Films on their way in: one result a file, nothing half stored, nothing that names a patient."""

import hashlib
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.core import serializers
from django.db import DatabaseError
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from annotation import models
from annotation.models import AuditRecord, Patient, Radiograph
from annotation.services import audit
from annotation.services.dicom_import import FileResult, Status, import_film, import_paths
from annotation.services.film_files import films_in
from inference.picture import read_picture
from tests.annotation.conftest import MakeUser
from tests.annotation.services.test_deidentify import PLANTED, planted
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = pytest.mark.django_db

UID_ROOT = "1.2.826.0.1.3680043.8.498."


@pytest.fixture(autouse=True)
def pictures(settings: LazySettings, tmp_path: Path) -> Path:
    settings.PICTURES = tmp_path / "pictures"
    settings.PICTURES.mkdir()
    return settings.PICTURES


def bring(name: str = "a.dcm", seed: int = 0, uid: str = "1", **attributes: Any) -> FileResult:
    ds = film(stored(seed=seed), SOPInstanceUID=UID_ROOT + uid, **attributes)
    return import_film(as_bytes(ds), name=name)


def the(result: FileResult) -> Radiograph:
    assert result.radiograph is not None
    return Radiograph.objects.get(pk=result.radiograph)


def test_a_film_is_stored_bit_for_bit_with_its_facts() -> None:
    result = bring(ImagerPixelSpacing=[0.2, 0.2], Manufacturer="GE", ManufacturerModelName="XR656")
    assert (result.path, result.status, result.reason) == ("a.dcm", Status.IMPORTED, "")
    own = the(result)
    assert np.array_equal(read_picture(own.picture_path), stored())
    assert own.preview_path.read_bytes().startswith(b"\xff\xd8")
    assert (own.state, own.region, own.width, own.height) == ("ready", "C", 48, 64)
    assert (own.spacing_mm, own.spacing_plane) == (0.2, "detector")
    assert (own.manufacturer, own.scanner, own.recipe) == ("GE", "XR656", "film/1")
    record = AuditRecord.objects.get()
    assert record.action == "radiograph.imported"
    assert record.detail["device"] == "device-unknown"


def test_thirty_planted_identifiers_reach_neither_tables_nor_files(pictures: Path) -> None:
    assert import_film(as_bytes(planted()), name="x").status == Status.IMPORTED
    stored_rows = "".join(
        serializers.serialize("json", getattr(models, name).objects.all())
        for name in ("AuditRecord", "Centre", "Patient", "Visit", "Radiograph")
    )
    assert Radiograph.objects.count() == 1
    on_disk = b"".join(file.read_bytes() for file in pictures.iterdir())
    marks = [*PLANTED.values(), "PLANTED", "2014-03-05"]
    assert [mark for mark in marks if mark in stored_rows or mark.encode() in on_disk] == []


def test_the_facts_that_split_results_are_kept_and_the_machine_is_a_pseudonym() -> None:
    own = the(bring(DeviceSerialNumber="SN-99", Manufacturer="GE", ManufacturerModelName="XR656"))
    assert (own.manufacturer, own.scanner) == ("GE", "XR656")
    assert re.fullmatch("device-[0-9a-f]{8}", own.device)


def test_how_the_header_had_it_turned_is_recorded() -> None:
    own = the(bring(PatientOrientation=["A", "H"]))
    assert (own.turned, own.facing, own.mirrored, own.inverted, own.corrected) == (
        2, "left", False, False, False,
    )  # fmt: skip


def test_an_account_sends_for_its_centre(coordinator: MakeUser) -> None:
    models.FilmSource.objects.create(account=coordinator(), centre="Gent")
    import_film(as_bytes(film()), name="a", actor=coordinator())
    assert [centre.name for centre in models.Centre.objects.all()] == ["Gent"]


def test_a_script_in_the_name_is_gone_like_any_name() -> None:
    own = the(bring(PatientName="<script>alert(1)</script>"))
    assert "script" not in json.dumps(serializers.serialize("json", [own, own.visit.patient]))


def test_the_visits_of_one_patient_keep_their_interval_and_split() -> None:
    first = the(bring(uid="1", StudyDate="20140305"))
    later = the(bring(uid="2", seed=2, StudyDate="20160305"))
    assert first.visit.patient == later.visit.patient
    assert (later.visit.date - first.visit.date).days == 731
    assert Patient.objects.get().split in ("train", "val", "test")


def test_two_films_of_a_day_are_one_visit() -> None:
    first, second = the(bring(uid="1")), the(bring(uid="2", seed=2, BodyPartExamined="LSPINE"))
    assert first.visit == second.visit
    assert second.region == "L"


def test_the_centre_is_the_one_named_else_a_pseudonym() -> None:
    bring(uid="1", PatientID="A", InstitutionName="Clinic of X")
    import_film(as_bytes(film(stored(seed=2), PatientID="B")), name="b", centre="Leuven")
    names = {patient.centre.name for patient in Patient.objects.all()}
    assert "Leuven" in names
    assert not any("Clinic" in name for name in names)


def test_the_same_file_twice_is_one_film() -> None:
    first, again = bring(), bring("b.dcm")
    assert (again.status, again.radiograph) == (Status.DUPLICATE, first.radiograph)
    assert Radiograph.objects.count() == 1


def test_the_same_pixels_under_another_uid_and_name_are_one_film() -> None:
    first, again = bring(uid="1"), bring(uid="2")
    assert (again.status, again.radiograph) == (Status.DUPLICATE, first.radiograph)
    assert again.reason == "This film is already here."


@pytest.mark.parametrize("attributes", [{"PatientID": "another"}, {"StudyDate": "20150101"}])
def test_the_same_pixels_under_another_patient_or_day_are_said(attributes: dict[str, str]) -> None:
    first, again = bring(uid="1"), bring(uid="2", **attributes)
    assert (again.status, again.radiograph) == (Status.DUPLICATE, first.radiograph)
    assert "another patient or day" in again.reason
    assert Patient.objects.count() == 1
    record = AuditRecord.objects.get(action="radiograph.came_otherwise")
    assert record.subject == f"Radiograph {first.radiograph}"
    assert "another" not in str(record.detail)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_another_lossless_encoding_is_the_same_film(syntax: str) -> None:
    first, ds = bring(), film()
    ds.compress(syntax)
    again = import_film(as_bytes(ds), name="b")
    assert (again.status, again.radiograph) == (Status.DUPLICATE, first.radiograph)


def test_one_uid_with_other_pixels_waits_for_a_person() -> None:
    bring(seed=0)
    result = bring(seed=1)
    assert result.status == Status.QUARANTINED
    assert "same identifier" in result.reason
    assert the(result).state == "quarantined"
    assert the(result).picture_path.exists()


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"BodyPartExamined": ""}, "does not say which part"),
        ({"BodyPartExamined": "CHEST"}, "neither cervical nor lumbar"),
        ({"ViewPosition": "AP"}, "frontal"),
        ({"BurnedInAnnotation": "YES"}, "burnt into"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "digitised"),
    ],
)
def test_a_doubtful_film_waits_with_its_reason(attributes: dict[str, str], why: str) -> None:
    result = bring(**attributes)
    assert result.status == Status.QUARANTINED
    assert why in result.reason
    assert the(result).reason == result.reason
    assert AuditRecord.objects.get().action == "radiograph.quarantined"


@pytest.mark.parametrize("data", [b"", b"no film", b"\0" * 128 + b"DICM"])
def test_what_is_no_film_leaves_nothing_behind(data: bytes, pictures: Path) -> None:
    assert import_film(data, name="x").status == Status.REFUSED
    assert not Radiograph.objects.exists()
    assert list(pictures.iterdir()) == []


def test_a_film_without_a_patient_number_is_refused_with_what_to_do() -> None:
    result = bring(PatientID="")
    assert result.status == Status.REFUSED
    assert "fill it in" in result.reason


def test_a_failure_half_way_leaves_neither_row_nor_file(
    monkeypatch: pytest.MonkeyPatch, pictures: Path
) -> None:
    def fails(**_: object) -> None:
        raise DatabaseError("the connection was lost")

    monkeypatch.setattr(audit, "record", fails)
    with pytest.raises(DatabaseError):
        bring()
    assert not Radiograph.objects.exists()
    assert not Patient.objects.exists()
    assert list(pictures.iterdir()) == []


def test_a_full_disk_leaves_neither_row_nor_file(
    monkeypatch: pytest.MonkeyPatch, pictures: Path
) -> None:
    from annotation.services import film_pictures

    whole = film_pictures.write_whole

    def fills(path: Path, data: bytes) -> None:
        if path.suffix == ".jls":
            raise OSError(28, "No space left on device")
        whole(path, data)

    monkeypatch.setattr(film_pictures, "write_whole", fills)
    with pytest.raises(OSError, match="No space"):
        bring()
    assert not Radiograph.objects.exists()
    assert list(pictures.iterdir()) == []


def test_a_film_that_another_process_stored_meanwhile_is_a_duplicate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first look finds nothing, as if the other process had not committed yet."""
    from annotation.services import dicom_import

    first, look, looks = bring(), dicom_import._same_film, []

    def late(own: Any) -> Radiograph | None:
        looks.append(own)
        return look(own) if len(looks) > 1 else None

    monkeypatch.setattr(dicom_import, "_same_film", late)
    again = bring("b.dcm", uid="2")
    assert (again.status, again.radiograph) == (Status.DUPLICATE, first.radiograph)


def test_a_batch_goes_on_after_a_bad_file(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "1.dcm").write_bytes(as_bytes(film(stored(seed=1), SOPInstanceUID=UID_ROOT + "1")))
    (folder / "2.dcm").write_bytes(b"")
    (folder / "3.txt").write_bytes(b"a note")
    with zipfile.ZipFile(folder / "4.zip", "w") as out:
        out.writestr("in/5.dcm", as_bytes(film(stored(seed=5), SOPInstanceUID=UID_ROOT + "5")))
        out.writestr("../6.dcm", b"x")
    results = list(import_paths([folder, tmp_path / "nothing"]))
    assert [result.status for result in results] == [
        "imported", "refused", "refused", "imported", "refused", "refused",
    ]  # fmt: skip
    assert all(result.reason for result in results if result.status == "refused")
    assert len(list(films_in([folder]))) == 5


def test_a_makers_name_of_two_values_is_stored() -> None:
    assert the(bring(Manufacturer=["A" * 40, "B" * 40])).manufacturer == "A" * 40


def test_the_stored_checksum_is_that_of_the_stored_picture() -> None:
    own = the(bring())
    pixels = read_picture(own.picture_path)
    own_sum = hashlib.sha256(b"64x48:" + pixels.astype("<u2").tobytes()).hexdigest()
    assert own.pixel_sha256 == own_sum
