"""A commit answers with the next place, and neither blinding nor washout gives way for it."""

import uuid
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from annotation.models import Reading, Round
from tests.annotation.api.test_reading_api import LUMBAR, SIGN_IN, grade, send
from tests.annotation.conftest import MakeStudy, MakeUser


def opened(client: Client, round_: Round) -> tuple[Client, dict[str, Any]]:
    """A reader's browser and the first film of a round in it."""
    return client, client.post(f"/api/v1/rounds/{round_.pk}/next").json()["reading"]


def test_a_commit_sent_twice_leads_to_the_same_next_film(
    signed_in: SIGN_IN, reader: MakeUser, study: MakeStudy
) -> None:
    ada, reading = opened(signed_in(reader("ada")), study(films=3).rounds.get())
    for site in LUMBAR:
        grade(ada, reading, site, 0)
    key = str(uuid.uuid4())
    once, twice = (send(ada, reading, "commit", idempotency_key=key).json() for _ in range(2))
    assert once["next"]["reading"]["id"] == twice["next"]["reading"]["id"]
    assert Reading.objects.filter(opened_at__isnull=False).count() == 2


def test_a_commit_takes_the_film_that_the_page_has_gone_on_to(
    signed_in: SIGN_IN, reader: MakeUser, study: MakeStudy
) -> None:
    ada, reading = opened(signed_in(reader("ada")), study(films=3).rounds.get())
    for site in LUMBAR:
        grade(ada, reading, site, 0)
    _, last = reading["upcoming"]
    answer = send(ada, reading, "commit", shown=last["id"]).json()["next"]["reading"]
    assert answer["id"] == last["id"]
    assert (last["state"], answer["state"]) == ("open", "leased")
    opening = {"state", "lease_until", "upcoming"}
    assert {k: v for k, v in answer.items() if k not in opening} == {
        k: v for k, v in last.items() if k not in opening
    }


def test_the_last_commit_says_that_the_round_is_read(
    signed_in: SIGN_IN, reader: MakeUser, study: MakeStudy
) -> None:
    client, last = opened(signed_in(reader("ada")), study(films=1).rounds.get())
    for site in LUMBAR:
        grade(client, last, site, 0)
    coming = send(client, last, "commit").json()["next"]
    assert (coming["reading"], coming["state"]) == (None, "finished")


def test_a_commit_opens_no_film_in_washout(
    signed_in: SIGN_IN, reader: MakeUser, study: MakeStudy, read: Any
) -> None:
    made = study(films=2, washouts=(0, 28))
    long_ago = timezone.now() - timedelta(days=40)
    first = read(made.rounds.get(number=1), reader("ada"))
    Reading.objects.filter(pk=first.pk).update(opened_at=long_ago, committed_at=long_ago)
    read(made.rounds.get(number=1), reader("ada"))
    second = made.rounds.get(number=2)
    client, reading = opened(signed_in(reader("ada")), second)
    for site in LUMBAR:
        grade(client, reading, site, 0)
    coming = send(client, reading, "commit").json()["next"]
    assert (coming["reading"], coming["state"]) == (None, "washout")
    assert Reading.objects.filter(round=second, opened_at__isnull=False).count() == 1


def test_a_grade_asks_the_database_little(
    signed_in: SIGN_IN,
    reader: MakeUser,
    study: MakeStudy,
    django_assert_max_num_queries: Any,
) -> None:
    ada, reading = opened(signed_in(reader("ada")), study(films=1).rounds.get())
    grade(ada, reading, "T12_INF", 0)
    with django_assert_max_num_queries(10):  # with the session, the account and its roles
        grade(ada, reading, "L1_SUP", 0)
