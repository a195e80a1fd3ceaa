"""A hospital's own archive forwards its films to our receiver: Orthanc, as Debian ships it."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydicom.dataset import FileDataset
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from annotation.models import Radiograph
from inference.dicom import read_film
from tests.annotation.orthanc import Orthanc
from tests.annotation.own_process import OwnProcess
from tests.inference.dicom_encodings import encoded_as
from tests.inference.dicom_files import as_bytes, film, stored

pytestmark = pytest.mark.django_db(transaction=True)

FOR_PROCESSING = UID("1.2.840.10008.5.1.4.1.1.1.1.1")
SYNTAXES = (
    ExplicitVRLittleEndian, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, RLELossless,
)  # fmt: skip
RECEIVER = ["manage.py", "dicom_receiver", "--port", "0", "--from", "ORTHANC=Leuven"]


@pytest.fixture(scope="module")
def receiver(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnProcess]:
    with OwnProcess(RECEIVER, tmp_path_factory.mktemp("receiver"), "receives at") as process:
        yield process


@pytest.fixture(scope="module")
def archive(receiver: OwnProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    port = int(receiver.found(r"receives at 127.0.0.1:(\d+)"))
    with Orthanc(tmp_path_factory.mktemp("orthanc"), port) as running:
        yield running


def archived(number: int, **attributes: Any) -> FileDataset:
    """A film with the numbers that an archive files it under."""
    return film(
        stored(seed=number), SOPInstanceUID=f"1.2.{number}", StudyInstanceUID=f"1.3.{number}",
        SeriesInstanceUID=f"1.4.{number}", PatientID=f"A{number}", **attributes,
    )  # fmt: skip


def test_the_archive_finds_us(archive: Orthanc) -> None:
    assert archive.echoes()


def test_its_films_arrive_bit_for_bit_as_they_were_compressed(archive: Orthanc) -> None:
    files = [encoded_as(archived(number), syntax) for number, syntax in enumerate(SYNTAXES)]
    answer = archive.forwards(*map(archive.takes, files))
    assert (answer["http"], answer["InstancesCount"], answer["FailedInstancesCount"]) == (
        200, len(files), 0,
    )  # fmt: skip
    kept = set(Radiograph.objects.values_list("pixel_sha256", flat=True))
    assert kept == {read_film(file).pixel_sha256 for file in files}
    centres = set(Radiograph.objects.values_list("visit__patient__centre__name", flat=True))
    assert centres == {"Leuven"}


def test_what_is_forwarded_twice_is_one_film(archive: Orthanc) -> None:
    number = archive.takes(as_bytes(archived(31)))
    assert [archive.forwards(number)["http"] for _ in range(2)] == [200, 200]
    assert Radiograph.objects.count() == 1


def test_the_archive_is_told_what_we_do_not_take(archive: Orthanc, receiver: OwnProcess) -> None:
    raw = archived(32, SOPClassUID=FOR_PROCESSING)
    assert archive.forwards(archive.takes(as_bytes(raw)))["http"] != 200
    assert receiver.says("refused radiograph from 'ORTHANC' at 127.0.0.1: This is raw detector")
    assert not Radiograph.objects.exists()
