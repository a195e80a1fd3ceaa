"""Periodic retraining: off until switched on, due when due, one at a time."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.models import AuditRecord, Job, RetrainingSchedule
from annotation.services import retraining
from tests.annotation.conftest import MakeStudy, MakeUser, Read


@pytest.fixture
def due(study: MakeStudy, admin: MakeUser) -> RetrainingSchedule:
    row = retraining.change_schedule(
        actor=admin(), enabled=True, study=study(films=1), every_hours=24, recipe="quick"
    )
    RetrainingSchedule.objects.update(last_started_at=timezone.now() - timedelta(hours=25))
    row.refresh_from_db()
    return row


def test_the_schedule_is_off_until_an_admin_switches_it_on(db: None) -> None:
    assert not retraining.schedule().enabled
    assert retraining.start_if_due() is None


def test_switching_on_counts_from_now(study: MakeStudy, admin: MakeUser) -> None:
    retraining.change_schedule(actor=admin(), enabled=True, study=study(films=1))
    assert retraining.start_if_due() is None
    assert AuditRecord.objects.filter(action="retraining.scheduled").count() == 1


def test_switching_on_again_after_months_trains_nothing_at_once(due: RetrainingSchedule) -> None:
    actor = AuditRecord.objects.latest("pk").actor
    assert actor is not None
    retraining.change_schedule(actor=actor, enabled=False)
    retraining.change_schedule(actor=actor, enabled=True)
    assert retraining.start_if_due() is None


def test_a_training_starts_when_it_is_due_and_not_again(due: RetrainingSchedule) -> None:
    job = retraining.start_if_due()
    assert job is not None
    assert job.arguments["recipe"] == "quick"
    assert retraining.start_if_due() is None


def test_a_due_training_waits_for_the_one_that_runs(
    due: RetrainingSchedule, admin: MakeUser
) -> None:
    assert due.study is not None
    retraining.request_training(study=due.study, recipe="tiny", actor=admin())
    assert retraining.start_if_due() is None
    Job.objects.update(state="cancelled")
    assert retraining.start_if_due() is not None


def test_the_database_wants_a_study_for_a_running_schedule(db: None) -> None:
    retraining.schedule()
    with pytest.raises(IntegrityError, match="names_study"), transaction.atomic():
        RetrainingSchedule.objects.update(enabled=True)


def test_the_database_holds_one_schedule(db: None) -> None:
    with pytest.raises(IntegrityError, match="one_schedule"), transaction.atomic():
        RetrainingSchedule.objects.create(pk=2)


@pytest.fixture
def read_corners(
    due: RetrainingSchedule, read: Read, reader: MakeUser
) -> Callable[[], RetrainingSchedule]:
    """Both readers read the study's one film, after the last start; it is not due by time."""

    def make() -> RetrainingSchedule:
        RetrainingSchedule.objects.update(last_started_at=timezone.now(), new_corners=12)
        assert due.study is not None
        for name in ("ada", "ben"):
            read(due.study.rounds.get(), reader(name), due.study.films.get())
        due.refresh_from_db()
        return due

    return make


def test_enough_new_consensus_corners_start_a_training_before_its_time(
    read_corners: Callable[[], RetrainingSchedule],
) -> None:
    row = read_corners()
    assert retraining.new_consensus_corners(row) == 12
    assert retraining.start_if_due() is not None
    row.refresh_from_db()
    assert retraining.new_consensus_corners(row) == 0
    Job.objects.update(state="cancelled")
    assert retraining.start_if_due() is None


def test_too_few_new_corners_wait_for_the_time(
    read_corners: Callable[[], RetrainingSchedule],
) -> None:
    read_corners()
    RetrainingSchedule.objects.update(new_corners=13)
    assert retraining.start_if_due() is None
