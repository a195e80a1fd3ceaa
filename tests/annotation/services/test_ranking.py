import json
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.services.ranking import (
    DEFAULT_WEIGHTS,
    KOO_TABLE_1,
    PRIOR_CORNERS,
    UNSEEN_SCORE,
    Candidate,
    Ranked,
    confusion_mass,
    pair_weights,
    rank,
    reason,
)
from inference.msasss import SITES

REFERENCE = json.loads((Path(__file__).parents[2] / "reference_values.json").read_text())
KOO = REFERENCE["koo_table_1"]


def cohort(films_of_patients: list[int], seed: int = 0, corners: int = 12) -> list[Candidate]:
    """Return corners of so many films per patient with random probabilities."""
    random = np.random.default_rng(seed)
    owners = [f"p{i}" for i, films in enumerate(films_of_patients) for _ in range(films)]
    return [
        Candidate(patient, film, site.code, tuple(random.dirichlet([0.5] * 4).tolist()))
        for film, patient in enumerate(owners)
        for site in SITES[:corners]
    ]


cohorts = st.builds(cohort, st.lists(st.integers(1, 3), max_size=8), st.integers(0, 99))
sizes = st.integers(0, 60)
shares = st.floats(0, 1)
caps = st.integers(1, 14)
seeds = st.integers(0, 2**32)
probabilities = st.lists(st.floats(0.01, 1), min_size=4, max_size=4).map(
    lambda p: [x / sum(p) for x in p]
)


def in_stream(batch: list[Ranked], stream: str) -> list[Ranked]:
    return [item for item in batch if item.stream == stream]


def test_the_published_confusion_is_the_one_of_the_reference() -> None:
    assert [list(row) for row in KOO_TABLE_1] == KOO["matrix"]


def test_the_default_weights_follow_the_published_pairwise_rates() -> None:
    rate = KOO["pairwise_rate"]
    worked = {
        (0, 1): rate["0-1"] * 1.5,
        (0, 2): rate["0-2"] * 2 * 1.5,
        (1, 2): rate["1-2"] * 1.5,
        (2, 3): rate["2-3"],
        (1, 3): rate["1-3"] * 2,
        (0, 3): rate["0-3"] * 3,
    }
    for pair, weight in worked.items():
        assert DEFAULT_WEIGHTS[pair] == pytest.approx(weight / worked[0, 1])


def test_weights_are_symmetric_with_a_zero_diagonal_and_a_largest_of_1() -> None:
    weights = pair_weights(np.random.default_rng(1).integers(0, 50, size=(4, 4)))
    assert np.array_equal(weights, weights.T)
    assert np.diag(weights).tolist() == [0, 0, 0, 0]
    assert weights.max() == 1


def test_without_corners_of_ones_own_the_published_table_stands() -> None:
    assert pair_weights(np.zeros((4, 4))) == pytest.approx(DEFAULT_WEIGHTS)


def test_as_many_own_corners_as_the_prior_move_the_weights_half_way() -> None:
    published = np.array(KOO_TABLE_1) / np.sum(KOO_TABLE_1)
    own = np.eye(4) / 8 + np.fliplr(np.eye(4)) / 8
    halfway = pair_weights((published + own) / 2 * 1e12)
    assert pair_weights(own * PRIOR_CORNERS) == pytest.approx(halfway, abs=1e-6)


def test_many_own_corners_outweigh_the_published_table() -> None:
    never_confuses_0_and_1 = np.full((4, 4), 10**6)
    never_confuses_0_and_1[0, 1] = never_confuses_0_and_1[1, 0] = 0
    assert pair_weights(never_confuses_0_and_1)[0, 1] < 0.01


@pytest.mark.parametrize("table", [np.eye(3), -np.eye(4), np.full((4, 4), np.nan)])
def test_weights_of_what_is_no_table_of_counts_are_refused(table: np.ndarray) -> None:
    with pytest.raises(ValueError, match="4 x 4 table"):
        pair_weights(table)


def test_certainty_has_no_confusion_mass() -> None:
    assert confusion_mass(np.eye(4)).tolist() == [0, 0, 0, 0]


def test_the_mass_counts_behind_the_most_probable_grade() -> None:
    likely_0_maybe_1, likely_0_maybe_3 = [0.6, 0.4, 0, 0], [0.6, 0, 0, 0.4]
    assert confusion_mass(likely_0_maybe_1) > confusion_mass(likely_0_maybe_3)


def test_with_equal_weights_the_mass_is_half_the_gini_impurity() -> None:
    p = np.random.default_rng(2).dirichlet(np.ones(4), size=9)
    equal = 1 - np.eye(4)
    assert confusion_mass(p, equal) == pytest.approx((1 - (p**2).sum(axis=1)) / 2)


def test_with_squared_steps_the_mass_is_the_variance_of_the_grade() -> None:
    p = np.random.default_rng(2).dirichlet(np.ones(4), size=9)
    grades = np.arange(4)
    variance = p @ grades**2 - (p @ grades) ** 2
    assert confusion_mass(p, np.subtract.outer(grades, grades) ** 2) == pytest.approx(variance)


@given(probabilities)
def test_the_mass_is_never_negative_nor_above_that_of_equal_weights(p: list[float]) -> None:
    assert 0 <= confusion_mass(p) <= 0.375 + 1e-9


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ([0.50, 0.46, 0.03, 0.01], "0 vs 1, margin 0.04"),
        ([0.05, 0.45, 0.48, 0.02], "1 vs 2, margin 0.03"),
        ([0.05, 0.00, 0.50, 0.45], "2 vs 3, margin 0.05"),
    ],
)
def test_the_reason_names_the_pair_in_doubt(p: list[float], expected: str) -> None:
    assert reason(p) == expected


def test_the_most_confused_corner_comes_first() -> None:
    sure = Candidate("p1", 1, "C3_SUP", (0.97, 0.01, 0.01, 0.01))
    doubt = Candidate("p2", 2, "C5_INF", (0.50, 0.46, 0.03, 0.01))
    first, second = rank([sure, doubt], size=2, random_share=0, seed=1)
    assert (first.candidate, first.reason) == (doubt, "0 vs 1, margin 0.04")
    assert second.candidate == sure
    assert first.score > second.score


@given(cohorts, sizes, caps, seeds)
def test_without_a_random_share_scores_fall(
    candidates: list[Candidate], size: int, cap: int, seed: int
) -> None:
    batch = rank(candidates, size=size, random_share=0, per_patient=cap, seed=seed)
    scores = [item.score for item in batch]
    assert scores == sorted(scores, reverse=True)
    assert {item.stream for item in batch} <= {"ranked"}


@given(cohorts, sizes, shares, caps, seeds)
def test_a_batch_keeps_its_size_and_its_cap_per_patient(
    candidates: list[Candidate], size: int, share: float, cap: int, seed: int
) -> None:
    batch = rank(candidates, size=size, random_share=share, per_patient=cap, seed=seed)
    per_patient = Counter(item.candidate.patient for item in batch)
    available = Counter(candidate.patient for candidate in candidates)
    assert all(count <= cap for count in per_patient.values())
    assert len(batch) == min(size, sum(min(cap, count) for count in available.values()))


@given(cohorts, sizes, shares, caps, seeds)
def test_no_corner_is_chosen_twice(
    candidates: list[Candidate], size: int, share: float, cap: int, seed: int
) -> None:
    batch = rank(candidates, size=size, random_share=share, per_patient=cap, seed=seed)
    corners = {(item.candidate.film, item.candidate.site) for item in batch}
    assert len(corners) == len(batch)


@given(cohorts, sizes, shares, seeds, st.randoms(use_true_random=False))
def test_the_same_corners_and_seed_give_the_same_batch(
    candidates: list[Candidate], size: int, share: float, seed: int, random: Random
) -> None:
    shuffled = random.sample(candidates, len(candidates))
    one = rank(candidates, size=size, random_share=share, seed=seed)
    assert one == rank(shuffled, size=size, random_share=share, seed=seed)


@given(cohorts, sizes, caps, seeds)
def test_no_corner_left_behind_beats_a_ranked_one_unless_its_patient_is_full(
    candidates: list[Candidate], size: int, cap: int, seed: int
) -> None:
    batch = rank(candidates, size=size, random_share=0.2, per_patient=cap, seed=seed)
    ranked = in_stream(batch, "ranked")
    count = Counter(item.candidate.patient for item in batch)
    chosen = {item.candidate for item in batch}
    lowest = min((item.score for item in ranked), default=np.inf)
    for candidate in set(candidates) - chosen:
        if count[candidate.patient] < cap and ranked:
            assert confusion_mass(candidate.p) <= lowest + 1e-12


@pytest.mark.parametrize(("size", "share", "expected"), [(20, 0.15, 3), (40, 0.2, 8), (10, 0, 0)])
def test_the_random_share_is_the_share_asked_for(size: int, share: float, expected: int) -> None:
    batch = rank(cohort([1] * 30), size=size, random_share=share, seed=4)
    assert len(in_stream(batch, "random")) == expected


def test_random_corners_stand_at_random_places() -> None:
    candidates = cohort([1] * 30)
    first_places = {
        next(i for i, item in enumerate(batch) if item.stream == "random")
        for seed in range(30)
        if (batch := rank(candidates, size=20, random_share=0.2, seed=seed))
    }
    assert len(first_places) > 5


def test_a_random_corner_is_as_likely_as_its_selection_probability_says() -> None:
    candidates = cohort([1, 1, 3, 2], corners=2)
    batches = [rank(candidates, size=6, random_share=1, per_patient=3, seed=s) for s in range(3000)]
    drawn = Counter(item.candidate for batch in batches for item in batch)
    said = {item.candidate: item.selection_probability for batch in batches for item in batch}
    for candidate in candidates:
        assert drawn[candidate] / len(batches) == pytest.approx(said[candidate], abs=0.035)


@given(cohorts.filter(bool), st.integers(1, 30), seeds)
def test_with_one_corner_each_every_patient_is_equally_likely(
    candidates: list[Candidate], size: int, seed: int
) -> None:
    batch = rank(candidates, size=size, random_share=1, per_patient=1, seed=seed)
    patients = Counter(candidate.patient for candidate in candidates)
    for item in batch:
        share = len(batch) / len(patients) / patients[item.candidate.patient]
        assert item.selection_probability == pytest.approx(share)


def test_a_ranked_corner_is_certain() -> None:
    batch = rank(cohort([1] * 5), size=10, random_share=0.2, seed=0)
    assert {item.selection_probability for item in in_stream(batch, "ranked")} == {1.0}


def test_equal_scores_do_not_favour_the_first_film() -> None:
    even = [Candidate(f"p{i}", i, "C3_SUP", (0.5, 0.5, 0.0, 0.0)) for i in range(20)]
    winners = {rank(even, size=1, random_share=0, seed=s)[0].candidate.film for s in range(40)}
    assert len(winners) > 5


def test_no_candidates_make_an_empty_batch() -> None:
    assert rank([], size=10, seed=0) == []


def test_the_same_corner_twice_is_refused() -> None:
    twice = cohort([1])[:1] * 2
    with pytest.raises(ValueError, match="twice"):
        rank(twice, size=1, seed=0)


@pytest.mark.parametrize(
    "p", [(0.5, 0.6, 0, 0), (1.2, -0.2, 0, 0), (float("nan"), 0.5, 0.5, 0), (0, 0, 0, 0)]
)
def test_probabilities_that_are_none_are_refused(p: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        rank([Candidate("p1", 1, "C3_SUP", p)], size=1, seed=0)


@pytest.mark.parametrize(
    "wrong", [{"size": -1}, {"size": 1, "per_patient": 0}, {"size": 1, "random_share": 1.5}]
)
def test_a_batch_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="A batch needs"):
        rank(cohort([1]), seed=0, **wrong)


@given(probabilities)
def test_no_doubt_weighs_more_than_a_corner_that_was_not_seen(p: list[float]) -> None:
    assert confusion_mass(p, np.ones((4, 4)) - np.eye(4)) < UNSEEN_SCORE


def test_corners_that_the_model_could_not_see_come_first_and_say_so() -> None:
    doubted = cohort([1, 1])
    unseen = [Candidate("q", 9, site, None) for site in ("C7_INF", "T1_SUP")]
    batch = rank([*doubted, *unseen], size=4, random_share=0.0, seed=1)
    assert {item.candidate for item in batch[:2]} == set(unseen)
    assert [item.reason for item in batch[:2]] == ["not seen by the model"] * 2
    assert all(" vs " in item.reason for item in batch[2:])
