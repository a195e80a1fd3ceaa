"""Progress: counts and times of every reader, and no grade."""

from datetime import timedelta

from django.utils import timezone

from annotation.models import Reading
from annotation.services import reading_queue, study_progress
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
