"""The browser's scoring rules are the server's: both are run on the same cases and compared."""

import itertools
import json
import random
import re
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from annotation.api.film_pane import mark_out
from annotation.errors import PartnerNeeded
from annotation.models import GradeEvent, Study
from annotation.services import film_files, instrument
from annotation.services.ledger import (
    BLANK,
    BRIDGED,
    Mark,
    Marks,
    history,
    shifted,
    with_facing,
)
from inference.dicom import MAX_BYTES
from inference.msasss import SITES, facing, sites_of

FRONTEND = Path(__file__).resolve().parents[1] / "frontend"
RUN = """
import { readFileSync } from "node:fs";
import { rolldown } from "rolldown";
const load = async (file) => {
  const { output } = await (await rolldown({ input: file })).generate({ format: "esm" });
  return import("data:text/javascript," + encodeURIComponent(output[0].code));
};
const rules = { ...(await load("src/reader_grades.ts")), ...(await load("src/level_shift.ts")) };
// A reader's keys one after the other, as the desk plays them; what stands after each.
rules.played = (sites, keys) => {
  let history = new rules.History();
  let marks = {};
  return keys.map(([verb, ...how]) => {
    if (verb === "undo" || verb === "redo") {
      const turned = history[verb]();
      if (turned) ({ history, marks } = turned);
      return marks;
    }
    const before = marks;
    const [site, mark, partner] = how;
    const asks = verb === "grade" && rules.needsPartner(sites, before, site, mark);
    if (asks && !partner) return marks;
    if (verb === "shift" && Object.keys(before).length === 0) return marks;
    marks = verb === "shift"
      ? rules.shiftedMarks(sites, before, how[0]) : rules.marked(before, ...how);
    history = history.with({ before, after: marks, site: sites[0] });
    return marks;
  });
};
const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(([rule, ...given]) => rules[rule](...given))));
"""
GIVEN = [Mark(0), Mark(1), Mark(2), Mark(not_assessable="rotated")]
LUMBAR = [site.code for site in sites_of("L")]


def browser(cases: Sequence[Sequence[Any]]) -> list[Any]:
    done = subprocess.run(
        ["node", "--input-type=module", "-e", RUN],  # noqa: S607 - whichever built the frontend
        cwd=FRONTEND,
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
    )
    answers: list[Any] = json.loads(done.stdout)
    return answers


def out(marks: Marks) -> dict[str, Any]:
    return {site: mark_out(mark) for site, mark in marks.items() if not mark.blank}


def server(
    marks: Marks, site: str, mark: Mark, partner: Mark | None, sites: Sequence[str]
) -> Mapping[str, Any] | None:
    """What stands afterwards; None where the server asks for the facing corner."""
    try:
        return out({**marks, **with_facing(marks, site, mark, partner, sites)})
    except PartnerNeeded:
        return None


def test_the_facing_corner_follows_in_the_browser_as_on_the_server() -> None:
    site, other = "L1_INF", facing("L1_INF").code
    pairs = [*itertools.product([BLANK, *GIVEN], repeat=2), (BRIDGED, BRIDGED)]
    cases = [
        ({s: m for s, m in ((site, one), (other, two)) if not m.blank}, mark, partner, sites)
        for one, two in pairs
        for mark in [*GIVEN, BRIDGED]
        for partner in [None, *GIVEN]
        for sites in (LUMBAR, [site])
    ]
    asked = browser(
        [["needsPartner", s, out(marks), site, mark_out(mark)] for marks, mark, _, s in cases]
    )
    after = browser(
        [
            ["marked", out(marks), site, mark_out(mark), partner and mark_out(partner)]
            for marks, mark, partner, _ in cases
        ]
    )
    for (marks, mark, partner, sites), asks, stands in zip(cases, asked, after, strict=True):
        assert asks == (server(marks, site, mark, None, sites) is None)
        if partner is None and asks:
            continue  # the browser sends nothing before the reader has answered
        assert stands == server(marks, site, mark, partner, sites)


def test_the_findings_asked_for_are_those_the_server_records() -> None:
    cases = [
        (squaring, flags, site.code)
        for squaring in Study.CervicalSquaring.values
        for flags in (True, False)
        for site in SITES
    ]
    asked = browser(
        [
            ["findingsAsked", {"cervical_squaring": squaring, "finding_flags": flags}, site]
            for squaring, flags, site in cases
        ]
    )
    for (squaring, flags, site), found in zip(cases, asked, strict=True):
        known = instrument.findings_at(Study(cervical_squaring=squaring), site) if flags else ()
        assert set(found) == set(known)


def test_levels_move_in_the_browser_as_on_the_server() -> None:
    draw = random.Random(7)
    cases = []
    for _ in range(60):
        marks = {site: draw.choice(GIVEN) for site in LUMBAR if draw.random() < 0.6}
        marks[draw.choice(LUMBAR)] = Mark(1)  # there is something to move
        cases.append((marks, draw.choice(["cranial", "caudal"])))
    moved = browser([["shiftedMarks", LUMBAR, out(marks), towards] for marks, towards in cases])
    for (marks, towards), stands in zip(cases, moved, strict=True):
        changes = shifted(marks, LUMBAR, GradeEvent.Cause(towards))
        assert stands == out({**marks, **changes})


class Server:
    """A reading's ledger, written as `services/reader_grades.py` writes it, in no database."""

    def __init__(self) -> None:
        self.events: list[GradeEvent] = []

    def marks_after(self, verb: str, *how: Any) -> dict[str, Any]:
        """What stands after a key; one that the server refuses changes nothing."""
        before = history(self.events)
        if verb == "grade" and (changes := self.graded(before.marks, *how)):
            self.write(GradeEvent.Cause.READER, changes)
        elif verb == "shift" and before.marks:
            self.write(GradeEvent.Cause(how[0]), shifted(before.marks, LUMBAR, how[0]))
        elif verb == "undo" and before.done:
            self.write(GradeEvent.Cause.UNDO, before.done[-1].before)
        elif verb == "redo" and before.undone:
            self.write(GradeEvent.Cause.REDO, before.undone[-1].after)
        return out(history(self.events).marks)

    @staticmethod
    def graded(marks: Marks, site: str, mark: Mark, partner: Mark | None) -> Marks | None:
        try:
            return with_facing(marks, site, mark, partner, LUMBAR)
        except PartnerNeeded:
            return None

    def write(self, cause: GradeEvent.Cause, changes: Marks) -> None:
        key = uuid.uuid4()
        self.events += [
            GradeEvent(
                site=site,
                cause=cause,
                idempotency_key=key,
                grade=mark.grade,
                not_assessable=mark.not_assessable,
                findings=list(mark.findings),
            )
            for site, mark in changes.items()
        ]


def a_key(draw: random.Random) -> tuple[Any, ...]:
    verb = draw.choice(["grade"] * 5 + ["undo", "undo", "redo", "shift"])
    if verb == "shift":
        return verb, draw.choice([GradeEvent.Cause.CRANIAL, GradeEvent.Cause.CAUDAL])
    if verb != "grade":
        return (verb,)
    mark, partner = draw.choice([*GIVEN, BRIDGED, BRIDGED]), draw.choice([None, *GIVEN])
    return verb, draw.choice(LUMBAR[:6]), mark, partner


def test_a_row_of_keys_leaves_in_the_browser_what_it_leaves_on_the_server() -> None:
    """Grades, bridges, moves of levels, undo and redo in any order, compared after every key."""
    draw = random.Random(11)
    rows = [[a_key(draw) for _ in range(40)] for _ in range(60)]

    def sent(part: Any) -> Any:
        return mark_out(part) if isinstance(part, Mark) else part

    keys = [[[sent(part) for part in key] for key in row] for row in rows]
    here = browser([["played", LUMBAR, row] for row in keys])
    for row, stands in zip(rows, here, strict=True):
        server = Server()
        assert stands == [server.marks_after(*key) for key in row]
    verbs = [key[0] for row in rows for key in row]
    bridges = sum("3" in str(marks) for row in here for marks in row)
    assert min(verbs.count(verb) for verb in ("grade", "undo", "redo", "shift")) > 100
    assert bridges > 100


def test_the_browser_opens_a_zip_within_the_bounds_of_the_server() -> None:
    bounds = {
        ("sendable", "MAX_BYTES"): MAX_BYTES,
        ("zip_members", "MOST_GROWTH"): film_files.MOST_GROWTH,
        ("zip_members", "GROWTH_BASE"): film_files.GROWTH_BASE,
        ("zip_members", "MOST_MEMBERS"): film_files.MOST_MEMBERS,
    }
    for (file, name), bound in bounds.items():
        source = (FRONTEND / "src" / "parts" / f"{file}.ts").read_text()
        found = re.search(rf"const {name} = ([\d_* ]+);", source)
        assert found, name
        factors = [int(factor) for factor in found[1].split("**")]
        assert (factors[0] ** factors[1] if len(factors) > 1 else factors[0]) == bound, name
