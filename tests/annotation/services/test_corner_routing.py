"""Routing: what the serving model doubts comes first, test patients never come."""

from collections import Counter
from collections.abc import Callable

import pytest

from annotation.errors import Conflict
from annotation.models import Consensus, ModelVersion, Pregrading, Radiograph, Study
from annotation.services import corner_routing, relabel_batches
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser, Read

Pregraded = Callable[..., None]
HIDDEN = ["L5_INF", "S1_SUP"]
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


@pytest.fixture
def with_a_hidden_disc(
    film: MakeFilm, pregraded: Pregraded, grader: ModelVersion, model_version: MakeModel
) -> Callable[[str], Radiograph]:
    """A film with plausible points of which the model graded all but the last disc."""
    points = model_version("points", task="key_points")

    def make(split: str) -> Radiograph:
        one = film(split=split)
        Pregrading.objects.create(
            radiograph=one, key_points=points, corner_grades=grader, plausible=True
        )
        pregraded(one, grader, p=TORN, without="L5/S1")
        return one

    return make


def test_a_disc_that_the_model_could_not_see_goes_to_the_readers_first(
    study: MakeStudy, with_a_hidden_disc: Callable[[str], Radiograph]
) -> None:
    one, held_out = with_a_hidden_disc("train"), with_a_hidden_disc("test")
    made = study(films=[one, held_out])
    _, corners = corner_routing.ranked_corners(made, size=3, random_share=0.0)
    first = [(c.candidate.film, c.candidate.site, c.reason) for c in corners[:2]]
    assert sorted(first) == [(one.pk, site, "not seen by the model") for site in HIDDEN]
    assert corners[2].reason.startswith("0 vs 1")


def test_a_disc_that_nobody_could_see_is_settled_once_the_readers_agree(
    study: MakeStudy, with_a_hidden_disc: Callable[[str], Radiograph]
) -> None:
    one = with_a_hidden_disc("train")
    made = study(films=[one])
    for site in HIDDEN:
        Consensus.objects.create(
            study=made, radiograph=one, site=site, not_assessable="obscured", rule="agreed"
        )
    assert not {(one.pk, site) for site in HIDDEN} & ranked(made)


@pytest.fixture
def ask_again(
    reader: MakeUser, coordinator: MakeUser, read: Read
) -> Callable[[Study, bool], tuple[int, str]]:
    """Open a batch of the study's most doubtful corner, and read it or not."""

    def ask(made: Study, answered: bool) -> tuple[int, str]:
        version, corners = corner_routing.ranked_corners(made, size=1, random_share=0.0)
        batch = relabel_batches.open_batch(
            study=made,
            corners=corners,
            model_version=version,
            readers=[reader("ada")],
            actor=coordinator(),
        )
        if answered:
            read(batch, reader("ada"))
        return corners[0].candidate.film, corners[0].candidate.site

    return ask


def ranked(made: Study) -> set[tuple[int, str]]:
    _, corners = corner_routing.ranked_corners(made, size=12, random_share=0.0)
    return {(chosen.candidate.film, chosen.candidate.site) for chosen in corners}


def test_a_corner_that_somebody_has_still_to_read_is_not_asked_again(
    study: MakeStudy,
    film: MakeFilm,
    pregraded: Pregraded,
    grader: ModelVersion,
    ask_again: Callable[[Study, bool], tuple[int, str]],
) -> None:
    one, other = film(), film()
    made = study(films=[one, other])
    for each in (one, other):
        pregraded(each, grader, p=TORN)
    assert ask_again(made, False) not in ranked(made)


def test_an_adjudicated_corner_is_not_asked_again(
    study: MakeStudy,
    film: MakeFilm,
    pregraded: Pregraded,
    grader: ModelVersion,
    adjudicator: MakeUser,
) -> None:
    one = film()
    made = study(films=[one])
    pregraded(one, grader, p=TORN)
    Consensus.objects.create(
        study=made,
        radiograph=one,
        site="L1_INF",
        grade=1,
        rule=Consensus.Rule.ADJUDICATED,
        adjudicator=adjudicator(),
    )
    _, corners = corner_routing.ranked_corners(made, size=12, random_share=1.0)
    assert "L1_INF" not in {chosen.candidate.site for chosen in corners}


def test_a_corner_asked_twice_is_not_asked_a_third_time(
    study: MakeStudy,
    film: MakeFilm,
    pregraded: Pregraded,
    grader: ModelVersion,
    ask_again: Callable[[Study, bool], tuple[int, str]],
) -> None:
    one = film()
    made = study(films=[one])
    pregraded(one, grader, p=TORN)
    asked = Counter(ask_again(made, True) for _ in range(24))
    assert set(asked.values()) == {corner_routing.MOST_QUERIES}
    with pytest.raises(Conflict):
        corner_routing.ranked_corners(made, size=1, random_share=0.0)
