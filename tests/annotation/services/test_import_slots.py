"""However many films come at once, few of them are open in memory."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from annotation.services import dicom_import
from annotation.services.dicom_import import Status, import_film
from inference.dicom import FilmRefused


def test_two_films_are_read_at_once_and_the_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, opened = threading.Semaphore(0), threading.Event()
    now: set[bytes] = set()
    most = []

    def slowly(source: bytes) -> None:
        now.add(source)
        most.append(len(now))
        inside.release()
        opened.wait(60)
        now.remove(source)
        raise FilmRefused("This is a test.")

    monkeypatch.setattr(dicom_import, "read_calibrated", slowly)
    with ThreadPoolExecutor(6) as pool:
        results = [pool.submit(import_film, bytes([n]), name=str(n)) for n in range(6)]
        assert all(inside.acquire(timeout=60) for _ in range(2))
        assert not dicom_import._at_work.acquire(blocking=False)
        opened.set()
        assert {one.result().status for one in results} == {Status.REFUSED}
    assert len(most) == 6
    assert max(most) == 2
