"""A study takes its film at the moment when somebody else does something with it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from annotation.services import studies, study_films
from annotation.services.studies import Design
from annotation.services.study_films import Spine


def while_a_study_is_made(
    design: Design, *, by: User, meanwhile: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Make the study, and do `meanwhile` in another thread once its films are chosen and locked."""
    spines = study_films.spines
    has_films, wants_it = threading.Event(), threading.Event()

    def slowly(*chosen: Any) -> list[Spine]:
        has_films.set()
        wants_it.wait(1)  # the other waits for our lock, and would not without it
        return spines(*chosen)

    def study_is_made() -> None:
        studies.create(design=design, actor=by)

    def other_work() -> None:
        has_films.wait()
        meanwhile()
        wants_it.set()

    def closing(work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            connection.close()

    monkeypatch.setattr(study_films, "spines", slowly)
    with ThreadPoolExecutor(2) as clients:
        list(clients.map(closing, (study_is_made, other_work)))
