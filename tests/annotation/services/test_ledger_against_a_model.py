"""Any order of grades, shifts, undo, redo, retries, lapsed holds ends as a simple model says.

The model is a list of snapshots with a cursor: what an editor's undo is in a few lines.
"""

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from django.utils import timezone
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from annotation.errors import (
    BadInput,
    KeyReused,
    LeaseLost,
    NotFound,
    NothingToUndo,
    PartnerNeeded,
    ProductError,
)
from annotation.models import GradeEvent, Reading
from annotation.services import reader_grades, reading_queue
from annotation.services.ledger import Mark
from annotation.services.reader_grades import Circumstances, Saved
from inference.msasss import facing, one_sided_bridges, sites_of
from tests.annotation.conftest import MakeFilm, MakeStudy, MakeUser

MARKS = [
    *(Mark(grade=grade) for grade in range(4)),
    Mark(grade=1, findings=("erosion", "sclerosis")),
    Mark(not_assessable="rotated"),
]
SITES = ["L1_INF", "L2_SUP", "L2_INF", "L3_SUP"]
LUMBAR = [site.code for site in sites_of("L")]
BRIDGE = Mark(grade=3)
NORMAL = Mark(grade=0)


class Ledger(RuleBasedStateMachine):
    """One reading and its model side by side."""

    open_readings: ClassVar[Callable[[], tuple[Reading, Reading]]]

    def __init__(self) -> None:
        super().__init__()
        self.reading, self.other = type(self).open_readings()
        self.who = {"reader": self.reading.reader, "reading_id": self.reading.pk}
        self.snapshots: list[dict[str, Mark]] = [{}]
        self.at = 0
        self.held = True
        self.sent: list[tuple[Callable[..., Saved], dict[str, Any], tuple[int, ...]]] = []

    def send(self, verb: Callable[..., Saved], **request: Any) -> type[ProductError] | None:
        """Do it for real; the error's class, or None and it is remembered for retries."""
        request |= self.who | {"key": uuid.uuid4()}
        try:
            saved = verb(**request)
        except ProductError as refused:
            return type(refused)
        self.sent.append((verb, request, saved.events))
        return None

    @rule(site=st.sampled_from(SITES), mark=st.sampled_from(MARKS))
    def grade(self, site: str, mark: Mark) -> None:
        self.grade_both(site, mark, None)

    @rule(site=st.sampled_from(SITES), mark=st.sampled_from(MARKS), partner=st.sampled_from(MARKS))
    def grade_both(self, site: str, mark: Mark, partner: Mark | None) -> None:
        answer = self.send(reader_grades.grade, site=site, mark=mark, partner=partner)
        now, other = self.snapshots[self.at], facing(site).code
        leaving = mark != BRIDGE and now.get(other) == BRIDGE
        if not self.held:
            assert answer is LeaseLost
        elif leaving and partner is None:
            assert answer is PartnerNeeded
        elif leaving and partner == BRIDGE:
            assert answer is BadInput
        else:
            assert answer is None
            both = {other: BRIDGE} if mark == BRIDGE else {other: partner} if leaving else {}
            self.snapshots[self.at + 1 :] = [now | {site: mark} | both]
            self.at += 1

    @rule(verb=st.sampled_from([reader_grades.undo, reader_grades.redo]))
    def turn(self, verb: Callable[..., Saved]) -> None:
        answer = self.send(verb, seen=Circumstances())
        to = self.at + (1 if verb is reader_grades.redo else -1)
        if not self.held:
            assert answer is LeaseLost
        elif not 0 <= to < len(self.snapshots):
            assert answer is NothingToUndo
        else:
            assert answer is None
            self.at = to

    @rule(towards=st.sampled_from([GradeEvent.Cause.CRANIAL, GradeEvent.Cause.CAUDAL]))
    def shift_levels(self, towards: GradeEvent.Cause) -> None:
        answer = self.send(reader_grades.shift_levels, towards=towards, seen=Circumstances())
        now, step = self.snapshots[self.at], 2 if towards == GradeEvent.Cause.CAUDAL else -2
        if not self.held:
            assert answer is LeaseLost
        elif not now:
            assert answer is BadInput
        else:
            assert answer is None
            moved = {LUMBAR.index(site) + step: mark for site, mark in now.items()}
            on_film = {LUMBAR[at]: mark for at, mark in moved.items() if 0 <= at < len(LUMBAR)}
            self.snapshots[self.at + 1 :] = [on_film]
            self.at += 1

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        verb, request, events = data.draw(st.sampled_from(self.sent))
        assert verb(**request).events == events

    @rule()
    def hold_runs_out(self) -> None:
        held = Reading.objects.filter(pk=self.reading.pk, lease_until__isnull=False)
        held.update(lease_until=timezone.now())

    @rule()
    def give_back(self) -> None:
        reading_queue.give_back(**self.who)
        self.held = False

    @rule(site=st.sampled_from(SITES), mark=st.sampled_from(MARKS), data=st.data())
    def the_other_reader(self, site: str, mark: Mark, data: st.DataObject) -> None:
        """Grades the same film: nothing of it is seen in this reading, nor may keys be shared."""
        who = {"reader": self.other.reader, "reading_id": self.other.pk}
        if self.sent and data.draw(st.booleans()):
            key = data.draw(st.sampled_from(self.sent))[1]["key"]
            with pytest.raises(KeyReused):
                reader_grades.grade(**who, key=key, site=site, mark=mark, partner=NORMAL)
            return
        reader_grades.grade(**who, key=uuid.uuid4(), site=site, mark=mark, partner=NORMAL)
        with pytest.raises(NotFound):
            reader_grades.grade(
                reader=self.other.reader,
                reading_id=self.reading.pk,
                key=uuid.uuid4(),
                site=site,
                mark=mark,
            )

    @rule()
    def open_again(self) -> None:
        taken = reading_queue.take_next(reader=self.reading.reader, round_id=self.reading.round_id)
        assert taken.reading == self.reading
        self.held = True

    @invariant()
    def what_stands_is_what_the_model_says(self) -> None:
        marks = reader_grades.histories_of([self.reading])[self.reading.pk].marks
        assert marks == self.snapshots[self.at]
        assert not one_sided_bridges({site: mark.grade for site, mark in marks.items()})

    @invariant()
    def every_acknowledged_event_is_there_once(self) -> None:
        kept = set(GradeEvent.objects.filter(reading=self.reading).values_list("pk", flat=True))
        acknowledged = [event for *_, events in self.sent for event in events]
        assert len(acknowledged) == len(kept)
        assert set(acknowledged) == kept


@pytest.mark.timeout(600)  # a failure is made small before it is shown
def test_the_ledger_does_what_the_model_says(
    study: MakeStudy, film: MakeFilm, reader: MakeUser
) -> None:
    one_film = film()

    def open_readings() -> tuple[Reading, Reading]:
        made = study(films=[one_film], readers=["ada", "ben"], finding_flags=True)
        ada, ben = (
            reading_queue.take_next(reader=reader(name), round_id=made.rounds.get().pk).reading
            for name in ("ada", "ben")
        )
        assert ada is not None
        assert ben is not None
        return ada, ben

    Ledger.open_readings = open_readings
    run_state_machine_as_test(Ledger, settings=settings(max_examples=40, stateful_step_count=25))
