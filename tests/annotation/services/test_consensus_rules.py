"""Which differences are judged, and what arithmetic makes of the rest."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from annotation.models import AdjudicationCase, Consensus, Study
from annotation.services.consensus_rules import Grades, average, settled, to_be_judged, triggers
from inference.msasss import one_sided_bridges, sites_of
from tests.annotation.conftest import MakeStudy, MakeUser, Read

LUMBAR = [site.code for site in sites_of("L")]
GRADE = st.one_of(st.none(), st.integers(0, 3))


def film(**named: Grades) -> dict[str, Grades]:
    return {site: named.get(site, (0, 0)) for site in LUMBAR}


@pytest.mark.parametrize(
    ("trigger", "grades", "judged"),
    [
        ("any", (0, 1), True),
        ("any", (2, 2), False),
        ("two_grades", (0, 1), False),
        ("two_grades", (0, 2), True),
        ("two_grades", (0, 1, 2), True),
        ("bridge", (0, 2), False),
        ("bridge", (2, 3), True),
        ("bridge", (3, 3), False),
        ("total", (0, 3), False),
        ("two_grades", (None, 0), True),
        ("bridge", (None, None), False),
        ("total", (None, 2), True),
    ],
)
def test_a_difference_is_judged_by_the_studys_trigger(
    trigger: str, grades: Grades, judged: bool
) -> None:
    assert triggers(trigger, grades) is judged


def test_totals_apart_send_every_differing_corner_of_the_film() -> None:
    corners = film(L1_INF=(0, 1), L2_INF=(0, 2), L3_INF=(1, 1))
    judged = to_be_judged("total", corners, largest=2, policy="R3")
    assert judged == {"L1_INF", "L2_INF"}
    assert to_be_judged("total", corners, largest=3, policy="R3") == set()


def test_differences_that_cancel_in_the_total_do_not_trigger_it() -> None:
    corners = film(L1_INF=(0, 2), L3_INF=(2, 0))
    assert to_be_judged("total", corners, largest=1, policy="R3") == set()


def test_a_film_without_a_total_is_judged() -> None:
    unread = dict.fromkeys(LUMBAR[:4], (None, None))
    corners = film(**unread, L5_INF=(0, 1))
    assert to_be_judged("total", corners, largest=30, policy="R3") == {"L5_INF"}


def test_with_a_bridge_in_question_the_facing_corner_is_judged_too() -> None:
    corners = film(L1_INF=(3, 1), L2_SUP=(3, 2))
    assert to_be_judged("two_grades", corners, largest=None, policy="R3") == {"L1_INF", "L2_SUP"}


@pytest.mark.parametrize(
    ("rule", "grades", "value"),
    [("mean", (0, 1, 2, 2), 1.25), ("median", (0, 0, 2), 0), ("median", (1, 2), 1.5)],
)
def test_mean_and_median_keep_their_fractions(rule: str, grades: Grades, value: float) -> None:
    assert average(rule, grades) == value


def test_a_settled_corner_is_a_whole_grade_half_upwards() -> None:
    corners = film(L1_INF=(0, 1), L2_INF=(0, 0, 1))
    assert settled("median", film(L1_INF=(0, 1)), but=()) == {"L1_INF": 1}
    assert settled("mean", {"L2_INF": corners["L2_INF"]}, but=()) == {"L2_INF": 0}


def test_agreed_and_judged_corners_are_not_settled() -> None:
    corners = film(L1_INF=(2, 2), L2_INF=(0, 1), L3_INF=(0, 3))
    assert settled("mean", corners, but={"L3_INF"}) == {"L2_INF": 1}


@given(
    rule=st.sampled_from(["mean", "median"]),
    trigger=st.sampled_from(["any", "two_grades", "bridge", "total"]),
    readers=st.lists(
        st.lists(st.tuples(GRADE, GRADE, st.booleans()), min_size=6, max_size=6),
        min_size=2,
        max_size=4,
    ),
)
def test_no_arithmetic_leaves_a_bridge_on_one_side(
    rule: str, trigger: str, readers: list[list[tuple[int | None, int | None, bool]]]
) -> None:
    """Each reader's own marks obey the bridge rule; what is held of them must too."""
    given_marks: list[list[int | None]] = [[] for _ in LUMBAR]
    for discs in readers:
        for disc, (above, below, bridged) in enumerate(discs):
            pair = (3, 3) if bridged else (min(above or 0, 2), min(below or 0, 2))
            given_marks[2 * disc].append(pair[0])
            given_marks[2 * disc + 1].append(pair[1])
    corners = dict(zip(LUMBAR, given_marks, strict=True))
    judged = to_be_judged(trigger, corners, largest=4, policy="R3")
    held = settled(rule, corners, judged)
    agreed = {site: grades[0] for site, grades in corners.items() if len(set(grades)) == 1}
    standing = {**agreed, **held}
    whole = [
        disc for disc in range(6) if {LUMBAR[2 * disc], LUMBAR[2 * disc + 1]} <= standing.keys()
    ]
    pairs = {LUMBAR[2 * disc + side]: None for disc in whole for side in (0, 1)}
    assert not one_sided_bridges({site: standing[site] for site in pairs})


def both_read(
    read: Read, reader: MakeUser, made: Study, ada: dict[str, int], ben: dict[str, int]
) -> None:
    for name, grades in (("ada", ada), ("ben", ben)):
        read(made.rounds.get(), reader(name), grades=grades)


def test_a_difference_that_does_not_trigger_is_settled_by_the_studys_rule(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=1, adjudication_trigger="two_grades", settling_rule="mean")
    both_read(read, reader, made, {"L3_INF": 1, "L5_INF": 2}, {"L3_INF": 2})
    row = Consensus.objects.get(site="L3_INF")
    assert (row.grade, row.rule) == (2, "mean")
    assert AdjudicationCase.objects.get().site == "L5_INF"


def test_readers_whose_totals_lie_apart_are_judged_corner_by_corner(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=1, adjudication_trigger="total", adjudication_total=2)
    both_read(read, reader, made, {"L3_INF": 2, "L5_INF": 1}, {})
    assert set(AdjudicationCase.objects.values_list("site", flat=True)) == {"L3_INF", "L5_INF"}
    assert Consensus.objects.current().count() == 10


def test_a_trigger_by_total_needs_its_limit(study: MakeStudy) -> None:
    with pytest.raises(ValidationError, match="by how many units"):
        study(films=1, adjudication_trigger="total")
