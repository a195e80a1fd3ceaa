"""A batch waits for its study once; two at once are a double click, or two coordinators."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.errors import Conflict
from annotation.models import QueriedCorner, Radiograph, Study
from annotation.services import corner_routing, relabel_batches
from tests.annotation.at_once import at_once
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser


@pytest.fixture
def torn(film: MakeFilm, model_version: MakeModel, pregraded: Any) -> Radiograph:
    """A film of which the model cannot settle a corner."""
    own = film()
    pregraded(own, model_version(), p=(0.5, 0.4, 0.1, 0.0))
    return own


@pytest.mark.django_db(transaction=True)
def test_two_batches_at_once_do_not_ask_for_the_same_corners(
    study: MakeStudy,
    torn: Radiograph,
    reader: MakeUser,
    coordinator: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, office, ada = study(films=[torn]), coordinator(), reader("ada")
    first_has_ranked, second_has_ranked = threading.Event(), threading.Event()
    ranked = corner_routing.ranked_corners

    def slowly(*study: Any, **how: Any) -> Any:
        found = ranked(*study, **how)
        if first_has_ranked.is_set():
            second_has_ranked.set()
        first_has_ranked.set()
        second_has_ranked.wait(1)  # it waits for the first, and would not without the lock
        return found

    def opens() -> None:
        relabel_batches.open_ranked(
            study=made, size=4, random_share=0.0, readers=[ada], actor=office
        )

    monkeypatch.setattr(corner_routing, "ranked_corners", slowly)
    at_once(opens, opens)
    assert QueriedCorner.objects.count() == 8
    assert QueriedCorner.objects.values("radiograph", "site").distinct().count() == 8


def test_the_study_is_locked_once(
    study: MakeStudy, torn: Radiograph, reader: MakeUser, coordinator: MakeUser
) -> None:
    made, who = study(films=[torn]), {"readers": [reader("ada")], "actor": coordinator()}
    with CaptureQueriesContext(connection) as asked:
        relabel_batches.open_ranked(study=made, size=4, random_share=0.0, **who)
    locks = [one["sql"] for one in asked if "FOR NO KEY UPDATE" in one["sql"]]
    assert len([one for one in locks if 'FROM "annotation_study"' in one]) == 1


def test_a_closed_study_is_told_before_anything_is_ranked(
    study: MakeStudy, reader: MakeUser, coordinator: MakeUser
) -> None:
    made = study()
    Study.objects.update(is_open=False)
    with pytest.raises(Conflict, match="closed"):
        relabel_batches.open_ranked(
            study=made, size=4, random_share=0.0, readers=[reader("ada")], actor=coordinator()
        )
