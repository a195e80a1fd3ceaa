"""A browser whose network goes in the middle of an upload keeps nobody else out."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from rest_framework.authtoken.models import Token

from tests.annotation.conftest import MakeUser
from tests.annotation.own_process import OwnProcess

pytestmark = pytest.mark.django_db(transaction=True)

ONE_THREAD = [
    *("-m", "gunicorn", "annotation.wsgi", "--bind", "127.0.0.1:0", "--no-control-socket"),
    *("--worker-class", "gthread", "--workers", "1", "--threads", "1"),
]


def test_an_upload_that_falls_silent_is_let_go(
    coordinator: MakeUser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SILENT_SENDER_SECONDS", "1")
    token = Token.objects.create(user=coordinator()).key
    beginning = (
        "POST /api/v1/radiographs HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Token {token}\r\nContent-Length: 1000000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.dcm"\r\n\r\nhalf a fil'
    )
    with OwnProcess(ONE_THREAD, tmp_path, "Booting worker") as web:
        address = web.found(r"Listening at: (http://127.0.0.1:\d+)")
        with socket.create_connection(("127.0.0.1", urlsplit(address).port or 0)) as silent:
            silent.sendall(beginning.encode())
            assert requests.get(address + "/api/v1/health", timeout=60).ok
            silent.settimeout(60)
            assert b"400 Bad Request" in silent.recv(1000)
        assert "Traceback" not in web.log.read_text()
