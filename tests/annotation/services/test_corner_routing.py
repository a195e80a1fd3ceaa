"""Routing: what the serving model doubts comes first, test patients never come."""

from collections.abc import Callable

import pytest

from annotation.errors import Conflict
from annotation.models import ModelVersion
from annotation.services import corner_routing, studies
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser

Pregraded = Callable[..., None]
SURE, TORN = (0.97, 0.01, 0.01, 0.01), (0.5, 0.46, 0.03, 0.01)


@pytest.fixture
def grader(model_version: MakeModel) -> ModelVersion:
    return model_version("grader")


def test_the_film_that_the_model_doubts_comes_before_the_one_it_is_sure_of(
    study: MakeStudy, film: MakeFilm, pregraded: Pregraded, grader: ModelVersion
) -> None:
    sure, torn = film(), film()
    made = study(films=[sure, torn])
    pregraded(sure, grader, p=SURE)
    pregraded(torn, grader, p=TORN)
    version, corners = corner_routing.ranked_corners(made, size=3, random_share=0.0)
    assert version == grader
    assert {chosen.candidate.film for chosen in corners} == {torn.pk}
    assert all(chosen.reason.startswith("0 vs 1") for chosen in corners)


def test_test_patients_are_never_chosen(
    study: MakeStudy, film: MakeFilm, pregraded: Pregraded, grader: ModelVersion
) -> None:
    held_out, other = film(split="test"), film()
    made = study(films=[held_out, other])
    pregraded(held_out, grader, p=TORN)
    pregraded(other, grader, p=SURE)
    _, corners = corner_routing.ranked_corners(made, size=24, random_share=0.5)
    assert {chosen.candidate.film for chosen in corners} == {other.pk}


def test_a_retired_models_doubts_do_not_count(
    study: MakeStudy, film: MakeFilm, pregraded: Pregraded, model_version: MakeModel
) -> None:
    one = film()
    made = study(films=[one])
    pregraded(one, model_version("old", state="retired"), p=TORN)
    model_version("new")
    with pytest.raises(Conflict, match="not pre-graded by the serving model"):
        corner_routing.ranked_corners(made, size=3, random_share=0.0)


def test_a_corner_asked_twice_is_not_asked_a_third_time(
    study: MakeStudy,
    film: MakeFilm,
    pregraded: Pregraded,
    grader: ModelVersion,
    reader: MakeUser,
    coordinator: MakeUser,
) -> None:
    one = film()
    made = study(films=[one])
    pregraded(one, grader, p=TORN)
    for _ in range(corner_routing.MOST_QUERIES):
        version, corners = corner_routing.ranked_corners(made, size=4, random_share=0.0)
        chosen = [corner for corner in corners if corner.candidate.site == "L1_INF"] or corners[:1]
        first = chosen[0].candidate.site
        studies.relabel_batch(
            study=made,
            corners=chosen,
            model_version=version,
            readers=[reader("ada")],
            actor=coordinator(),
        )
    _, corners = corner_routing.ranked_corners(made, size=12, random_share=0.0)
    asked = corner_routing._times_queried(made)
    assert max(asked.values()) <= corner_routing.MOST_QUERIES
    assert first in {site for _, site in asked}
    done = {site for (_, site), times in asked.items() if times == corner_routing.MOST_QUERIES}
    assert done.isdisjoint({corner.candidate.site for corner in corners})
