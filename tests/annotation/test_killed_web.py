"""The web dies by SIGKILL fifty times while grades are saved: none that was acknowledged is lost.

Clients do as the browser's outbox does: what was not acknowledged is sent again under its key.
"""

import itertools
import os
import random
import signal
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx2
import pytest
from django.contrib.auth.models import User
from django.test import Client

from annotation.models import GradeEvent, Reading, Round
from annotation.services import reader_grades
from inference.msasss import BRIDGE, facing
from tests.annotation.conftest import MakeStudy, MakeUser
from tests.annotation.own_process import OwnProcess
from tests.annotation.web_server import web_server, workers_of
from tests.ports import held_port
from tests.web_reader import WebReader

KILLS = 50
WITH_THE_MASTER = 10
"""Every so many kills gunicorn's master dies too, and the server is started anew."""
READERS = ["ada", "ben", "cleo", "dora"]
SAVES_BETWEEN = 12

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]


class Web:
    """The server, started anew after each death of its master."""

    def __init__(self, data: Path, stack: ExitStack) -> None:
        self._data, self._stack = data, stack
        self.port = stack.enter_context(held_port())
        self._server = self._start()

    def _start(self) -> OwnProcess:
        return self._stack.enter_context(web_server(self._data, self.port))

    def kill(self, *, master: bool) -> None:
        workers = workers_of(self._server)
        assert workers
        if master:
            self._server.process.kill()
        for number in workers:
            with suppress(ProcessLookupError):  # it saw its master die, and left
                os.kill(number, signal.SIGKILL)
        if master:
            self._server.process.wait()
            self._server = self._start()


class Reader:
    """One reader who grades a film again and again; what was acknowledged, and what must stand."""

    def __init__(self, address: str, session: str, round_id: int, seed: int) -> None:
        self._address, self._session, self._round = address, session, round_id
        self._draw = random.Random(seed)
        self.reading = 0
        self.acknowledged: dict[uuid.UUID, tuple[str, int]] = {}
        self.stands: dict[str, int] = {}
        self.broken = 0

    def work(self, done: threading.Event) -> None:
        with WebReader(self._address, session=self._session) as web:
            taken = web.take(self._round)["reading"]
            self.reading, sites = taken["id"], taken["sites"]
            while not done.is_set():
                self._grade(web, self._draw.choice(sites), self._draw.choice([0, 1, 2, 3]))

    def _grade(self, web: WebReader, site: str, grade: int) -> None:
        key, mark = uuid.uuid4(), {"grade": grade, "partner": {"grade": 0}}
        for _ in itertools.count():
            try:
                self.acknowledged[web.grade(self.reading, site, mark, key=str(key))] = site, grade
            except httpx2.TransportError:
                self.broken += 1
                time.sleep(0.02)
            else:
                break
        other = facing(site).code
        if grade == BRIDGE or self.stands.get(other) == BRIDGE:
            self.stands[other] = BRIDGE if grade == BRIDGE else 0
        self.stands[site] = grade


def saves(readers: list[Reader]) -> int:
    return sum(len(reader.acknowledged) for reader in readers)


def kill_in_the_middle_of_saves(web: Web, readers: list[Reader], draw: random.Random) -> None:
    """Wait until readers save again, then kill at any moment of it."""
    for number in range(1, KILLS + 1):
        before, deadline = saves(readers), time.monotonic() + 60
        while saves(readers) < before + SAVES_BETWEEN:
            assert time.monotonic() < deadline, f"no grade could be saved after kill {number - 1}"
            time.sleep(0.005)
        time.sleep(draw.uniform(0, 0.03))
        web.kill(master=number % WITH_THE_MASTER == 0)


def test_no_acknowledged_grade_is_lost_and_none_doubled(
    data: Path,
    study: MakeStudy,
    reader: MakeUser,
    signed_in: Callable[[User], Client],
) -> None:
    round_ = study(films=1, readers=READERS).rounds.get()
    done = threading.Event()
    with ExitStack() as stack:
        web = Web(data, stack)
        readers = [
            Reader(
                f"http://127.0.0.1:{web.port}", session_of(signed_in(reader(name))), round_.pk, n
            )
            for n, name in enumerate(READERS)
        ]
        with ThreadPoolExecutor(len(readers)) as clients:
            working = [clients.submit(one.work, done) for one in readers]
            try:
                kill_in_the_middle_of_saves(web, readers, random.Random(5))
            finally:
                done.set()
            for one in working:
                one.result()
    assert sum(one.broken for one in readers) >= KILLS
    for one in readers:
        check(one, round_)


def session_of(client: Client) -> str:
    return client.cookies["sessionid"].value


def check(one: Reader, round_: Round) -> None:
    """The ledger holds what was acknowledged, each key once, and the newest grades stand."""
    events = GradeEvent.objects.filter(reading=one.reading)
    own = events.filter(cause=GradeEvent.Cause.READER)
    kept = [
        (key, (site, grade))
        for key, site, grade in own.values_list("idempotency_key", "site", "grade")
    ]
    assert len(kept) == len(one.acknowledged)
    assert dict(kept) == one.acknowledged
    assert set(events.values_list("idempotency_key", flat=True)) == set(one.acknowledged)
    reading = Reading.objects.get(pk=one.reading, round=round_)
    marks = reader_grades.histories_of([reading])[reading.pk].marks
    assert {site: mark.grade for site, mark in marks.items()} == one.stands
