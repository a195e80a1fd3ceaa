"""What a new film shows, as the networks see it, against what it is filed as."""

from collections.abc import Callable

import pytest

from annotation.models import (
    AuditRecord,
    DiscPoint,
    Job,
    ModelVersion,
    Pregrading,
    Radiograph,
)
from annotation.services import quarantine
from inference.film_content import NO_SPINE, Shown
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser
from tests.annotation.pregrading.conftest import FakeGrader


def test_a_film_that_shows_no_spine_goes_to_a_person_before_anything_is_stored(
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    all_films: Callable[[], Job],
) -> None:
    film = pictured()
    grader.doubtful, grader.shows = "No spine.", Shown(None, None, "up")
    job = all_films()
    film.refresh_from_db()
    assert (film.state, film.reason) == ("quarantined", NO_SPINE)
    assert (job.result["pregraded"], job.result["quarantined"]) == (0, 1)
    assert job.message == "Films pre-graded: 0; for a person: 0; in quarantine: 1."
    assert not Pregrading.objects.exists()
    assert not DiscPoint.objects.exists()
    assert AuditRecord.objects.get(action="radiograph.quarantined").detail == {"reason": NO_SPINE}


def test_what_a_person_let_in_is_graded_whatever_the_network_sees(
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    all_films: Callable[[], Job],
    admin: MakeUser,
) -> None:
    film = pictured()
    grader.shows = Shown("C", None, "up")
    all_films()
    quarantine.accept(radiograph=film.pk, region="L", actor=admin())
    assert all_films().result.items() >= {"pregraded": 1, "quarantined": 0}.items()
    film.refresh_from_db()
    assert film.state == "ready"


def test_the_film_of_a_study_and_one_that_was_graded_before_stay(
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    model_version: MakeModel,
    grader: FakeGrader,
    all_films: Callable[[], Job],
    study: MakeStudy,
) -> None:
    graded = pictured()
    all_films()
    read = pictured()
    study(films=[read])
    ModelVersion.objects.filter(pk=serving["key_points"].pk).update(state="retired")
    model_version("newer", task="key_points")
    grader.shows = Shown(None, None, "up")
    assert all_films().result.items() >= {"pregraded": 2, "quarantined": 0}.items()
    assert Radiograph.objects.ready().filter(pk__in=[read.pk, graded.pk]).count() == 2


@pytest.mark.parametrize(("header", "kept"), [("", "right"), ("right", "right")])
def test_the_facing_is_the_pictures_where_the_header_is_silent(
    header: str,
    kept: str,
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    all_films: Callable[[], Job],
) -> None:
    film = pictured()
    Radiograph.objects.filter(pk=film.pk).update(facing=header)
    grader.shows = Shown("L", "right", "up")
    all_films()
    film.refresh_from_db()
    assert (film.state, film.facing) == ("ready", kept)


def test_a_film_mirrored_against_its_header_goes_to_a_person(
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    all_films: Callable[[], Job],
) -> None:
    film = pictured()
    Radiograph.objects.filter(pk=film.pk).update(facing="left")
    grader.shows = Shown("L", "right", "up")
    all_films()
    film.refresh_from_db()
    assert film.state == "quarantined"
    assert "mirror the film if it is mirrored" in film.reason
