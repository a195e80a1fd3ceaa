"""Orthanc, an archive that hospitals run, as a child process on loopback with its own store."""

import json
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.dicom_senders import executable
from tests.ports import held_port

READY_SECONDS = 120


@dataclass
class Orthanc:
    """``with Orthanc(folder, port) as archive``: it knows our receiver at `port` as 'syndesmo'."""

    folder: Path
    receiver_port: int
    title: str = "ORTHANC"
    address: str = field(init=False)

    def __enter__(self) -> "Orthanc":
        program = executable("Orthanc")
        assert program, "No Orthanc: run `make senders`, or install the package `orthanc`."
        self.ports = ExitStack()
        port, dicom_port = (self.ports.enter_context(held_port()) for _ in range(2))
        self.address = f"http://127.0.0.1:{port}"
        config = self.folder / "orthanc.json"
        config.write_text(
            json.dumps(
                {
                    "Name": "archive of the test",
                    "StorageDirectory": str(self.folder / "store"),
                    "IndexDirectory": str(self.folder / "store"),
                    "Plugins": [],
                    "HttpPort": port,
                    "DicomPort": dicom_port,
                    "DicomAet": self.title,
                    "RemoteAccessAllowed": False,
                    "AuthenticationEnabled": False,
                    "DicomModalities": {"syndesmo": ["SYNDESMO", "127.0.0.1", self.receiver_port]},
                }
            )
        )
        self.log = self.folder / "orthanc.log"
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [program, str(config)], stdout=output, stderr=subprocess.STDOUT
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.ports.close()

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.address}/system", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def takes(self, film: bytes) -> str:
        """Put a film into the archive; its number there."""
        answer = requests.post(f"{self.address}/instances", data=film, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["ID"])

    def echoes(self) -> bool:
        """Whether our receiver answers its C-ECHO."""
        return requests.post(f"{self.address}/modalities/syndesmo/echo", json={}, timeout=30).ok

    def forwards(self, *films: str) -> dict[str, Any]:
        """Send them by C-STORE; what the archive says became of it, with its HTTP status."""
        answer = requests.post(
            f"{self.address}/modalities/syndesmo/store",
            json={"Resources": list(films), "Synchronous": True},
            timeout=60,
        )
        return {"http": answer.status_code, **answer.json()}
