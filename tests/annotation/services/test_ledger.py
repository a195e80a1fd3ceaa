"""The ledger's meaning: the bridge rule, and undo over actions that touch two corners."""

import uuid

import pytest

from annotation.errors import BadInput, PartnerNeeded
from annotation.models import GradeEvent
from annotation.services.ledger import (
    BLANK,
    BRIDGED,
    Mark,
    history,
    levels_turned,
    with_facing,
)

ALL = ("L1_INF", "L2_SUP")
LINE = [Mark(grade=grade) for grade in range(4)]


def events(*actions: tuple[str, dict[str, int | None]]) -> list[GradeEvent]:
    """Events of several keys: (cause, {site: grade})."""
    found = []
    for cause, grades in actions:
        key = uuid.uuid4()
        found += [
            GradeEvent(site=site, grade=grade, cause=cause, idempotency_key=key)
            for site, grade in grades.items()
        ]
    return found


def test_a_grade_changes_its_own_corner_alone() -> None:
    assert with_facing({}, "L1_INF", LINE[2], None, ALL) == {"L1_INF": LINE[2]}


def test_a_bridge_stands_on_the_facing_corner_too() -> None:
    changes = with_facing({"L2_SUP": LINE[1]}, "L1_INF", BRIDGED, None, ALL)
    assert changes == {"L1_INF": BRIDGED, "L2_SUP": BRIDGED}


def test_a_bridge_replaces_a_facing_corner_that_was_not_assessable() -> None:
    marks = {"L2_SUP": Mark(not_assessable="obscured")}
    assert with_facing(marks, "L1_INF", BRIDGED, None, ALL)["L2_SUP"] == BRIDGED


def test_leaving_a_bridge_asks_for_the_facing_corner() -> None:
    with pytest.raises(PartnerNeeded) as refused:
        with_facing({"L1_INF": BRIDGED, "L2_SUP": BRIDGED}, "L1_INF", LINE[2], None, ALL)
    assert refused.value.detail == {"site": "L1_INF", "facing": "L2_SUP"}


def test_calling_a_bridged_corner_not_assessable_asks_too() -> None:
    marks = {"L1_INF": BRIDGED, "L2_SUP": BRIDGED}
    with pytest.raises(PartnerNeeded):
        with_facing(marks, "L2_SUP", Mark(not_assessable="rotated"), None, ALL)


def test_leaving_a_bridge_writes_both_corners() -> None:
    marks = {"L1_INF": BRIDGED, "L2_SUP": BRIDGED}
    changes = with_facing(marks, "L1_INF", LINE[2], LINE[0], ALL)
    assert changes == {"L1_INF": LINE[2], "L2_SUP": LINE[0]}


def test_a_bridge_cannot_be_left_on_one_side() -> None:
    with pytest.raises(BadInput, match="one corner alone"):
        with_facing({"L1_INF": BRIDGED, "L2_SUP": BRIDGED}, "L1_INF", LINE[2], BRIDGED, ALL)


def test_a_facing_corner_that_is_not_asked_for_is_blank_again() -> None:
    marks = {"L1_INF": BRIDGED, "L2_SUP": BRIDGED}
    changes = with_facing(marks, "L1_INF", LINE[2], None, ("L1_INF",))
    assert changes == {"L1_INF": LINE[2], "L2_SUP": BLANK}


def test_the_newest_event_stands_and_a_blank_does_not() -> None:
    found = history(
        events(("reader", {"L1_INF": 1}), ("reader", {"L1_INF": 2}), ("undo", {"L1_INF": 1}))
    )
    assert found.marks == {"L1_INF": LINE[1]}
    assert history(events(("reader", {"L1_INF": 1}), ("undo", {"L1_INF": None}))).marks == {}


def test_undoing_a_bridge_brings_both_corners_back() -> None:
    before = ("reader", {"L2_SUP": 1})
    found = history(events(before, ("reader", {"L1_INF": 3, "L2_SUP": 3})))
    assert found.done[-1].before == {"L1_INF": BLANK, "L2_SUP": LINE[1]}


def test_a_new_grade_forgets_what_could_be_redone() -> None:
    undone = [("reader", {"L1_INF": 1}), ("undo", {"L1_INF": None})]
    assert len(history(events(*undone)).undone) == 1
    assert history(events(*undone, ("reader", {"L1_INF": 2}))).undone == ()


def test_imported_grades_cannot_be_taken_back() -> None:
    assert history(events(("imported", {"L1_INF": 1}))).done == ()


@pytest.mark.parametrize(
    ("mark", "sentence"),
    [
        (Mark(), "Give the corner a grade"),
        (Mark(grade=2, not_assessable="rotated"), "Give the corner a grade"),
        (Mark(grade=4), "0, 1, 2 or 3"),
        (Mark(not_assessable="tired"), "no reason"),
        (Mark(grade=1, findings=("ghost",)), "Unknown findings"),
        (Mark(grade=2, findings=("erosion",)), "grade 1"),
    ],
)
def test_a_mark_that_breaks_a_rule_is_refused_in_a_sentence(mark: Mark, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        mark.check()


def test_a_turn_says_whither_it_moved_the_levels() -> None:
    cause = GradeEvent.Cause
    rows = [("reader", {"L1_INF": 1}), ("caudal", {"L1_INF": None, "L2_INF": 1})]
    back = history(events(*rows, ("undo", {"L1_INF": 1, "L2_INF": None})))
    assert levels_turned(back, cause.UNDO) == cause.CRANIAL
    again = history(events(*rows, ("undo", {"L1_INF": 1, "L2_INF": None}), ("redo", {"L2_INF": 1})))
    assert levels_turned(again, cause.REDO) == cause.CAUDAL
    grade = history(events(("reader", {"L1_INF": 1}), ("undo", {"L1_INF": None})))
    assert levels_turned(grade, cause.UNDO) is None
    assert levels_turned(history(events(*rows)), cause.CAUDAL) is None
