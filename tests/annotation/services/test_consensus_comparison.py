"""Consensus by rule is computed anew from the reads and compared."""

import pytest

from annotation.models import Study
from annotation.services import consensus_comparison
from tests.annotation.conftest import MakeStudy, MakeUser, Read


@pytest.fixture
def differing(study: MakeStudy, reader: MakeUser, read: Read) -> Study:
    made = study(films=1, readers=["ada", "ben", "cleo"])
    for name, grade in (("ada", 0), ("ben", 0), ("cleo", 2)):
        read(made.rounds.get(), reader(name), grades={"L3_INF": grade, "L5_INF": 1})
    return made


def test_each_rule_holds_what_it_says(differing: Study) -> None:
    film = differing.films.get().pk
    held = {rule: consensus_comparison.by_rule(differing, rule) for rule in ("mean", "median")}
    assert held["mean"][film, "L3_INF"] == pytest.approx(2 / 3)
    assert held["median"][film, "L3_INF"] == 0
    for rule in ("agree", "adjudicated"):
        settled = consensus_comparison.by_rule(differing, rule)
        assert (film, "L3_INF") not in settled
        assert settled[film, "L5_INF"] == 1


def test_two_rules_are_compared_by_corner_and_by_total(differing: Study) -> None:
    rules, pairs = consensus_comparison.compare(differing)
    assert {one.rule: one.corners for one in rules} == {
        "agree": 11,
        "mean": 12,
        "median": 12,
        "adjudicated": 11,
    }
    pair = next(one for one in pairs if one.rules == ("mean", "median"))
    assert (pair.corners, pair.equal, pair.films) == (12, 11, 1)
    assert pair.mean_total_difference == pytest.approx(-2 / 3)


def test_a_study_that_nobody_has_read_has_nothing_to_compare(study: MakeStudy) -> None:
    rules, pairs = consensus_comparison.compare(study(films=1))
    assert {one.corners for one in rules} == {0}
    assert {one.mean_difference for one in pairs} == {None}
