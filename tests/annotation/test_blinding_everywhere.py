"""Every route of the program, by every method, with every id that exists, as one reader.

Markers are planted as in `test_blinding`; here nobody chooses the doors: they come from the URL
resolver, so that a route added tomorrow is searched too.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import get_resolver

from annotation.models import Radiograph, Reading, Round, Study
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser
from tests.annotation.pairs import held_pair, read_place
from tests.annotation.test_blinding import HIDDEN
from tests.test_every_route_refuses_strangers import walk

METHODS = ("GET", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
DAY, LATER = 1993, 1993 + 1717
INTERVAL = '"days":1717'
OF_THE_MODEL = {"the model's name": "marker-grader", "the model's probability": "0.1234"}
# A body in which every field that a door may ask for is there.
BODY = {
    "idempotency_key": "5f0f0d2e-58f5-4c3e-9a55-2f0d3a4c1b6e",
    "site": "L1_INF",
    "grade": 2,
    "towards": "caudal",
    "disc": "L2/L3",
    "center": [40, 50],
    "anterior": [10, 50],
}


def ids() -> list[int]:
    """What a reader could guess at: own places, open and not, another's, films, studies, rounds."""
    readings = Reading.objects.all()
    kinds: tuple[Any, ...] = (
        readings.of(User.objects.get(username="ada")).filter(opened_at__isnull=False),
        readings.of(User.objects.get(username="ada")).filter(opened_at__isnull=True),
        readings.filter(reader__username="marker-ben"),
        Round.objects.all(),
        Study.objects.all(),
        Radiograph.objects.all(),
    )
    return sorted({pk for kind in kinds for pk in kind.values_list("pk", flat=True)[:1]})


def doors() -> Iterator[tuple[str, str]]:
    """Every method that a route knows, and its address with every id in the place of an id."""
    texts = {"uid": "1.2.3", "table": "reads", "form": "csv"}
    for pattern, entry in walk(get_resolver()):
        if pattern.startswith("admin/"):
            continue  # closed to readers by a test of its own
        view = getattr(entry.callback, "view_class", None)
        known = [verb for verb in METHODS if hasattr(view, verb.lower())] or ["GET"]
        filled = re.sub(r"<str:(\w+)>", lambda found: texts[found[1]], pattern)
        numbers = len(re.findall(r"<int:\w+>", filled))
        for chosen in itertools.product(ids(), repeat=numbers):
            taken = iter(chosen)
            address = "/" + re.sub(r"<int:\w+>", lambda _, t=taken: str(next(t)), filled)
            yield from ((verb, address) for verb in known)


def leaks(client: Client, hidden: dict[str, str]) -> list[tuple[str, str, str]]:
    """Call everything and search every byte of every answer, headers included."""
    found = []
    for method, address in doors():
        if (method, address) == ("DELETE", "/api/v1/session"):
            continue  # signs out
        answer = client.generic(method, address, json.dumps(BODY), "application/json")
        seen = b"".join(answer) if answer.streaming else answer.content
        said = str(seen) + "".join(f"{name}: {value}\n" for name, value in answer.items())
        found += [(method, address, what) for what, mark in hidden.items() if mark in said]
    return found


@pytest.fixture
def time_points(film: MakeFilm) -> list[Radiograph]:
    """Two films of one patient, and pictures of both; the later one is made first."""
    made = [
        film(
            patient="marker-patient",
            day=day,
            scanner="marker-scanner",
            sop_uid=f"marker-sop-{day}",
            pixel_sha256=f"feedfacefeedface{day}",
        )
        for day in (LATER, DAY)
    ]
    for one in made:
        one.picture_path.parent.mkdir(parents=True, exist_ok=True)
        one.picture_path.write_bytes(b"pixels")
        one.preview_path.write_bytes(b"pixels")
    return made


@pytest.fixture
def of_mode(
    time_points: list[Radiograph],
    study: MakeStudy,
    reader: MakeUser,
    model_version: MakeModel,
    pregraded: Callable[..., None],
) -> MakeStudy:
    """``of_mode("paired_blinded", "blind")``: ben has read all, ada holds her first place."""

    def make(chronology: str, assist_mode: str) -> Study:
        grader = model_version("marker-grader")
        for one in time_points:
            pregraded(one, grader, p=(0.1234, 0.2345, 0.3456, 0.2965))
        made = study(
            films=time_points,
            readers=["ada", "marker-ben"],
            chronology=chronology,
            assist_mode=assist_mode,
        )
        for _ in range(2 if chronology == "single" else 1):
            read_place(made, reader("marker-ben"), {"L3_INF": 2})
        held_pair(made, reader("ada"))
        return made

    return make


@pytest.mark.parametrize(
    ("chronology", "assist_mode"), [("single", "second_look"), ("paired_blinded", "blind")]
)
def test_no_route_tells_who_else_reads_what_the_model_says_or_what_came_first(
    of_mode: MakeStudy,
    reader: MakeUser,
    signed_in: Callable[[User], Client],
    chronology: str,
    assist_mode: str,
) -> None:
    of_mode(chronology, assist_mode)
    hidden = HIDDEN | {"the interval": INTERVAL, "the later date": "2011-"}
    assert leaks(signed_in(reader("ada")), hidden) == []


def test_known_order_tells_the_interval_and_no_date(
    of_mode: MakeStudy, reader: MakeUser, signed_in: Callable[[User], Client]
) -> None:
    of_mode("paired_known", "blind")
    hidden = HIDDEN | {"the interval": INTERVAL, "the later date": "2011-"}
    found = {what for *_, what in leaks(signed_in(reader("ada")), hidden)}
    assert found == {"the interval"}


def test_beside_the_model_nothing_else_comes_into_sight(
    of_mode: MakeStudy, reader: MakeUser, signed_in: Callable[[User], Client]
) -> None:
    of_mode("single", "concurrent")
    found = leaks(signed_in(reader("ada")), HIDDEN)
    assert {what for *_, what in found} == set(OF_THE_MODEL)
    # Only the film in hand shows them: not the one that comes next, and no other reader's.
    mine = Reading.objects.of(reader("ada"))
    unopened = mine.filter(opened_at__isnull=True)
    others = Reading.objects.exclude(reader=reader("ada"))
    for pk in (*unopened.values_list("pk", flat=True), *others.values_list("pk", flat=True)):
        assert not any(f"/{pk}" in address for _, address, _ in found)


def test_the_order_of_a_pair_cannot_be_told_from_slots_or_ids(
    study: MakeStudy, film: MakeFilm
) -> None:
    """Over many pairs the earlier film is as often A as B, and its id as often the smaller one."""
    films = [film(patient=f"p{n}", day=day) for n in range(60) for day in (0, 800)]
    made = study(films=films, readers=["ada"], chronology="paired_blinded")
    first = {one.pk: one.visit.date for one in films}
    earlier_is_a, earlier_is_smaller = 0, 0
    for lead in Reading.objects.filter(round__study=made).places():
        a, b = Reading.objects.place_of(lead)
        earlier, later = sorted((a, b), key=lambda one: first[one.radiograph_id])
        earlier_is_a += earlier.slot == 1
        earlier_is_smaller += earlier.pk < later.pk
    # Sixty fair coins: outside of 12 to 48 once in a million.
    assert 12 <= earlier_is_a <= 48
    assert 12 <= earlier_is_smaller <= 48
