"""Two films that are read together, and the second look at them, end as a simple model says.

Each film has own grades and an own undo; a move of levels is one action of both.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from annotation.errors import BadInput, Incomplete, NothingToUndo, ProductError
from annotation.models import GradeEvent, Reading
from annotation.services import reader_commit, reader_grades, reading_queue
from annotation.services.ledger import Mark
from annotation.services.reader_grades import Circumstances, Saved
from inference.msasss import facing, sites_of
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser

LUMBAR = [site.code for site in sites_of("L")]
NORMAL, BRIDGE = Mark(grade=0), Mark(grade=3)
MARKS = st.sampled_from([NORMAL, Mark(grade=2), BRIDGE, Mark(not_assessable="implant")])
SITES = st.sampled_from(LUMBAR[2:5])
FILMS = st.sampled_from([0, 1])
Grades = dict[str, Mark]


@dataclass
class Film:
    """What stands on a film, and its actions (number, before, after) that can be turned."""

    marks: Grades = field(default_factory=dict)
    done: list[tuple[int, Grades, Grades]] = field(default_factory=list)
    undone: list[tuple[int, Grades, Grades]] = field(default_factory=list)

    def act(self, number: int, after: Grades) -> None:
        self.done.append((number, self.marks, after))
        self.undone.clear()
        self.marks = after

    def undo(self) -> None:
        self.undone.append(self.done.pop())
        self.marks = self.undone[-1][1]

    def redo(self) -> None:
        self.done.append(self.undone.pop())
        self.marks = self.done[-1][2]

    def newest(self, turn: str) -> int | None:
        """The number of the action that a turn would turn."""
        actions = self.done if turn == "undo" else self.undone
        return actions[-1][0] if actions else None


class PairLedger(RuleBasedStateMachine):
    """A place of two films and its model side by side, through the commit and the second look."""

    open_place: ClassVar[Callable[[], list[Reading]]]

    def __init__(self) -> None:
        super().__init__()
        self.place = type(self).open_place()
        self.films = [Film(), Film()]
        self.numbers = count()
        self.first: list[tuple[Reading, Grades]] = []
        self.finished = False
        self.sent: list[tuple[Callable[..., Saved], dict[str, Any], tuple[int, ...]]] = []

    def send(
        self, verb: Callable[..., Saved], at: int, **request: Any
    ) -> type[ProductError] | None:
        """Do it for real; the error's class, or None and it is remembered for retries."""
        who = {"reader": self.place[at].reader, "reading_id": self.place[at].pk}
        request |= who | {"key": uuid.uuid4()}
        try:
            saved = verb(**request)
        except ProductError as refused:
            return type(refused)
        self.sent.append((verb, request, saved.events))
        return None

    @precondition(lambda self: not self.finished)
    @rule(at=FILMS, site=SITES, mark=MARKS)
    def grade(self, at: int, site: str, mark: Mark) -> None:
        film, other = self.films[at], facing(site).code
        left = film.marks.get(other) == BRIDGE
        both = {other: BRIDGE} if mark == BRIDGE else {other: NORMAL} if left else {}
        assert self.send(reader_grades.grade, at, site=site, mark=mark, partner=NORMAL) is None
        film.act(next(self.numbers), film.marks | {site: mark} | both)

    @precondition(lambda self: not self.finished)
    @rule(at=FILMS, turn=st.sampled_from(["undo", "redo"]))
    def turn(self, at: int, turn: str) -> None:
        answer = self.send(getattr(reader_grades, turn), at, seen=Circumstances())
        newest = self.films[at].newest(turn)
        if newest is None:
            assert answer is NothingToUndo
            return
        assert answer is None
        for film in self.films:  # a move of levels has one number on both
            if film.newest(turn) == newest:
                getattr(film, turn)()

    @precondition(lambda self: not self.finished)
    @rule(at=FILMS, towards=st.sampled_from([GradeEvent.Cause.CRANIAL, GradeEvent.Cause.CAUDAL]))
    def shift_levels(self, at: int, towards: GradeEvent.Cause) -> None:
        answer = self.send(reader_grades.shift_levels, at, towards=towards, seen=Circumstances())
        if not self.films[at].marks:
            assert answer is BadInput
            return
        assert answer is None
        number, step = next(self.numbers), 2 if towards == GradeEvent.Cause.CAUDAL else -2
        for film in filter(lambda film: film.marks, self.films):
            moved = {LUMBAR.index(site) + step: mark for site, mark in film.marks.items()}
            on_film = {LUMBAR[at]: mark for at, mark in moved.items() if 0 <= at < len(LUMBAR)}
            film.act(number, on_film)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """However late: after the commit, and after the second look's, too."""
        verb, request, events = data.draw(st.sampled_from(self.sent))
        assert verb(**request).events == events

    @precondition(lambda self: not self.finished)
    @rule(at=FILMS, complete=st.booleans())
    def commit(self, at: int, complete: bool) -> None:
        """Either film stands for the place; both are committed, or neither."""
        for other, film in enumerate(self.films):
            for site in LUMBAR if complete else ():
                if site not in film.marks:
                    self.grade(other, site, NORMAL)
        whole = all(len(film.marks) == len(LUMBAR) for film in self.films)
        reader = self.place[at].reader
        try:
            reader_commit.commit(reader=reader, reading_id=self.place[at].pk, key=uuid.uuid4())
        except Incomplete:
            assert not whole
            return
        assert whole
        pairs = zip(self.place, self.films, strict=True)
        self.first += [(reading, film.marks) for reading, film in pairs]
        self.finished = len(self.first) > len(self.place)
        taken = reading_queue.take_next(reader=reader, round_id=self.place[at].round_id)
        if self.finished:
            assert taken.reading is None
            return
        assert taken.place is not None
        assert [look.revises for look in taken.place] == self.place
        self.place = list(taken.place)
        self.films = [Film(marks=film.marks) for film in self.films]  # nothing to take back yet

    @invariant()
    def what_stands_is_what_the_model_says(self) -> None:
        histories = reader_grades.histories_of(self.place)
        for reading, film in zip(self.place, self.films, strict=True):
            assert histories[reading.pk].marks == film.marks

    @invariant()
    def what_was_committed_stays_and_tells_whether_the_model_was_seen(self) -> None:
        histories = reader_grades.histories_of(reading for reading, _ in self.first)
        for reading, marks in self.first:
            assert histories[reading.pk].marks == marks
            shown = set(reading.events.values_list("model_version_shown", flat=True))
            assert shown == {reading.model_version_shown_id}
            assert (None in shown) == (reading.arm == Reading.Arm.MAIN)


@pytest.mark.timeout(600)  # a failure is made small before it is shown
def test_a_pair_and_its_second_look_do_what_the_model_says(
    study: MakeStudy,
    film: MakeFilm,
    reader: MakeUser,
    model_version: MakeModel,
    pregraded: Callable[..., None],
) -> None:
    films, grader = [film(patient="p", day=day) for day in (0, 700)], model_version()
    for one in films:
        pregraded(one, grader)
    names = (f"reader {n}" for n in count())  # somebody new each time: the model is not known yet

    def open_place() -> list[Reading]:
        who = next(names)
        made = study(
            films=films, readers=[who], chronology="paired_known", assist_mode="second_look"
        )
        taken = reading_queue.take_next(reader=reader(who), round_id=made.rounds.get().pk)
        assert taken.place is not None
        return list(taken.place)

    PairLedger.open_place = open_place
    run_state_machine_as_test(
        PairLedger, settings=settings(max_examples=25, stateful_step_count=20)
    )
