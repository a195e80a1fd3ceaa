"""One film by command, zip, page, C-STORE and STOW-RS: what is stored does not differ.

The web is a real gunicorn, the receiver a real process, and the senders are not ours.
"""

import subprocess
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from dicomweb_client import DICOMwebClient
from django.conf import LazySettings
from django.core.management import call_command
from pydicom import dcmread
from pydicom.uid import (
    HTJ2K,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
)
from pynetdicom import AE
from rest_framework.authtoken.models import Token

from annotation.models import Radiograph
from inference.dicom import read_film
from tests.annotation.conftest import MakeUser
from tests.annotation.own_process import OwnProcess
from tests.inference import phantoms
from tests.inference.dicom_encodings import LOSSLESS, LOSSY, encoded_as
from tests.inference.dicom_files import film

pytestmark = pytest.mark.django_db(transaction=True)

GUNICORN = [
    *("-m", "gunicorn", "annotation.wsgi", "--bind", "127.0.0.1:0", "--no-control-socket"),
    *("--workers", "1", "--threads", "2"),
]
RECEIVER = ["manage.py", "dicom_receiver", "--port", "0", "--from", "DCMSEND"]


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnProcess]:
    with OwnProcess(GUNICORN, tmp_path_factory.mktemp("web"), "Booting worker") as process:
        yield process


@pytest.fixture(scope="module")
def receiver(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnProcess]:
    with OwnProcess(RECEIVER, tmp_path_factory.mktemp("receiver"), "receives at") as process:
        yield process


@pytest.fixture
def address(web: OwnProcess) -> str:
    return web.found(r"Listening at: (http://127.0.0.1:\d+)") + "/api/v1/"


@pytest.fixture
def session(coordinator: MakeUser) -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.headers["Authorization"] = f"Token {Token.objects.create(user=coordinator()).key}"
        yield made


@pytest.fixture
def archive(address: str, session: requests.Session) -> DICOMwebClient:
    """It sends what is longer than a chunk in chunks, without saying how long it is."""
    return DICOMwebClient(address + "dicomweb", session=session, chunk_size=1000)


def written(path: Path, syntax: str) -> Path:
    """A film in that transfer syntax."""
    bits = 8 if syntax == JPEGBaseline8Bit else 12
    pixels = phantoms.films()[1].pixels[::2, ::2] >> (12 - bits)
    ds = film(
        pixels.astype(np.uint8 if bits == 8 else np.uint16), bits, BodyPartExamined="LSPINE",
        PhotometricInterpretation="MONOCHROME1", InstitutionName="A, B",
        ImagerPixelSpacing=[0.2, 0.2], Manufacturer="GE", ManufacturerModelName="XR656",
        PatientSex="F", WindowCenter=2000 >> (12 - bits), WindowWidth=3000 >> (12 - bits),
    )  # fmt: skip
    path.write_bytes(encoded_as(ds, syntax))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "film.dcm", JPEG2000Lossless)


def what_is_stored(pictures: Path) -> dict[str, Any]:
    """Every fact of the one film, its picture and its preview; it is not known again."""
    own = Radiograph.objects.get()
    facts = {f.name for f in Radiograph._meta.concrete_fields} - {"id", "imported_at", "visit"}
    row = Radiograph.objects.values(
        *facts, "visit__date", "visit__patient__pseudonym", "visit__patient__sex",
        "visit__patient__centre__name",
    ).get(pk=own.pk)  # fmt: skip
    files = {path.suffix: path.read_bytes() for path in pictures.parent.rglob(f"{own.pk}.*")}
    assert set(files) == {".jls", ".jpg"}
    own.delete()
    return row | files


def test_every_door_gives_the_same_film_in_every_transfer_syntax(
    address: str,
    archive: DICOMwebClient,
    session: requests.Session,
    web: OwnProcess,
    receiver: OwnProcess,
    settings: LazySettings,
    tmp_path: Path,
    subtests: pytest.Subtests,
) -> None:
    settings.PICTURES = tmp_path / "pictures"
    settings.PICTURES.mkdir()
    port = receiver.found(r"receives at 127.0.0.1:(\d+)")
    file, packed = tmp_path / "film.dcm", tmp_path / "films.zip"

    def by_command(path: Path) -> None:
        call_command("import_dicom", str(path))

    def by_page(path: Path) -> None:
        answer = session.post(address + "radiographs", files={"file": path.read_bytes()})
        assert answer.json()["status"] in ("imported", "quarantined")

    def by_stow() -> None:
        answer = archive.store_instances([dcmread(file)])
        assert len(answer.ReferencedSOPSequence) == 1

    doors: list[tuple[Callable[[], None], Path]] = [
        (partial(by_command, file), settings.PICTURES),
        (partial(by_command, packed), settings.PICTURES),
        (partial(by_page, file), web.data / "pictures"),
        (partial(by_c_store, file, port), receiver.data / "pictures"),
        (by_stow, web.data / "pictures"),
    ]
    for syntax in (*LOSSLESS, *LOSSY):
        with subtests.test(UID(syntax).name):
            written(file, syntax)
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
                out.write(file, "folder/film.dcm")
            kept = []
            for send, pictures in doors:
                send()
                kept.append(what_is_stored(pictures))
            assert kept[0]["pixel_sha256"] == read_film(file).pixel_sha256
            assert all(one == kept[0] for one in kept)


def by_c_store(file: Path, port: str) -> None:
    """By dcmtk; that of Debian 12 does not know HTJ2K, so that pynetdicom sends it."""
    ds = dcmread(file)
    if ds.file_meta.TransferSyntaxUID not in (HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K):
        names = ["dcmsend", "-aec", "SYNDESMO", "127.0.0.1", port, str(file)]
        subprocess.run(names, check=True, timeout=60)
        return
    sender = AE("DCMSEND")
    sender.add_requested_context(ds.SOPClassUID, ds.file_meta.TransferSyntaxUID)
    association = sender.associate("127.0.0.1", int(port), ae_title="SYNDESMO")
    assert association.is_established
    assert association.send_c_store(ds).Status == 0
    association.release()


def test_the_archive_is_told_what_was_refused_and_can_go_on(
    archive: DICOMwebClient, address: str, session: requests.Session, file: Path
) -> None:
    with pytest.raises(requests.HTTPError, match="409"):
        archive.store_instances([dcmread(file)], study_instance_uid="1.2.3")
    for kind, content, status in (
        ("application/dicom", file.read_bytes(), 415),
        ("multipart/related; boundary=b", b"--b\r\n\r\n" + file.read_bytes(), 400),
    ):
        answer = session.post(
            address + "dicomweb/studies",
            data=iter([content[:5000], content[5000:]]),
            headers={"Content-Type": kind},
        )
        assert (answer.status_code, bool(answer.json()["error"]["sentence"])) == (status, True)
    answer = archive.store_instances([dcmread(file)])
    assert len(answer.ReferencedSOPSequence) == 1


def test_a_stranger_stores_nothing(address: str, file: Path) -> None:
    with requests.Session() as nobody:
        stranger = DICOMwebClient(address + "dicomweb", session=nobody)
        with pytest.raises(requests.HTTPError, match="401"):
            stranger.store_instances([dcmread(file)])
    assert not Radiograph.objects.exists()
