"""``manage.py pregrade``: what is refused, and what a person reads in the terminal."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from annotation import tasks
from annotation.models import Job, Radiograph
from tests.annotation.conftest import MakeFilm, MakeModel
from tests.annotation.pregrading.conftest import FakeGrader

LOST = "The picture is lost: restore it from the backup."


@pytest.fixture
def film_without_picture(
    film: MakeFilm, model_version: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> Radiograph:
    monkeypatch.setattr(tasks, "_grader", lambda *weights: FakeGrader())
    for task in ("key_points", "corner_grades"):
        model_version(task, task=task)
    return film()


def said(*arguments: str) -> str:
    output = io.StringIO()
    call_command("pregrade", *arguments, stdout=output)
    return output.getvalue()


@pytest.mark.parametrize("state", ["unknown", "quarantined", "discarded"])
def test_a_film_that_cannot_be_graded_is_refused_and_nothing_is_queued(
    film: MakeFilm, state: str
) -> None:
    good, odd = film(), film() if state == "unknown" else film(state=state, reason="Which region?")
    number = odd.pk + 1000 if state == "unknown" else odd.pk
    sentence = rf"No film that can be graded has the number {number}\. Nothing was started"
    with pytest.raises(CommandError, match=sentence):
        said("--radiograph", str(good.pk), str(number), "--json")
    assert not Job.objects.exists()


def test_every_film_that_failed_is_named_with_its_sentence(
    film_without_picture: Radiograph,
) -> None:
    number = film_without_picture.pk
    assert f"Film {number}: {LOST}" in said("--all").splitlines()
    twice = ("--radiograph", str(number), "--radiograph", str(number))
    assert json.loads(said(*twice, "--json"))["failed"] == [{"radiograph": number, "reason": LOST}]


def test_without_a_model_the_command_ends_with_a_sentence(film: MakeFilm) -> None:
    film()
    with pytest.raises(CommandError, match="install_starter_weights"):
        said("--all")
