"""What the receiver will not start with; receiving itself is in services/test_dicom_receiver.py."""

import socket

import pytest
from django.core.management import CommandError, call_command


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "Name the AE titles that may send"),
        (["--from= , "], "Name the AE titles that may send"),
        (["--from==Leuven"], "Name the AE titles that may send"),
        (["--from=PACS=Leuven,PACS=Gent"], "stands twice"),
        (["--from=A TITLE LONGER THAN SIXTEEN"], "An AE title has 1 to 16 plain letters"),
        (["--from=PACS", "--tls-cert=a.pem"], "both --tls-cert and --tls-key"),
        (["--from=PACS", "--tls-ca=a.pem"], "both --tls-cert and --tls-key"),
        (["--from=PACS", "--tls-cert=no.pem", "--tls-key=no.pem"], "No such file"),
    ],
)
def test_it_says_what_is_missing(options: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("dicom_receiver", *options)


def test_a_port_in_use_is_a_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=f"{port} cannot be listened at"):
            call_command("dicom_receiver", "--from=PACS", f"--port={port}")
