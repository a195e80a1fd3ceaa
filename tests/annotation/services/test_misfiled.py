"""What the network finds misfiled is set aside, but never under a study."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from annotation.models import StudyFilm
from annotation.services import studies, study_films
from annotation.services.quarantine import set_aside_misfiled
from annotation.services.studies import Design
from annotation.services.study_films import Spine
from inference.film_content import Shown
from tests.annotation.conftest import MakeFilm, MakeUser

NO_SPINE = Shown(None, None, "up")


def test_a_new_film_of_something_else_is_set_aside(film: MakeFilm) -> None:
    own = film()
    assert set_aside_misfiled({own.pk: NO_SPINE}) == {own.pk}
    own.refresh_from_db()
    assert own.state == "quarantined"


@pytest.mark.django_db(transaction=True)
def test_a_study_that_takes_a_film_at_that_moment_keeps_it(
    film: MakeFilm, admin: MakeUser, reader: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, design, spines = film(), Design(name="Now", readers=[reader()]), study_films.spines
    has_films, wants_it = threading.Event(), threading.Event()

    def slowly(*chosen: Any) -> list[Spine]:
        has_films.set()
        wants_it.wait(1)  # the other waits for our lock, and would not without it
        return spines(*chosen)

    def study_is_made() -> None:
        studies.create(design=design, actor=admin())

    def a_worker_finds_it_misfiled_meanwhile() -> None:
        has_films.wait()
        assert set_aside_misfiled({own.pk: NO_SPINE}) == set()
        wants_it.set()

    def closing(work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            connection.close()

    monkeypatch.setattr(study_films, "spines", slowly)
    with ThreadPoolExecutor(2) as clients:
        list(clients.map(closing, (study_is_made, a_worker_finds_it_misfiled_meanwhile)))
    assert StudyFilm.objects.get().radiograph.state == "ready"
