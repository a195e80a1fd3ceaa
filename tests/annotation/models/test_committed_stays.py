"""The database itself keeps a committed read finished, and remembers that a model was seen."""

from typing import Any

import pytest
from django.db import IntegrityError, InternalError, transaction
from django.utils import timezone

from annotation.models import Reading
from tests.annotation.conftest import MakeModel, MakeStudy, MakeUser, Read


@pytest.fixture
def done(study: MakeStudy, reader: MakeUser, read: Read, model_version: MakeModel) -> Reading:
    reading = read(study(films=1).rounds.get(), reader("ada"))
    shown = {
        "model_version_shown": model_version(),
        "points_version_shown": model_version("points", task="key_points"),
    }
    Reading.objects.filter(pk=reading.pk).update(**shown)
    return reading


@pytest.mark.parametrize(
    "change",
    [
        {"committed_at": None},
        {"model_version_shown": None},
        {"points_version_shown": None},
        {"model_version_shown": None, "points_version_shown": None},
        {"lease_until": timezone.now()},
    ],
)
def test_a_committed_reading_is_not_taken_up_again(done: Reading, change: dict[str, Any]) -> None:
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        Reading.objects.filter(pk=done.pk).update(**change)


def test_a_place_that_nobody_has_read_yet_is_not_removed(study: MakeStudy) -> None:
    places = Reading.objects.filter(round__study=study())
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        places.delete()
    assert places.exists()
