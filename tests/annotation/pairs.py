"""Places of films that are read together, as tests look at them and read them."""

import uuid
from collections import defaultdict
from typing import Any

from django.contrib.auth.models import User

from annotation.models import Reading, Study
from annotation.services import reader_commit, reader_grades, reading_queue
from annotation.services.ledger import Mark


def places(made: Study, name: str, number: int = 1) -> list[list[Reading]]:
    """The reader's places of a round, each with its readings by slot."""
    found: dict[int, list[Reading]] = defaultdict(list)
    mine = Reading.objects.filter(round__study=made, round__number=number, reader__username=name)
    for reading in mine.select_related("radiograph__visit").order_by("position", "slot"):
        found[reading.position].append(reading)
    return list(found.values())


def dates(place: list[Reading]) -> list[Any]:
    return [reading.radiograph.visit.date for reading in place]


def read_place(made: Study, reader: User, grades: dict[str, int] | None = None) -> list[Reading]:
    taken = reading_queue.take_next(reader=reader, round_id=made.rounds.order_by("number")[0].pk)
    assert taken.place
    place = list(taken.place)
    for reading in place:
        for site in reading.sites:
            mark = Mark(grade=(grades or {}).get(site, 0))
            reader_grades.grade(
                reader=reader, reading_id=reading.pk, key=uuid.uuid4(), site=site, mark=mark
            )
    reader_commit.commit(reader=reader, reading_id=place[-1].pk, key=uuid.uuid4())
    return place


def held_pair(made: Study, reader: User) -> list[Reading]:
    """The reader's place in hand, film A and film B."""
    taken = reading_queue.take_next(reader=reader, round_id=made.rounds.get().pk)
    assert taken.place
    return list(taken.place)
