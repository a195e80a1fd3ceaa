"""Films of a study: by question to the archive or by list."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from annotation.errors import BadInput
from annotation.models import Centre, Radiograph
from annotation.services.study_films import (
    EVERY_FILM,
    FilmChoice,
    Found,
    Offered,
    chosen,
    fitting,
    found,
)
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy


@pytest.fixture
def archive(
    film: MakeFilm, model_version: MakeModel, pregraded: Callable[..., None], study: MakeStudy
) -> dict[str, Radiograph]:
    """Four films, each alone in something."""
    films = {
        "neck": film(region="C"),
        "elsewhere": film(scanner="Axiom"),
        "late": film(day=4000),
        "graded": film(),
    }
    elsewhere = films["elsewhere"].visit.patient
    elsewhere.centre = Centre.objects.create(name="another-centre")
    elsewhere.save()
    pregraded(films["graded"], model_version())
    study(films=[films["graded"]])
    film(state="quarantined", reason="It has to be looked at.")
    return films


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({}, {"neck", "elsewhere", "late", "graded"}),
        ({"region": "C"}, {"neck"}),
        ({"centres": ["another-centre"]}, {"elsewhere"}),
        ({"centres": ["another-centre", "a-centre"], "region": "C"}, {"neck"}),
        ({"scanners": ["Axiom"]}, {"elsewhere"}),
        ({"predicted": True}, {"graded"}),
        ({"predicted": False}, {"neck", "elsewhere", "late"}),
        ({"visited_from": date(2010, 1, 1)}, {"late"}),
        ({"visited_to": date(2001, 2, 3)}, {"neck", "elsewhere", "graded"}),
        ({"visited_to": date(2001, 2, 2)}, set()),
        ({"unread": True}, {"neck", "elsewhere", "late"}),
        ({"unread": True, "predicted": True}, set()),
    ],
)
def test_films_that_fit_everything_that_is_asked(
    archive: dict[str, Radiograph], choice: dict[str, Any], expected: set[str]
) -> None:
    found = set(fitting(FilmChoice(**choice)))
    assert found == {archive[name] for name in expected}


def test_a_list_must_fit_the_question_too(archive: dict[str, Radiograph]) -> None:
    neck, late = archive["neck"].pk, archive["late"].pk
    assert chosen(EVERY_FILM, [late, neck]) == sorted([neck, late])
    with pytest.raises(BadInput, match=f"not of this choice: {late}"):
        chosen(FilmChoice(region="C"), [late, neck])
    with pytest.raises(BadInput, match="No ready film fits"):
        chosen(FilmChoice(scanners=["none of these"]), None)


def test_a_choice_is_counted_before_a_study_is_made_of_it(
    archive: dict[str, Radiograph], film: MakeFilm
) -> None:
    film(patient=archive["late"].visit.patient.pseudonym, scanner="Axiom", region="C")
    lumbar = found(FilmChoice(region="L"), "single")
    assert (lumbar.films, lumbar.patients, lumbar.places) == (3, 3, 3)
    assert lumbar.centres == [Offered("a-centre", 4), Offered("another-centre", 1)]
    assert Offered("Axiom", 2) in lumbar.scanners
    assert found(FilmChoice(region="L"), "paired_known").places == 0  # no second time point
    nothing = found(FilmChoice(scanners=["none of these"]), "single")
    assert nothing == Found(0, 0, 0, lumbar.centres, lumbar.scanners)
