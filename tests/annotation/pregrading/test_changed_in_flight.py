"""A film that is changed while a worker has it: what is stored is of the film as it is now."""

from collections.abc import Callable
from typing import Any

import pytest

from annotation.models import CornerPrediction, DiscPoint, Job, ModelVersion, Pregrading
from annotation.services import jobs, quarantine
from inference.correction import Correction
from inference.film_content import Shown
from tests.annotation.conftest import MakeFilm, MakeUser
from tests.annotation.pregrading.conftest import FakeGrader


@pytest.mark.parametrize(
    "decision",
    [
        {"region": "L", "correction": Correction(turned=1)},
        {"region": "C", "correction": Correction()},
    ],
    ids=["another picture", "another region"],
)
def test_a_film_that_was_let_in_otherwise_meanwhile_is_graded_as_it_is_now(
    decision: dict[str, Any],
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    all_films: Callable[[], Job],
    admin: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By another worker's finding and a person's decision."""
    film, other = pictured(width=40, height=60), pictured()
    renew = jobs.renew

    def decided(job: Job, **how: Any) -> None:
        if not film.let_in:
            quarantine.set_aside_misfiled({film.pk: Shown(None, None, "up")})
            quarantine.accept(radiograph=film.pk, actor=admin(), **decision)
            film.refresh_from_db()
        renew(job, **how)

    monkeypatch.setattr(jobs, "renew", decided)  # between the networks and the store
    assert all_films().result["pregraded"] == 1
    assert Pregrading.objects.get().radiograph == other
    assert not DiscPoint.objects.filter(radiograph=film).exists()
    assert all_films().result["pregraded"] == 1
    points = DiscPoint.objects.filter(radiograph=film)
    assert {(one.center_x, one.center_y) for one in points} == {(film.width / 2, film.height / 2)}
    assert {one.disc[0] for one in points.exclude(disc="T12/L1")} == {film.region}
    sites = CornerPrediction.objects.filter(radiograph=film).values_list("site", flat=True)
    assert (len(sites), "C2_INF" in sites) == (12, film.region == "C")
