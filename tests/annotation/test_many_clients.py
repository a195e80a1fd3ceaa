"""Sixteen real clients read one study at once over HTTP: nothing is held twice, lost or doubled."""

import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.contrib.auth.models import User
from django.test import Client

from annotation.models import AdjudicationCase, Consensus, GradeEvent, Reading, Round
from annotation.services import relabel_batches
from annotation.services.ranking import Candidate, Ranked
from inference.msasss import sites_of
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser
from tests.annotation.web_server import web_server
from tests.ports import held_port
from tests.web_reader import WebReader

CORNERS = 143
READERS = 14
"""Two of them work in two windows at once: sixteen clients, 2,002 places."""
SESSIONS = [n % READERS for n in range(16)]
LUMBAR = [site.code for site in sites_of("L")]
SignedIn = Callable[[User], Client]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]


class Books:
    """What the clients were told, from all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.takers: defaultdict[int, set[str]] = defaultdict(set)
        self.keys: list[uuid.UUID] = []
        self.commits: list[int] = []
        self.takes = 0
        self.judges: defaultdict[int, set[str]] = defaultdict(set)
        self.decisions: list[tuple[int, str]] = []

    def took(self, who: str, reading: dict[str, Any]) -> None:
        with self._lock:
            self.takes += 1
            self.takers[reading["id"]].add(who)

    def judges_now(self, who: str, case: int) -> None:
        with self._lock:
            self.judges[case].add(who)

    def decided(self, who: str, case: int) -> None:
        with self._lock:
            self.decisions.append((case, who))

    def saved(self, key: uuid.UUID) -> None:
        with self._lock:
            self.keys.append(key)

    def committed(self, reading: int) -> None:
        with self._lock:
            self.commits.append(reading)


@pytest.fixture
def batch(
    study: MakeStudy,
    film: MakeFilm,
    reader: MakeUser,
    adjudicator: MakeUser,
    model_version: MakeModel,
    coordinator: MakeUser,
) -> Round:
    """A round of single corners that fourteen readers read each."""
    films = [film(patient=f"p{n}") for n in range(-(-CORNERS // len(LUMBAR)))]
    made = study(
        films=films,
        readers=["one", "two"],
        adjudicators=[adjudicator(f"judge {n}") for n in range(READERS)],
    )
    corners = [
        Candidate(patient="p", film=one.pk, site=site, p=(0.4, 0.4, 0.2, 0.0))
        for one in films
        for site in LUMBAR
    ]
    return relabel_batches.open_batch(
        study=made,
        corners=[Ranked(corner, 0.5, "a reason", "ranked", 0.5) for corner in corners[:CORNERS]],
        model_version=model_version(),
        readers=[reader(f"reader {n}") for n in range(READERS)],
        actor=coordinator(),
    )


@pytest.fixture
def address(data: Path, db: None) -> Iterator[str]:
    with held_port() as port, web_server(data, port):
        yield f"http://127.0.0.1:{port}"


def read(client: WebReader, who: str, grade: int, round_id: int, books: Books) -> None:
    """One window to the end of the round; the other window of the same reader may be faster."""
    reading = client.take(round_id)["reading"]
    while reading:
        books.took(who, reading)
        try:
            books.saved(client.grade(reading["id"], reading["sites"][0], {"grade": grade}))
            answer = client.commit(reading["id"])
        except httpx2.HTTPStatusError as refused:
            if said(refused) != "already_committed":
                raise
            answer = {"next": client.take(round_id)}
        else:
            books.committed(reading["id"])
        reading = answer["next"]["reading"]


def judge(client: WebReader, who: str, study: int, books: Books) -> None:
    """One window until nothing is left; the other window of the same judge may be faster."""
    while case := client.send(f"studies/{study}/adjudication/next").json()["case"]:
        books.judges_now(who, case["id"])
        try:
            client.decide(case["id"], {"grade": 1, "findings": ["erosion"]})
        except httpx2.HTTPStatusError as refused:
            if said(refused) != "already_decided":
                raise
        else:
            books.decided(who, case["id"])


def said(refused: httpx2.HTTPStatusError) -> str:
    name: str = refused.response.json()["error"]["name"]
    return name


def test_sixteen_clients_take_2000_places_and_judge_what_differs(
    batch: Round, address: str, signed_in: SignedIn, reader: MakeUser, adjudicator: MakeUser
) -> None:
    books = Books()

    def session(account: User) -> str:
        return signed_in(account).cookies["sessionid"].value

    def reads(n: int, key: str) -> None:
        with WebReader(address, session=key) as client:
            read(client, f"reader {n}", n % 3, batch.pk, books)

    def judges(n: int, key: str) -> None:
        with WebReader(address, session=key) as client:
            judge(client, f"judge {n}", batch.study_id, books)

    with ThreadPoolExecutor(len(SESSIONS)) as clients:
        list(clients.map(reads, SESSIONS, [session(reader(f"reader {n}")) for n in SESSIONS]))
        keys = [session(adjudicator(f"judge {n}")) for n in SESSIONS]
        list(clients.map(judges, SESSIONS, keys))
    check_places(batch, books)
    check_grades(books)
    check_decisions(batch, books)


def check_places(batch: Round, books: Books) -> None:
    assert books.takes >= 2_000
    assert len(books.takers) == READERS * CORNERS
    owners = dict(batch.readings.values_list("pk", "reader__username"))
    assert {place: {owner} for place, owner in owners.items()} == dict(books.takers)
    assert not [place for place, times in Counter(books.commits).items() if times > 1]
    assert set(books.commits) == set(owners)
    assert batch.readings.committed().count() == READERS * CORNERS


def check_grades(books: Books) -> None:
    """What was acknowledged is what is kept, each once, under its own reader's grade."""
    kept = list(GradeEvent.objects.values_list("idempotency_key", flat=True))
    assert sorted(kept) == sorted(books.keys)
    for event in GradeEvent.objects.select_related("reading__reader"):
        assert event.grade == int(event.reading.reader.username.split()[1]) % 3


def check_decisions(batch: Round, books: Books) -> None:
    """Grades 0, 1 and 2 on every corner: each was in one adjudicator's hand and decided once."""
    assert AdjudicationCase.objects.count() == len(books.judges) == CORNERS
    assert {len(judges) for judges in books.judges.values()} == {1}
    rows = Consensus.objects.filter(study=batch.study_id, rule=Consensus.Rule.ADJUDICATED)
    kept = rows.values_list("case", "adjudicator__username")
    assert sorted(kept) == sorted(books.decisions)
    assert len(books.decisions) == CORNERS
    assert not Reading.objects.filter(round=batch, lease_until__isnull=False).exists()
