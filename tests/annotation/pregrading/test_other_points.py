"""The same grader at other points: a promotion and a roll-back of the network that finds them."""

from collections.abc import Callable

import pytest

from annotation.api import reading_shown
from annotation.models import CornerPrediction, Job, ModelVersion, Radiograph, Reading
from annotation.services import key_points, model_versions, reading_queue
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser
from tests.annotation.pregrading.conftest import FakeGrader

HEALTHY = (0.9, 0.1, 0.0, 0.0)
BRIDGED = (0.0, 0.0, 0.1, 0.9)


@pytest.fixture
def graded_film(
    pictured: MakeFilm,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    all_films: Callable[[], Job],
) -> Radiograph:
    """A film that the first finder's points have as healthy."""
    film = pictured()
    grader.says, grader.at = HEALTHY, 10.0
    all_films()
    return film


@pytest.fixture
def promote_points(
    serving: dict[str, ModelVersion],
    model_version: MakeModel,
    all_films: Callable[[], Job],
) -> Callable[[], Job]:
    """Promote another finder of points beside the same grader, and pre-grade as then happens."""

    def make() -> Job:
        ModelVersion.objects.filter(task="key_points").update(state="retired")
        model_version("better points", task="key_points")
        return all_films()

    return make


def shown(film: Radiograph) -> set[float]:
    """P(bridge) of what the serving versions say of a film."""
    rows = CornerPrediction.objects.serving().filter(radiograph=film)
    return set(rows.values_list("p3", flat=True))


def test_other_points_give_other_grades_and_the_old_ones_stay(
    graded_film: Radiograph, grader: FakeGrader, promote_points: Callable[[], Job]
) -> None:
    grader.says = BRIDGED
    promote_points()
    assert shown(graded_film) == {BRIDGED[3]}
    assert CornerPrediction.objects.filter(radiograph=graded_film).count() == 24


def test_until_a_film_is_graded_at_the_new_points_no_grade_is_shown(
    graded_film: Radiograph, model_version: MakeModel
) -> None:
    ModelVersion.objects.filter(task="key_points").update(state="retired")
    model_version("better points", task="key_points")
    assert shown(graded_film) == set()


def test_a_film_that_the_new_finder_doubts_keeps_no_grade_of_the_old_points(
    graded_film: Radiograph, grader: FakeGrader, promote_points: Callable[[], Job]
) -> None:
    grader.doubtful = "The discs may be counted one level too high or too low."
    assert promote_points().result["implausible"] == 1
    assert shown(graded_film) == set()


def test_a_roll_back_brings_back_the_points_and_the_grades_at_them(
    graded_film: Radiograph,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    promote_points: Callable[[], Job],
    admin: MakeUser,
) -> None:
    grader.says, grader.at = BRIDGED, 20.0
    promote_points()
    assert {one.anterior[0] for one in key_points.current(graded_film).values()} == {20.0}
    model_versions.promote(version_id=serving["key_points"].pk, actor=admin())
    assert {one.anterior[0] for one in key_points.current(graded_film).values()} == {10.0}
    assert shown(graded_film) == {HEALTHY[3]}


def test_a_reading_goes_on_showing_the_grades_that_it_began_with(
    graded_film: Radiograph,
    serving: dict[str, ModelVersion],
    grader: FakeGrader,
    promote_points: Callable[[], Job],
    study: MakeStudy,
    reader: MakeUser,
) -> None:
    made = study(films=[graded_film], assist_mode="concurrent")
    taken = reading_queue.take_next(reader=reader("ada"), round_id=made.rounds.get().pk).reading
    assert taken is not None
    grader.says = BRIDGED
    promote_points()
    again = reading_queue.take_next(reader=reader("ada"), round_id=made.rounds.get().pk).reading
    assert again is not None
    assert (again.pk, again.points_version_shown) == (taken.pk, serving["key_points"])
    assert {p[3] for p in model_grades(again)} == {HEALTHY[3]}


def model_grades(reading: Reading) -> list[list[float]]:
    """The probabilities that the page of a reading shows."""
    told = reading_shown.model_out(reading)
    assert told is not None
    return [corner["p"] for corner in told["corners"].values()]
