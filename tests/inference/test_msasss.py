import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.msasss import (
    BRIDGE,
    DISCS,
    GRADES,
    SITE,
    SITES,
    Site,
    facing,
    likeliest,
    one_sided_bridges,
    sites_of,
    total,
)

REFERENCE = json.loads((Path(__file__).parents[1] / "reference_values.json").read_text())
CODES = [site.code for site in SITES]

sites = st.sampled_from(SITES)
grade_or_missing = st.none() | st.sampled_from(GRADES)
readings = st.dictionaries(st.sampled_from(CODES), grade_or_missing)


def grades_of(cervical: list[int | None], lumbar: list[int | None]) -> dict[str, int | None]:
    return dict(zip(CODES, cervical + lumbar, strict=True))


@pytest.mark.parametrize("row", REFERENCE["sites"]["rows"], ids=lambda row: row["code"])
def test_site_has_the_published_place_and_codes(row: dict[str, str | int]) -> None:
    site = SITES[int(row["index"]) - 1]
    facts = {name: getattr(site, name) for name in row if name != "partner"}
    assert facts | {"partner": facing(site).code} == row


def test_there_are_24_sites_with_different_codes() -> None:
    assert len(SITES) == len(SITE) == 24


@given(sites)
def test_facing_twice_is_the_same_corner_again(site: Site) -> None:
    assert facing(facing(site)) is site


@given(sites)
def test_facing_corners_share_the_disc_and_lie_on_its_two_sides(site: Site) -> None:
    other = facing(site)
    assert other.disc == site.disc
    assert {site.side, other.side} == {"cranial", "caudal"}


def test_facing_takes_a_code_as_well() -> None:
    assert facing("C5_INF").code == "C6_SUP"


def test_the_lower_corner_of_the_vertebra_above_is_the_cranial_side_of_the_disc() -> None:
    assert SITE["C2_INF"].side == "cranial"
    assert SITE["C3_SUP"].side == "caudal"


def test_an_unknown_site_is_refused_with_an_example() -> None:
    with pytest.raises(ValueError, match="write it like C5_INF"):
        facing("C9_INF")


@pytest.mark.parametrize("region", ["C", "L"])
def test_a_film_has_12_sites_two_per_disc_from_the_top_down(region: str) -> None:
    on_film = sites_of(region)
    assert [site.disc for site in on_film] == [d for d in DISCS[region] for _ in range(2)]
    assert [site.index for site in on_film] == sorted(site.index for site in on_film)


@pytest.mark.parametrize("case", REFERENCE["totals"]["cases"], ids=lambda case: case["name"])
def test_r3_gives_the_worked_total(case: dict) -> None:
    result = total(grades_of(case["c"], case["l"]))
    expected = [case["cervical"], case["lumbar"], case["total"]]
    assert [result.cervical, result.lumbar, result.total] == pytest.approx(expected)
    assert result.n_scored == 24 - (case["c"] + case["l"]).count(None)


def test_r3_says_how_many_sites_it_filled() -> None:
    result = total(grades_of([1] * 9 + [None] * 3, [0] * 11 + [None]))
    assert (result.n_scored, result.n_imputed, result.policy) == (20, 4, "R3")
    assert result.reason is None


def test_a_segment_with_four_missing_sites_is_not_scored_and_says_so() -> None:
    result = total(grades_of([1] * 8 + [None] * 4, [0] * 12))
    assert (result.cervical, result.lumbar, result.total, result.n_imputed) == (None, 0, None, 0)
    assert result.reason == (
        "The cervical segment is not scored: 4 of 12 sites are missing, at most 3 may be."
    )


def test_strict_refuses_a_single_missing_site() -> None:
    result = total(grades_of([0] * 12, [1] * 11 + [None]), policy="strict")
    assert (result.cervical, result.lumbar, result.total, result.n_imputed) == (0, None, None, 0)
    assert "lumbar segment is not scored: 1 of 12" in (result.reason or "")


def test_one_film_alone_never_looks_like_a_whole_score() -> None:
    lumbar_film = {site.code: 1 for site in sites_of("L")}
    result = total(lumbar_film)
    assert (result.lumbar, result.cervical, result.total) == (12, None, None)


@given(readings, st.sampled_from(["R3", "strict"]))
def test_totals_stay_within_the_scale(grades: dict[str, int | None], policy: str) -> None:
    result = total(grades, policy)
    for segment in (result.cervical, result.lumbar):
        assert segment is None or 0 <= segment <= 36
    assert result.total is None or 0 <= result.total <= 72
    assert (result.total is None) == (result.reason is not None)


@given(st.lists(st.sampled_from(GRADES), min_size=24, max_size=24))
def test_without_missing_sites_both_policies_give_the_plain_sum(grades: list[int]) -> None:
    read = dict(zip(CODES, grades, strict=True))
    assert total(read).total == total(read, "strict").total == sum(grades)


@given(readings, st.sampled_from(CODES))
def test_a_site_marked_missing_and_a_site_left_out_score_alike(
    grades: dict[str, int | None], code: str
) -> None:
    left_out = {site: grade for site, grade in grades.items() if site != code}
    assert total(grades | {code: None}) == total(left_out)


@pytest.mark.parametrize("grade", [4, -1, 1.5, float("nan")])
def test_a_grade_off_the_scale_is_refused(grade: float) -> None:
    with pytest.raises(ValueError, match="grade of C2_INF must be 0, 1, 2, 3 or None"):
        total({"C2_INF": grade})


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(ValueError, match="R3 or strict"):
        total({}, policy="LOCF")


def test_a_bridge_on_one_side_is_named_by_its_disc() -> None:
    read = {"C2_INF": 3, "C3_SUP": 3, "C3_INF": 2, "C4_SUP": 3, "L5_INF": 3, "S1_SUP": None}
    assert one_sided_bridges(read) == ("C3/C4", "L5/S1")


def test_a_bridge_whose_facing_corner_is_not_read_yet_is_no_error() -> None:
    assert one_sided_bridges({"C2_INF": 3}) == ()


@given(readings)
def test_bridges_set_on_both_sides_are_never_one_sided(grades: dict[str, int | None]) -> None:
    bridged = {code for code, grade in grades.items() if grade == BRIDGE}
    both_sides = grades | {facing(code).code: BRIDGE for code in bridged}
    assert one_sided_bridges(both_sides) == ()


@given(
    st.floats(0, 1),
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3),
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3),
)
def test_facing_corners_of_one_bridge_probability_agree_on_the_bridge(
    bridge: float, cranial: list[float], caudal: list[float]
) -> None:
    both = [
        likeliest([*((1 - bridge) * share / sum(rest) for share in rest), bridge])
        for rest in (cranial, caudal)
    ]
    assert (both[0] == BRIDGE) == (both[1] == BRIDGE)


def test_without_a_bridge_the_likeliest_of_the_other_grades_holds() -> None:
    assert likeliest([0.3, 0.15, 0.1, 0.45]) == 0
    assert likeliest([0.1, 0.2, 0.25, 0.45]) == 2
    assert likeliest([0.1, 0.2, 0.2, 0.5]) == BRIDGE
