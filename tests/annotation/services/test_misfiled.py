"""What the network finds misfiled is set aside, but never under a study."""

import pytest

from annotation.models import StudyFilm
from annotation.services.quarantine import set_aside_misfiled
from annotation.services.studies import Design
from inference.film_content import Shown
from tests.annotation.conftest import MakeFilm, MakeUser
from tests.annotation.services.study_at_once import while_a_study_is_made

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
    own = film()

    def a_worker_finds_it_misfiled() -> None:
        assert set_aside_misfiled({own.pk: NO_SPINE}) == set()

    while_a_study_is_made(
        Design(name="Now", readers=[reader()]),
        by=admin(),
        meanwhile=a_worker_finds_it_misfiled,
        monkeypatch=monkeypatch,
    )
    assert StudyFilm.objects.get().radiograph.state == "ready"
