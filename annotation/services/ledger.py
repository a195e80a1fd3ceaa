"""What the ledger of a reading means: marks that stand, what can be taken back, the bridge rule.

Plain arithmetic on events, no queries. Every action of the reader carries one key and may write
two corners (a bridge), so undo takes back both. An undo is an action too: nothing is removed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from annotation.errors import BadInput, PartnerNeeded
from annotation.models import GradeEvent
from inference.msasss import BRIDGE, FINDINGS, GRADES, NOT_ASSESSABLE, facing

FINDINGS_GRADE = 1
CORNERS_OF_A_DISC = 2


@dataclass(frozen=True)
class Mark:
    """What stands at one corner: a grade, or not assessable with a reason, or nothing (blank)."""

    grade: int | None = None
    not_assessable: str = ""
    findings: tuple[str, ...] = ()

    @classmethod
    def of(cls, event: GradeEvent) -> "Mark":
        """The mark that an event left behind."""
        return cls(event.grade, event.not_assessable, tuple(event.findings))

    @property
    def blank(self) -> bool:
        """Whether the corner is not read."""
        return self.grade is None and not self.not_assessable

    def check(self) -> None:
        """Raise BadInput unless this is one grade, or one known reason why there is none."""
        if self.grade is not None and self.grade not in GRADES:
            raise BadInput(f"A grade is 0, 1, 2 or 3, not {self.grade}.")
        if self.not_assessable and self.not_assessable not in NOT_ASSESSABLE:
            raise BadInput(
                f"{self.not_assessable!r} is no reason; give one of {', '.join(NOT_ASSESSABLE)}."
            )
        if (self.grade is None) == (not self.not_assessable):
            raise BadInput("Give the corner a grade, or a reason why it is not assessable.")
        if unknown := set(self.findings) - set(FINDINGS):
            raise BadInput(f"Unknown findings {sorted(unknown)}; known are {', '.join(FINDINGS)}.")
        if self.findings and self.grade != FINDINGS_GRADE:
            raise BadInput("Findings say what a grade 1 saw; leave them out for other grades.")


Marks = Mapping[str, Mark]
BLANK = Mark()
BRIDGED = Mark(grade=BRIDGE)


@dataclass(frozen=True)
class Action:
    """What one key did: the corner that was acted on, and each touched corner before and after.

    Over films that are read together, one key may move the levels of all.
    """

    key: UUID
    site: str
    before: Marks
    after: Marks
    cause: GradeEvent.Cause


@dataclass(frozen=True)
class LastWindow:
    """Centre and width with which a reader graded last, in stored values. `at`: when, by the
    server's clock; None where the grade was carried over from an earlier reading."""

    center: float
    width: float
    at: datetime | None


@dataclass(frozen=True)
class History:
    """The standing marks without blanks, and the actions that can be undone and redone, newest
    last."""

    marks: Marks
    done: tuple[Action, ...]
    undone: tuple[Action, ...]
    window: LastWindow | None


def history(events: Iterable[GradeEvent]) -> History:
    """Replay a reading's events, oldest first."""
    marks: dict[str, Mark] = {}
    done: list[Action] = []
    undone: list[Action] = []
    window: LastWindow | None = None
    for key, same_key in groupby(events, key=lambda event: event.idempotency_key):
        group = list(same_key)
        after = {event.site: Mark.of(event) for event in group}
        before = {site: marks.get(site, BLANK) for site in after}
        match group[0].cause:
            case GradeEvent.Cause.UNDO:
                undone.append(done.pop())
            case GradeEvent.Cause.REDO:
                done.append(undone.pop())
            case GradeEvent.Cause.IMPORTED | GradeEvent.Cause.CARRIED:
                pass  # read elsewhere, or committed before: not to be taken back here
            case _:
                cause = GradeEvent.Cause(group[0].cause)
                done.append(Action(key, group[0].site, before, after, cause))
                undone.clear()
        marks.update(after)
        window = _window_of(group[0]) or window
    standing = {site: mark for site, mark in marks.items() if not mark.blank}
    return History(standing, tuple(done), tuple(undone), window)


def _window_of(event: GradeEvent) -> LastWindow | None:
    if event.window_center is None or event.window_width is None:
        return None
    carried = event.cause == GradeEvent.Cause.CARRIED
    return LastWindow(
        event.window_center, event.window_width, None if carried else event.created_at
    )


_OPPOSITE = {
    GradeEvent.Cause.CRANIAL: GradeEvent.Cause.CAUDAL,
    GradeEvent.Cause.CAUDAL: GradeEvent.Cause.CRANIAL,
}


def levels_turned(after: History, newest: GradeEvent.Cause) -> GradeEvent.Cause | None:
    """Whither the undo or redo that led to this history moved the levels; None for any other.

    The disc points are the client's to move: it alone knows where they were put since.
    """
    if newest == GradeEvent.Cause.UNDO:
        return _OPPOSITE.get(after.undone[-1].cause)
    if newest == GradeEvent.Cause.REDO:
        return next((action.cause for action in after.done[-1:] if action.cause in _OPPOSITE), None)
    return None


def shifted(
    marks: Marks, sites: Sequence[str], towards: GradeEvent.Cause, vacated: Mark = BLANK
) -> Marks:
    """The corners of `sites` (from the top down) that change when all marks move by one disc.

    What moves off the film's last disc stands no more; the disc left behind becomes `vacated`.
    Facing corners move together, so no bridge is torn apart. Raises BadInput when nothing stands
    that could be moved.
    """
    step = CORNERS_OF_A_DISC if towards == GradeEvent.Cause.CAUDAL else -CORNERS_OF_A_DISC
    changes: dict[str, Mark] = {}
    for place, site in enumerate(sites):
        source = place - step
        on_film = 0 <= source < len(sites)
        mark = marks.get(sites[source], BLANK) if on_film else vacated
        if mark != marks.get(site, BLANK):
            changes[site] = mark
    if not changes or not marks:
        raise BadInput("There is no grade on this film yet that could be moved.")
    return changes


def with_facing(
    marks: Marks, site: str, mark: Mark, partner: Mark | None, to_grade: Iterable[str]
) -> Marks:
    """The corners that a mark changes: a bridge stands on both facing corners or on neither.

    Setting 3 sets the facing corner. Leaving 3 needs the facing corner's own mark (`partner`),
    unless that corner is not one of those `to_grade`: then it is blank again. The corner acted on
    comes first. Raises PartnerNeeded, BadInput.
    """
    other = facing(site).code
    bridged = marks.get(other, BLANK).grade == BRIDGE
    if mark.grade == BRIDGE:
        return {site: mark} if bridged else {site: mark, other: BRIDGED}
    if not bridged:
        return {site: mark}
    if partner is None and other in to_grade:
        raise PartnerNeeded(site=site, facing=other)
    if partner is not None and partner.grade == BRIDGE:
        raise BadInput("A bridge cannot stand on one corner alone: grade both 3, or neither.")
    return {site: mark, other: partner or BLANK}
