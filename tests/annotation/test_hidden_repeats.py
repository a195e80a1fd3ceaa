"""A film that comes twice: its reader cannot tell, and no statistic between readers counts it."""

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from annotation.models import Consensus, Reading, Round, Study
from annotation.services import dataset_export, dataset_snapshots, disc_corrections, round_reads
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser, Read

SignIn = Callable[[User], Client]
# What names a place or a moment, and therefore differs between any two places.
OWN = re.compile(r"readings/\d+|\"(id|position)\": \d+|\"lease_until\": \"[^\"]*\"")


@pytest.fixture
def repeated(study: MakeStudy) -> Study:
    """Two films, the first of each reader's order comes again as the third place."""
    return study(films=2, repeat_share=0.5)


def places(made: Study, name: str = "ada") -> list[Reading]:
    mine = Reading.objects.filter(round__study=made, reader__username=name)
    return list(mine.order_by("position"))


def finish(read: Read, round_: Round, who: User, first: int, again: int) -> None:
    """Read all three places; L3 is graded `first`, and `again` where the film comes again."""
    for at in range(3):
        read(round_, who, grades={"L3_INF": again if at == 2 else first})


def test_a_share_of_the_films_comes_twice(repeated: Study) -> None:
    first, second, third = places(repeated)
    assert [place.arm for place in (first, second, third)] == ["main", "main", "repeat"]
    assert first.radiograph == third.radiograph != second.radiograph


def test_a_visit_comes_again_as_a_whole(study: MakeStudy, film: MakeFilm) -> None:
    """A neck whose back does not follow would tell its reader that it is a repeat."""
    films = [film(region, patient=f"p{n}") for n in range(2) for region in "LC"]
    order = places(study(films=films, repeat_share=0.5))
    assert [place.arm for place in order] == 4 * ["main"] + 2 * ["repeat"]
    assert [place.radiograph for place in order[4:]] == [place.radiograph for place in order[:2]]
    assert "".join(place.radiograph.region for place in order) == "CLCLCL"


def shown(answer: Any) -> str:
    headers = {name: value for name, value in answer.items() if name != "Content-Length"}
    body = answer.json()
    for reading in (body, body.get("reading") or {}):
        reading.pop("upcoming", None)  # another place of the queue, other films ahead
    return OWN.sub("...", json.dumps([answer.status_code, headers, body]))


def test_a_repeat_answers_exactly_as_the_first_time(
    repeated: Study,
    reader: MakeUser,
    signed_in: SignIn,
    model_version: MakeModel,
    pregraded: Callable[..., None],
) -> None:
    versions = model_version("grader"), model_version("points", task="key_points")
    for film in repeated.films.all():
        pregraded(film, *versions)
    client, round_ = signed_in(reader("ada")), repeated.rounds.get()
    walks = []
    for _ in range(3):
        walk = [client.post(f"/api/v1/rounds/{round_.pk}/next")]
        pk = walk[0].json()["reading"]["id"]
        walk.append(client.get(f"/api/v1/readings/{pk}"))
        for site in walk[0].json()["reading"]["sites"]:
            sent = {"idempotency_key": str(uuid.uuid4()), "site": site, "grade": 2}
            client.post(f"/api/v1/readings/{pk}/grades", sent, content_type="application/json")
        moved = {"disc": "L2/L3", "center": [41.5, 50], "anterior": [10, 50]}
        moved["idempotency_key"] = str(uuid.uuid4())
        address = f"/api/v1/readings/{pk}"
        walk.append(client.post(f"{address}/disc_points", moved, content_type="application/json"))
        walk.append(client.get(address))
        key = {"idempotency_key": str(uuid.uuid4())}
        client.post(f"{address}/commit", key, content_type="application/json")
        walks.append([shown(answer) for answer in walk])
    assert walks[0] == walks[2]
    assert "repeat" not in "".join(walks[2])


def test_a_correction_in_the_repeat_does_not_change_what_the_first_read_shows(
    repeated: Study, reader: MakeUser, read: Read, signed_in: SignIn
) -> None:
    round_, ada = repeated.rounds.get(), reader("ada")
    read(round_, ada)
    read(round_, ada)
    client, first = signed_in(ada), places(repeated)[0]
    before = client.get(f"/api/v1/readings/{first.pk}").content
    again = client.post(f"/api/v1/rounds/{round_.pk}/next").json()["reading"]["id"]
    disc_corrections.correct(
        reader=ada,
        reading_id=again,
        key=uuid.uuid4(),
        disc="L2/L3",
        center=(40, 50),
        anterior=(10, 50),
    )
    assert client.get(f"/api/v1/readings/{first.pk}").content == before
    assert b"L2/L3" in client.get(f"/api/v1/readings/{again}").content


def test_a_repeat_enters_nothing_between_readers(
    repeated: Study, reader: MakeUser, read: Read
) -> None:
    round_ = repeated.rounds.get()
    finish(read, round_, reader("ada"), first=1, again=2)
    finish(read, round_, reader("ben"), first=1, again=0)
    held = Consensus.objects.current().filter(site="L3_INF")
    assert [row.grade for row in held] == [1, 1]
    assert not repeated.cases.exists()
    for mine in round_reads.blind_reads(round_).values():
        assert {film.grades["L3_INF"] for film in mine.values()} == {1}
    votes = dataset_snapshots._standing_reads(repeated)
    assert {grade for _, site, grade, *_ in votes if site == "L3_INF"} == {1}
    assert {row["arm"] for row in dataset_export.reads(repeated)} == {"main", "repeat"}


def test_the_coordinator_sees_how_well_a_reader_repeats(
    repeated: Study, reader: MakeUser, read: Read, signed_in: SignIn, coordinator: MakeUser
) -> None:
    finish(read, repeated.rounds.get(), reader("ada"), first=1, again=2)
    office = signed_in(coordinator())
    (repeats,) = office.get(f"/api/v1/studies/{repeated.pk}/agreement").json()["repeats"]
    assert (repeats["reader"], repeats["corners"]) == ("ada", 12)
    assert repeats["confusion"][1][2] == 1
    assert repeats["confusion"][0][0] == 11


def test_repeats_need_blind_reads(study: MakeStudy) -> None:
    with pytest.raises(ValidationError, match="must be read blind"):
        study(films=2, repeat_share=0.5, assist_mode="second_look")
