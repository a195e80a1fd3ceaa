"""Progress: counts and times of every reader, and no grade."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.errors import LeaseLost, NotFound
from annotation.models import AuditRecord, Reading
from annotation.services import imported_reads, reader_grades, reading_queue, study_progress
from annotation.services.imported_reads import ImportedFilm
from annotation.services.ledger import Mark
from inference.msasss import sites_of
from tests.annotation.conftest import MakeStudy, MakeUser, Read


def test_each_reader_and_round_has_a_row(study: MakeStudy, reader: MakeUser, read: Read) -> None:
    made = study(films=3, washouts=(0, 28))
    first = made.rounds.get(number=1)
    read(first, reader("ada"))
    reading_queue.take_next(reader=reader("ada"), round_id=first.pk)
    rows = {(row.reader, row.round): row for row in study_progress.progress(made)}
    assert len(rows) == 4
    ada = rows["ada", 1]
    assert (ada.places, ada.committed, ada.open_leases) == (3, 1, 1)
    assert ada.last_activity is not None
    assert timezone.now() - ada.last_activity < timedelta(minutes=1)
    untouched = rows["ben", 2]
    assert (untouched.committed, untouched.open_leases) == (0, 0)
    assert untouched.last_activity is None
    assert untouched.median_seconds is None


def test_the_median_is_from_opening_to_commit(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=3)
    now = timezone.now()
    for seconds in (60, 90, 600):
        done = read(made.rounds.get(), reader("ada"))
        opened = now - timedelta(seconds=seconds)
        Reading.objects.filter(pk=done.pk).update(opened_at=opened, committed_at=now)
    [ada, _] = study_progress.progress(made)
    assert ada.median_seconds == 90


def test_a_read_from_elsewhere_has_no_pace(
    study: MakeStudy, reader: MakeUser, read: Read, coordinator: MakeUser
) -> None:
    made = study(films=3)
    first, *_ = made.films.order_by("pk")
    corners = dict.fromkeys((site.code for site in sites_of("L")), 0)
    imported_reads.import_reads(
        into=made.rounds.get(),
        reader=reader("ada"),
        films=[ImportedFilm(radiograph=first.pk, corners=corners)],
        actor=coordinator(),
    )
    ada, _ = study_progress.progress(made)
    assert (ada.committed, ada.left) == (1, 2)
    assert (ada.median_seconds, ada.pace, ada.done_by) == (None, None, None)
    read(made.rounds.get(), reader("ada"))
    ada, _ = study_progress.progress(made)
    assert ada.pace == 1
    assert ada.median_seconds


def test_a_hold_that_ran_out_is_no_open_lease(study: MakeStudy, reader: MakeUser) -> None:
    made = study()
    reading_queue.take_next(reader=reader("ada"), round_id=made.rounds.get().pk)
    Reading.objects.filter(opened_at__isnull=False).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
    [ada, _] = study_progress.progress(made)
    assert ada.open_leases == 0


def test_a_round_opens_when_the_first_washout_is_over(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=2, washouts=(0, 28))
    assert [one.opens_at for one in study_progress.rounds(made)] == [None, None]
    done = read(made.rounds.get(number=1), reader("ada"))
    assert done.committed_at is not None
    first, second = study_progress.rounds(made)
    assert (first.opens_at, first.places, first.committed) == (None, 4, 1)
    assert second.opens_at == done.committed_at + timedelta(days=28)


def test_the_forecast_is_the_present_pace_carried_on(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=6)
    now = timezone.now()
    for days in (40, 4, 1):
        done = read(made.rounds.get(), reader("ada"))
        Reading.objects.filter(pk=done.pk).update(
            opened_at=now - timedelta(days=days, hours=1), committed_at=now - timedelta(days=days)
        )
    ada, ben = study_progress.progress(made)
    assert ada.left == 3
    assert ada.pace == pytest.approx(2 / 4, rel=1e-3)  # two of the last fortnight, over four days
    assert ada.pace_from == now - timedelta(days=4)
    assert ada.done_by is not None
    assert ada.done_by - now == pytest.approx(timedelta(days=6), abs=timedelta(minutes=5))
    assert (ben.left, ben.pace, ben.done_by) == (6, None, None)


def test_a_stale_hold_is_listed_first_and_freed_with_its_grades_kept(
    study: MakeStudy, reader: MakeUser, coordinator: MakeUser
) -> None:
    made = study()
    round_ = made.rounds.get()
    taken = {
        name: reading_queue.take_next(reader=reader(name), round_id=round_.pk).reading
        for name in ("ada", "ben")
    }
    ben = taken["ben"]
    assert ben is not None
    grade = {"reader": reader("ben"), "reading_id": ben.pk, "site": "L1_INF"}
    reader_grades.grade(**grade, key=uuid.uuid4(), mark=Mark(grade=2))
    Reading.objects.filter(pk=ben.pk).update(lease_until=timezone.now() - timedelta(minutes=1))
    stale, held = study_progress.holds(made)
    assert (stale.reader, stale.stale, held.reader, held.stale) == ("ben", True, "ada", False)
    study_progress.free(study=made, reading_id=ben.pk, actor=coordinator())
    with pytest.raises(LeaseLost):
        reader_grades.grade(**grade, key=uuid.uuid4(), mark=Mark(grade=1))
    assert AuditRecord.objects.get(action="reading.freed").detail["reader"] == "ben"
    again = reading_queue.take_next(reader=reader("ben"), round_id=round_.pk).reading
    assert again == ben
    assert reader_grades.histories_of([ben])[ben.pk].marks == {"L1_INF": Mark(grade=2)}
    with pytest.raises(NotFound):
        study_progress.free(study=study(), reading_id=ben.pk, actor=coordinator())
