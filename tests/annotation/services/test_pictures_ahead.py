"""Whose picture a reader may fetch: of what was opened, and of what comes next."""

from typing import Any

import pytest
from django.utils import timezone

from annotation.errors import NotFound
from annotation.models import Reading
from annotation.services import reading_queue, worklist
from tests.annotation.conftest import MakeStudy, MakeUser


def test_only_the_next_two_places_are_shown_ahead(study: MakeStudy, reader: MakeUser) -> None:
    ada, round_ = reader("ada"), study(films=4).rounds.get()
    first = reading_queue.take_next(reader=ada, round_id=round_.pk).reading
    assert first is not None
    coming = reading_queue.upcoming(first)
    assert [[one.position for one in place] for place in coming] == [[2], [3]]
    for (one,) in coming:
        assert reading_queue.film_visible_to(ada, one.pk) == one
    fourth = Reading.objects.get(round=round_, reader=ada, position=4)
    with pytest.raises(NotFound):
        reading_queue.film_visible_to(ada, fourth.pk)


def test_a_place_that_is_opened_while_its_picture_is_asked_for_is_seen(
    study: MakeStudy, reader: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, round_ = reader("ada"), study(films=2).rounds.get()
    coming = Reading.objects.get(round=round_, reader=ada, position=1)
    places = worklist.unopened

    def opened_meanwhile(*asked: Any) -> Any:
        found = places(*asked)
        Reading.objects.filter(pk=coming.pk).update(opened_at=timezone.now())
        return found

    monkeypatch.setattr(worklist, "unopened", opened_meanwhile)
    assert reading_queue.film_visible_to(ada, coming.pk) == coming
