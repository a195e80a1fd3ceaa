"""Films over the network, to a real receiver process: from pynetdicom, and from dcmtk."""

import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)
from pynetdicom import AE
from pynetdicom.association import Association

from annotation.models import Job, Radiograph
from annotation.services import dicom_receiver
from annotation.services.dicom_receiver import Receiver
from inference.dicom import read_film
from tests.annotation.own_process import OwnProcess
from tests.inference.dicom_files import CR, as_bytes, film, stored

pytestmark = pytest.mark.django_db(transaction=True)

FILMS = Path(__file__).parents[2] / "inference" / "films"
# Certificate and key in one, of an authority of its own; it opens nothing but these tests.
CERTIFICATE = Path(__file__).parents[1] / "localhost.pem"
COMMAND = ["manage.py", "dicom_receiver", "--port", "0"]
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"
ENHANCED_SR = "1.2.840.10008.5.1.4.1.1.88.22"
SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    JPEGLSLossless,
    JPEG2000Lossless,
    RLELossless,
]


@pytest.fixture(scope="module")
def receiver(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnProcess]:
    data = tmp_path_factory.mktemp("receiver")
    with OwnProcess([*COMMAND, "--from", "PACS,XRAY=Leuven"], data, "receives at") as process:
        yield process


@pytest.fixture
def port(receiver: OwnProcess) -> int:
    return int(receiver.found(r"receives at 127.0.0.1:(\d+)"))


def associate(
    port: int,
    sender: str = "PACS",
    called: str = "SYNDESMO",
    sop_class: str = CR,
    syntaxes: list[UID] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Association:
    entity = AE(sender)
    entity.add_requested_context("1.2.840.10008.1.1")
    entity.add_requested_context(sop_class, syntaxes or [ExplicitVRLittleEndian])
    return entity.associate(
        "127.0.0.1", port, ae_title=called, tls_args=(tls, "localhost") if tls else None
    )


def send(port: int, ds: FileDataset, **how: object) -> tuple[int, str]:
    """Status and error comment."""
    syntax = ds.file_meta.TransferSyntaxUID
    association = associate(port, sop_class=ds.SOPClassUID, syntaxes=[syntax])
    assert association.is_established
    answer = association.send_c_store(dcmread(BytesIO(as_bytes(ds))))
    association.release()
    return int(answer.Status), str(answer.get("ErrorComment", ""))


def encoded(syntax: UID) -> FileDataset:
    ds = film()
    if syntax.is_compressed and not syntax.is_deflated:
        ds.compress(syntax)
    else:
        ds.file_meta.TransferSyntaxUID = syntax
    return ds


def test_it_answers_an_echo(port: int) -> None:
    association = associate(port)
    assert association.send_c_echo().Status == 0
    association.release()


def test_a_film_is_stored_and_pre_grading_is_queued(port: int, receiver: OwnProcess) -> None:
    assert send(port, film()) == (0, "")
    own = Radiograph.objects.get()
    assert own.pixel_sha256 == read_film(as_bytes(film())).pixel_sha256
    assert (receiver.data / "pictures" / f"{own.pk}.jls").exists()
    assert Job.objects.get().kind == Job.Kind.PREGRADE
    assert receiver.says(f"imported radiograph {own.pk} from 'PACS' at 127.0.0.1")
    assert "Doe" not in receiver.log.read_text()
    assert film().SOPInstanceUID not in receiver.log.read_text()


def test_an_ae_title_sends_for_its_centre(port: int) -> None:
    for number, sender in enumerate(["PACS", "XRAY"]):
        ds = film(stored(seed=number), PatientID=f"at {sender}", SOPInstanceUID=f"1.2.{number}")
        association = associate(port, sender=sender)
        assert association.send_c_store(dcmread(BytesIO(as_bytes(ds)))).Status == 0
        association.release()
    films = Radiograph.objects.order_by("pk")
    assert list(films.values_list("visit__patient__centre__name", flat=True)) == [
        "centre-unknown", "Leuven",
    ]  # fmt: skip


def test_every_encoding_is_the_same_film(port: int) -> None:
    answers = [send(port, encoded(syntax)) for syntax in SYNTAXES]
    assert answers == [(0, "")] * len(SYNTAXES)
    assert Radiograph.objects.get().pixel_sha256 == read_film(as_bytes(film())).pixel_sha256


def test_a_doubtful_film_waits_for_a_person_and_the_sender_is_done(port: int) -> None:
    assert send(port, film(SOPClassUID=UID(SECONDARY_CAPTURE))) == (0, "")
    assert Radiograph.objects.get().state == "quarantined"


def test_raw_detector_data_are_refused_with_the_reason(port: int, receiver: OwnProcess) -> None:
    status, comment = send(port, film(SOPClassUID=UID(FOR_PROCESSING)))
    assert status == 0xC000
    assert comment.startswith("This is raw detector data")
    assert len(comment) <= 64
    assert receiver.says("refused radiograph from 'PACS' at 127.0.0.1: This is raw detector data")
    assert not Radiograph.objects.exists()


def test_a_film_that_was_cut_short_is_not_taken_off_the_senders_hands(port: int) -> None:
    ds = film()
    ds.PixelData = ds.PixelData[:-1000]
    status, comment = send(port, ds)
    assert status == 0xC000
    assert "bytes of pixels" in comment
    assert not Radiograph.objects.exists()


def test_what_is_no_film_is_not_negotiated_and_the_log_says_so(
    port: int, receiver: OwnProcess
) -> None:
    association = associate(port, sop_class=ENHANCED_SR)
    assert [cx.abstract_syntax for cx in association.rejected_contexts] == [ENHANCED_SR]
    association.release()
    assert receiver.says("refused from 'PACS' at 127.0.0.1: Enhanced SR Storage, no radiograph")


@pytest.mark.parametrize(
    ("sender", "called", "why"),
    [
        ("STRANGER", "SYNDESMO", "its AE title is not on the list"),
        ("PACS", "ANOTHER", "it called another AE title"),
    ],
)
def test_who_is_not_on_the_list_or_calls_another_is_rejected(
    port: int, receiver: OwnProcess, sender: str, called: str, why: str
) -> None:
    assert associate(port, sender=sender, called=called).is_rejected
    assert receiver.says(f"rejected '{sender}' at 127.0.0.1: {why}")


def test_a_claim_of_gigabytes_ends_the_connection(port: int, receiver: OwnProcess) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(b"\x01\x00\xff\xff\xff\xff")
        assert line.recv(1) == b""
    assert receiver.says("more bytes than a film has")
    assert send(port, film()) == (0, "")


def test_a_sender_that_falls_silent_in_a_word_does_not_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As when its power fails: no end of the connection ever arrives."""
    monkeypatch.setattr(dicom_receiver, "_SILENT_SECONDS", 0.2)
    own = Receiver(title="SYNDESMO", senders={"PACS": None}, imported=lambda: None)
    try:
        port = own.start("127.0.0.1", 0)
        with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
            line.sendall(b"\x01\x00\x00\x00\x00\x44" + bytes(30))
            assert line.recv(1) == b""
    finally:
        own.stop()


@pytest.mark.parametrize("sender", ["storescu", "dcmsend"])
def test_dcmtk_sends_what_archives_send(port: int, tmp_path: Path, sender: str) -> None:
    plain = tmp_path / "plain.dcm"
    plain.write_bytes(as_bytes(film(stored(seed=5), SOPInstanceUID="1.2.5")))
    lossless = FILMS / "jpeg_lossless_70.dcm"
    calls = {
        "storescu": [["storescu", "-xs", str(lossless)], ["storescu", str(plain)]],
        "dcmsend": [["dcmsend", str(lossless), str(plain)]],
    }
    for program, *arguments in calls[sender]:
        names = ["-aet", "XRAY", "-aec", "SYNDESMO", "127.0.0.1", str(port)]
        done = subprocess.run(
            [program, *names, *arguments], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
    kept = set(Radiograph.objects.values_list("pixel_sha256", flat=True))
    assert kept == {read_film(path).pixel_sha256 for path in (plain, lossless)}


def turned_away(port: int, tls: ssl.SSLContext | None) -> bool:
    """Whether the line ends before a single byte of an answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        try:
            with tls.wrap_socket(line, server_hostname="localhost") if tls else line as spoken:
                spoken.sendall(b"\x01\x00\x00\x00\x00\x44" + bytes(68))
                return spoken.recv(1) == b""
        except (ssl.SSLError, ConnectionError):
            return True


def test_with_an_authority_only_senders_with_its_certificate_get_through_and_it_stops_when_told(
    django_db_setup: None, tmp_path: Path
) -> None:
    files = [f"--tls-{name}={CERTIFICATE}" for name in ("cert", "key", "ca")]
    with OwnProcess([*COMMAND, "--from=PACS", *files], tmp_path, "with TLS") as process:
        port = int(process.found(r"receives at 127.0.0.1:(\d+)"))
        nameless, known = (ssl.create_default_context(cafile=CERTIFICATE) for _ in range(2))
        known.load_cert_chain(CERTIFICATE)
        with socket.create_connection(("127.0.0.1", port)):  # it says nothing, and bothers nobody
            assert turned_away(port, tls=None)
            assert turned_away(port, tls=nameless)
            association = associate(port, tls=known)
            assert association.send_c_store(dcmread(BytesIO(as_bytes(film())))).Status == 0
            association.release()
        assert process.says("TLS failed .PEER_DID_NOT_RETURN_A_CERTIFICATE")
        assert process.ends(signal.SIGTERM, within=60) == 0
        assert process.says("stopped")
    assert Radiograph.objects.count() == 1
