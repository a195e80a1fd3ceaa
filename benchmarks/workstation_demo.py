"""A running demo for the benchmark of the workstation: its films, and studies that ask for them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
from playwright.sync_api import Page

from training import phantom
from training.phantom.dicom_file import dataset

ROOT = Path(__file__).parents[1]
LARGE = (3000, 2500)
"""Rows and columns of the film on which a window drag is measured."""
SEED = 31


@contextmanager
def demo() -> Iterator[str]:
    """``manage.py demo`` without films in a temporary folder; its address."""
    data = Path(tempfile.mkdtemp(prefix="syndesmo-workstation-"))
    data.chmod(0o711)  # under root the database's own user has to reach its folder in it
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    os.environ |= {"SYNDESMO_DATA": str(data), "PORT": str(port)}
    log = data / "demo.log"
    command = [sys.executable, str(ROOT / "manage.py"), "demo", "--patients", "0"]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            while "Syndesmo is ready" not in log.read_text():
                if process.poll() is not None:
                    sys.exit(log.read_text())
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
            shutil.rmtree(data, ignore_errors=True)


def manage(*arguments: str) -> str:
    """A management command beside the running demo; what it printed."""
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def large_film() -> int:
    """A phantom film of 2500 x 3000 pixels at 16 bits, imported as any other; its id."""
    film = next(film for film in phantom.generate(1, 1, "clinic", SEED, 1.0) if film.region == "L")
    pixels = cv2.resize(film.pixels, LARGE[::-1], interpolation=cv2.INTER_CUBIC)
    ds = dataset(film)
    ds.Rows, ds.Columns = LARGE
    ds.BitsStored, ds.HighBit = 16, 15
    ds.WindowCenter, ds.WindowWidth = 32768, 65536
    ds.PixelData = (pixels.clip(0, 4095) * 16).astype("<u2").tobytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.dcm"
        ds.save_as(path, enforce_file_format=True)
        (file,) = json.loads(manage("import_dicom", str(path), "--json"))["files"]
    if file["status"] != "imported":
        sys.exit(f"The large film was not imported: {file['reason']}")
    return int(file["radiograph"])


def blind_study(page: Page, address: str, name: str, films: list[int]) -> int:
    """A blind study of the films for both readers; the number of its round."""
    design = {
        "name": name,
        "readers": ["reader", "reader2"],
        "adjudicators": [],
        "region": None,
        "radiographs": films,
        "rounds": [{"washout_days": 0}],
        "assist_mode": "blind",
        "cervical_squaring": "none",
        "missing_sites": "R3",
    }
    token = page.request.get(f"{address}/api/v1/session").json()["csrf_token"]
    headers = {"X-CSRFToken": token, "Referer": address}
    answer = page.request.post(f"{address}/api/v1/studies", data=design, headers=headers)
    if not answer.ok:
        sys.exit(answer.text())
    return int(answer.json()["rounds"][0]["id"])


def pregraded_films(page: Page, address: str) -> list[int]:
    """All films of the demo, once the model has graded each."""
    url = f"{address}/api/v1/radiographs?state=ready"
    while True:
        films: list[dict[str, Any]] = page.request.get(url).json()["results"]
        if all(film["pregraded"] for film in films):
            return [int(film["id"]) for film in films]
        time.sleep(1)
