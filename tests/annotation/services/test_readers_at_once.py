"""A reader commits at the moment when somebody else asks or does something about the same films."""

import threading
import uuid
from typing import Any

import pytest
from django.db import transaction

from annotation.errors import BadInput, DesignFixed
from annotation.models import GradeEvent
from annotation.services import (
    consensus,
    design_changes,
    imported_reads,
    level_corrections,
    reader_commit,
    reader_grades,
    reading_queue,
    study_progress,
    worklist,
)
from annotation.services.ledger import Mark
from inference.msasss import sites_of
from tests.annotation.at_once import at_once
from tests.annotation.conftest import MakeStudy, MakeUser, Read


@pytest.mark.django_db(transaction=True)
def test_a_worklist_that_is_looked_at_during_the_last_commit_knows_of_no_washout(
    study: MakeStudy, reader: MakeUser, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither open nor counted as read, the last place would look as if it had yet to come."""
    ada, round_ = reader("ada"), study(films=1).rounds.get()
    is_read, counted, is_committed = (threading.Event() for _ in range(3))
    opened, commit = worklist.opened, reader_commit.commit

    def slowly(mine: Any) -> Any:
        if not is_read.is_set():
            return opened(mine)  # of the reader, who takes the place
        counted.set()
        is_committed.wait(1)  # it waits for us, and would not without the lock
        return opened(mine)

    def looks() -> worklist.State:
        is_read.wait(30)
        [found] = worklist.rounds_of(ada)
        return found.state

    def commits() -> None:
        read(round_, ada)
        is_committed.set()

    def when_counted(**how: Any) -> Any:
        is_read.set()
        counted.wait(30)
        return commit(**how)

    monkeypatch.setattr(worklist, "opened", slowly)
    monkeypatch.setattr(reader_commit, "commit", when_counted)
    assert at_once(looks, commits)[0] == "open"
    assert looks() == "finished"


@pytest.mark.django_db(transaction=True)
def test_levels_are_corrected_while_the_other_reader_commits_the_film(
    study: MakeStudy,
    reader: MakeUser,
    coordinator: MakeUser,
    read: Read,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """He has the film and names her reading in a case; the correction has it and wants the film."""
    round_ = study(films=1).rounds.get()
    hers = read(round_, reader("ada"), grades={"L2_INF": 2})
    ben_has_the_film, reading_is_locked = threading.Event(), threading.Event()
    comparable, write = consensus._comparable, level_corrections._write

    def slowly(reading: Any) -> Any:
        ben_has_the_film.set()
        reading_is_locked.wait(30)
        return comparable(reading)

    def written(*what: Any) -> int:
        reading_is_locked.set()
        return write(*what)

    def corrects() -> None:
        ben_has_the_film.wait(30)
        level_corrections.shift(
            actor=coordinator(), reading=hers, key=uuid.uuid4(), towards=GradeEvent.Cause.CAUDAL
        )

    monkeypatch.setattr(consensus, "_comparable", slowly)
    monkeypatch.setattr(level_corrections, "_write", written)
    at_once(lambda: read(round_, reader("ben")), corrects)
    # He differed on L2, then on L3, whither her grade has moved, and on the disc left behind
    corners = set(round_.study.cases.values_list("site", flat=True))
    assert corners == {"L2_INF", "L3_INF", "T12_INF", "L1_SUP"}


def test_a_hold_that_ended_with_a_commit_needs_no_end(
    study: MakeStudy, reader: MakeUser, coordinator: MakeUser, read: Read
) -> None:
    """The coordinator's page showed it still."""
    made = study(films=1)
    reading = read(made.rounds.get(), reader("ada"))
    study_progress.free(study=made, reading_id=reading.pk, actor=coordinator())
    reading.refresh_from_db()
    assert reading_queue.state_of(reading) == "committed"


@pytest.mark.django_db(transaction=True)
def test_a_design_is_not_changed_while_its_first_grade_is_being_saved(
    study: MakeStudy, reader: MakeUser, coordinator: MakeUser
) -> None:
    made, ada, office = study(films=1), reader("ada"), coordinator()
    held = reading_queue.take_next(reader=ada, round_id=made.rounds.get().pk).reading
    assert held is not None
    is_written, is_asked = threading.Event(), threading.Event()

    def grades() -> None:
        with transaction.atomic():
            reader_grades.grade(
                reader=ada, reading_id=held.pk, key=uuid.uuid4(), site="L1_INF", mark=Mark(grade=1)
            )
            is_written.set()
            is_asked.wait(1)  # it waits for us, and would not without the lock

    def changes() -> None:
        is_written.wait(30)
        try:
            with pytest.raises(DesignFixed):
                design_changes.change(study=made, actor=office, finding_flags=True)
        finally:
            is_asked.set()

    at_once(grades, changes)
    made.refresh_from_db()
    assert not made.finding_flags


@pytest.mark.django_db(transaction=True)
def test_reads_are_imported_while_their_reader_opens_one_of_the_films(
    study: MakeStudy, reader: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened after the import, a read that is there already would be held again."""
    round_, ada = study(films=1).rounds.get(), reader("ada")
    film = round_.study.films.get()
    is_found, is_imported, open_now = threading.Event(), threading.Event(), reading_queue._open_now

    def slowly(place: Any) -> None:
        is_found.set()
        is_imported.wait(1)  # it waits for us, and would not without the lock
        open_now(place)

    def takes() -> Any:
        return reading_queue.take_next(reader=ada, round_id=round_.pk).state

    def imports() -> None:
        is_found.wait(30)
        hers = imported_reads.ImportedFilm(film.pk, {site.code: 0 for site in sites_of("L")})
        with pytest.raises(BadInput, match="untouched"):
            imported_reads.import_reads(into=round_, reader=ada, films=[hers], actor=None)
        is_imported.set()

    monkeypatch.setattr(reading_queue, "_open_now", slowly)
    assert at_once(takes, imports)[0] == "open"
