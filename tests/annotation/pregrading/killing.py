"""A worker whose grader is killed by one film, as by the system when memory runs out.

``python -m tests.annotation.pregrading.killing JOB FILM``
"""

import os
import signal
import sys
from collections.abc import Sequence

import django

django.setup()

from annotation import tasks  # noqa: E402  # Django is set up first
from inference.point_finder import Film  # noqa: E402
from tests.annotation.pregrading.conftest import FakeGrader, Prediction  # noqa: E402


class Killed(FakeGrader):
    """By the film whose picture holds its number."""

    def grade_films(self, films: Sequence[Film]) -> list[Prediction]:
        if any(film.pixels[0, 0] == int(sys.argv[2]) for film in films):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().grade_films(films)


tasks._grader = lambda *versions: Killed()
tasks.pregrade(int(sys.argv[1]))
