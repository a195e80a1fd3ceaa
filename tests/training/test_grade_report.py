"""The report of a grader against published tables and against the product's own statistics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotation.services import agreement, bootstrap
from inference.msasss import Region, sites_of
from tests.training.test_evaluation import DISCS
from training import metrics
from training.grade_report import grade_report
from training.model_comparison import compared_grades, compared_points
from training.reliability import reliability
from training.resamples import draw, interval
from training.score_agreement import score_figures
from training.snapshot import SnapshotFilm

REFERENCE = json.loads((Path(__file__).parents[1] / "reference_values.json").read_text())
KOO = np.array(REFERENCE["koo_table_1"]["matrix"])
PAIRS = [[0, 1], [2, 3], [1, 2], [0, 2], [1, 3], [0, 3]]  # by frequency, counted in Table 1


def sure(grade: int) -> list[float]:
    return [float(grade == g) for g in range(4)]


def film(patient: str, day: int, region: Region, grades: list[int], **more: Any) -> SnapshotFilm:
    corners = {s.code: tuple(sure(g)) for s, g in zip(sites_of(region), grades, strict=True)}
    return SnapshotFilm(
        f"{patient}-{day}-{region}", Path("f.jls"), patient, "test", day, region,
        more.pop("centre", "here"), more.pop("scanner", "A"), 0.5, "", DISCS, corners, **more,
    )  # fmt: skip


def paper_films() -> tuple[list[SnapshotFilm], list[dict[str, list[float]]]]:
    """Table 1 of Koo et al. 2022 as corners, twelve a film, two films a patient."""
    pairs = [(a, p) for a in range(4) for p in range(4) for _ in range(KOO[a, p])]
    order = np.random.default_rng(0).permutation(len(pairs))
    films, predicted = [], []
    for start in range(0, len(pairs), 12):
        held = [pairs[i] for i in order[start : start + 12]]
        number = start // 12
        sites = sites_of("C")[: len(held)]
        corners = {s.code: tuple(sure(a)) for s, (a, _) in zip(sites, held, strict=True)}
        one = film(f"p{number // 2}", 730 * (number % 2), "C", [0] * 12)
        one.corners.clear()
        one.corners.update(corners)
        films.append(one)
        predicted.append({s.code: sure(p) for s, (_, p) in zip(sites, held, strict=True)})
    return films, predicted


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return grade_report(*paper_films())


def test_table_1_gives_table_2_with_intervals(report: dict[str, Any]) -> None:
    assert report["confusion"] == KOO.tolist()
    printed = [
        (2250, 6085, 623, 368, 0.859, 0.907, 0.783, 0.820, 0.894),
        (2169, 6034, 500, 623, 0.777, 0.923, 0.813, 0.794, 0.880),
        (700, 8005, 225, 396, 0.639, 0.973, 0.757, 0.693, 0.933),
        (2641, 6288, 218, 179, 0.937, 0.966, 0.924, 0.930, 0.957),
    ]
    names = ("tp", "tn", "fp", "fn", "sensitivity", "specificity", "ppv", "f1", "accuracy_ovr")
    for row, expected in zip(report["per_grade"], printed, strict=True):
        assert tuple(round(row[name], 3) for name in names) == expected
        for name in names[4:]:
            low, high = row["ci95"][name]
            assert low < row[name] < high
    assert report["multiclass_accuracy"] == pytest.approx(0.832082, abs=1e-6)
    assert report["mean"]["accuracy_ovr"] == pytest.approx(0.916041, abs=1e-6)
    assert report["kappa_quadratic"] == pytest.approx(0.900367, abs=1e-6)


def test_confused_pairs_are_those_counted_in_table_1(report: dict[str, Any]) -> None:
    pairs = report["confusion_pairs"]
    assert [pair["pair"] for pair in pairs] == PAIRS
    assert (pairs[0]["a_as_b"], pairs[0]["b_as_a"]) == (295, 502)
    shares = [0.50894, 0.15900, 0.14176, 0.09579, 0.06641, 0.02810]
    assert [pair["share_of_errors"] for pair in pairs] == pytest.approx(shares, abs=1e-5)
    rates = [0.1473, 0.0636, 0.0571, 0.0404, 0.0185, 0.0081]
    assert [pair["rate"] for pair in pairs] == pytest.approx(rates, abs=1e-4)


def test_intervals_are_those_of_the_patient_bootstrap_row_by_row() -> None:
    random = np.random.default_rng(1)
    patients = [f"p{i // 24}" for i in range(40 * 24)]
    drift = np.repeat(random.integers(-1, 2, 40), 24)
    actual = random.integers(0, 4, len(patients))
    guessed = (actual + drift * (random.random(len(patients)) < 0.5)).clip(0, 3)

    def statistic(rows: np.ndarray) -> float | None:
        return metrics.kappa(metrics.confusion(actual[rows], guessed[rows]))

    slow = bootstrap.patient_bootstrap(patients, statistic, replicates=1000)
    cells = np.zeros((len(patients), 4, 4))
    cells[np.arange(len(patients)), actual, guessed] = 1
    fast = interval(metrics.kappas(draw(patients).sums(cells, patients)))
    assert fast == pytest.approx([slow.low, slow.high], abs=0.02)
    alone = interval(
        metrics.kappas(draw([str(i) for i in range(960)]).sums(cells, [str(i) for i in range(960)]))
    )
    assert fast is not None
    assert alone is not None
    assert fast[1] - fast[0] > 1.5 * (alone[1] - alone[0])


def test_scores_of_two_raters_agree_as_the_product_computes_it() -> None:
    random = np.random.default_rng(2)
    first = random.integers(0, 40, 30).astype(float)
    second = first + random.integers(-3, 5, 30)
    patients = [f"p{i}" for i in range(30)]
    found = score_figures(first, second, patients, draw(patients))
    whole = agreement.icc(np.stack([first, second], axis=1))["ICC(2,1)"]
    assert found["icc"] == pytest.approx(whole.value)
    assert found["bias"] == pytest.approx(float((second - first).mean()))
    low, high = found["icc_ci95"]
    assert low < found["icc"] < high


def test_scores_without_spread_or_with_too_few_have_no_icc() -> None:
    patients = ["a", "b", "c"]
    assert score_figures([5, 5, 5], [5, 5, 5], patients, draw(patients))["icc"] is None
    two = score_figures([5, 6], [5, 7], patients[:2], draw(patients[:2]))
    assert (two["icc"], two["limits"]) == (None, None)
    assert score_figures([], [], [], draw([]))["n"] == 0


def cohort() -> tuple[list[SnapshotFilm], list[dict[str, list[float]]]]:
    """Eight patients, two visits, both films, two readers; the model adds a grade at times."""
    random = np.random.default_rng(3)
    films, predicted = [], []
    for patient in range(8):
        base = random.integers(0, 2, 24)
        for day in (0, 730):
            grades = (base + (random.random(24) < 0.1 * (day > 0) * patient)).clip(0, 2)
            for region, half in (("C", grades[:12]), ("L", grades[12:])):
                sites = [site.code for site in sites_of(region)]  # type: ignore[arg-type]
                reads = {
                    reader: {
                        s: int(min(2, g + (random.random() < slip)))
                        for s, g in zip(sites, half, strict=True)
                    }
                    for reader, slip in (("ada", 0.02), ("ben", 0.1))
                }
                films.append(
                    film(f"p{patient}", day, region, half.tolist(), reads=reads,  # type: ignore[arg-type]
                         centre=f"c{patient % 2}", scanner=f"s{patient % 3}",
                         device=f"d{patient % 4}")
                )  # fmt: skip
                guess = [int(min(3, g + (random.random() < 0.1))) for g in half]
                predicted.append({s: sure(g) for s, g in zip(sites, guess, strict=True)})
    return films, predicted


def test_the_model_stands_beside_the_readers_in_the_same_figures() -> None:
    readers = grade_report(*cohort())["readers"]
    assert [row["raters"] for row in readers["model"]] == [
        ["truth", "model"], ["ada", "model"], ["ben", "model"],
    ]  # fmt: skip
    (between,) = readers["readers"]
    assert between["raters"] == ["ada", "ben"]
    assert between.keys() == readers["model"][0].keys()
    assert between["corners"] == 8 * 2 * 24
    whole = between["scores"]["mSASSS"]
    assert (whole["n"], whole["patients"], whole["change"]["n"]) == (16, 8, 8)
    assert between["scores"]["lumbar"]["n"] == 16


def test_strata_hold_every_corner_once() -> None:
    films, predicted = cohort()
    strata = grade_report(films, predicted)["strata"]
    assert strata.keys() == {"level", "centre", "scanner", "device"}
    for rows in strata.values():
        assert sum(row["corners"] for row in rows) == len(films) * 12
    assert [row["name"] for row in strata["level"]][:2] == ["C2/C3", "C3/C4"]
    assert len(strata["level"]) == 12
    assert {row["name"] for row in strata["scanner"]} == {"s0", "s1", "s2"}
    assert {row["name"] for row in strata["device"]} == {"d0", "d1", "d2", "d3"}


def test_every_patient_has_scores_and_change_and_a_segment_is_no_msasss() -> None:
    films, predicted = cohort()
    rows = grade_report(films, predicted)["per_patient"]
    whole = [row for row in rows if row["scale"] == "mSASSS"]
    assert len(whole) == 8
    days, truth, _ = whole[0]["visits"][1]
    assert days == 730
    assert truth == sum(
        votes.index(1.0)
        for f in films
        if (f.patient, f.visit_days) == ("p0", 730)
        for votes in f.corners.values()
    )
    assert whole[0]["change"][0] == truth - whole[0]["visits"][0][1]
    lumbar = [f for f in films if f.region == "L"]
    kept = [p for f, p in zip(films, predicted, strict=True) if f.region == "L"]
    assert grade_report(lumbar, kept)["scores"]["mSASSS"]["n"] == 0


def test_a_report_of_no_films_has_no_figures_and_is_json() -> None:
    found = grade_report([], [])
    assert found["corners"] == 0
    json.dumps(found, allow_nan=False)


def test_a_report_is_json(report: dict[str, Any]) -> None:
    json.dumps(report, allow_nan=False)


def test_reliability_of_honest_and_of_boastful_probabilities() -> None:
    random = np.random.default_rng(4)
    shares = random.dirichlet([1, 1, 1, 1], 4000)
    actual = [int(random.choice(4, p=p)) for p in shares]
    patients = [f"p{i // 20}" for i in range(4000)]
    honest = reliability(shares, actual, patients, draw(patients))
    sharp = shares**4 / (shares**4).sum(axis=1, keepdims=True)
    boastful = reliability(sharp, actual, patients, draw(patients))
    assert honest["ece"] < 0.03 < 0.1 < boastful["ece"]
    assert honest["brier"] < boastful["brier"]
    assert honest["brier"] == pytest.approx(float((1 - (shares**2).sum(axis=1)).mean()), abs=0.02)
    assert honest["brier_ci95"][0] < honest["brier"] < honest["brier_ci95"][1]
    assert all(abs(b["said"] - b["found"]) < 0.15 for b in honest["reliability"][0][:5])


def worse(predicted: list[dict[str, list[float]]], every: int) -> list[dict[str, list[float]]]:
    return [
        {
            site: sure(3 - int(np.argmax(p))) if (i + j) % every == 0 else p
            for j, (site, p) in enumerate(shares.items())
        }
        for i, shares in enumerate(predicted)
    ]


def test_a_better_a_worse_and_the_same_model_get_their_verdicts() -> None:
    films, predicted = cohort()
    poor = worse(predicted, 5)
    up, down = compared_grades(films, predicted, poor), compared_grades(films, poor, predicted)
    assert (up["verdict"], down["verdict"]) == ("better", "worse")
    kappa = up["figures"][0]
    assert kappa["name"] == up["decisive"] == "kappa_quadratic"
    assert kappa["ci95"][0] > 0
    assert kappa["difference"] == pytest.approx(kappa["candidate"] - kappa["serving"])
    assert "is better than the serving model on 8 test patients" in up["sentence"]
    same = compared_grades(films, predicted, predicted)
    assert (same["verdict"], same["figures"][0]["ci95"]) == ("not_worse", [0.0, 0.0])


def test_one_patient_gives_no_verdict() -> None:
    films, predicted = cohort()
    found = compared_grades(films[:4], predicted[:4], worse(predicted[:4], 3))
    assert found["verdict"] == "unknown"
    assert "Read more test films" in found["sentence"]


@pytest.mark.parametrize(("patients", "verdict"), [(3, "open"), (148, "open"), (149, "not_worse")])
def test_few_patients_on_whom_two_models_agree_prove_little(patients: int, verdict: str) -> None:
    films = [film(f"p{i}", 0, "C", [0] * 12) for i in range(patients)]
    moved = {
        disc: type(p)(disc, (p.center[0] + 1, p.center[1]), p.anterior) for disc, p in DISCS.items()
    }
    found = compared_points(films, [moved] * patients, [DISCS] * patients)
    assert (found["figures"][0]["difference"], found["verdict"]) == (0.0, verdict)
    low, high = found["figures"][0]["ci95"]
    assert -low == high == pytest.approx(3 / patients, rel=0.6)
    same = compared_points(films, [DISCS] * patients, [DISCS] * patients)
    assert same["verdict"] == "not_worse"


def test_a_paired_interval_is_narrower_than_the_two_apart() -> None:
    films, predicted = cohort()
    found = compared_grades(films, predicted, worse(predicted, 50))["figures"][0]
    apart = found["candidate_ci95"][1] - found["candidate_ci95"][0]
    assert found["ci95"][1] - found["ci95"][0] < apart * 2


def test_points_are_compared_by_the_discs_within_2_mm() -> None:
    films = [film(f"p{i}", 0, "C", [0] * 12) for i in range(6)]
    moved = {
        disc: type(p)(disc, (p.center[0] + 6, p.center[1]), p.anterior) for disc, p in DISCS.items()
    }
    found = compared_points(films, [DISCS] * 6, [DISCS] * 5 + [moved])
    first = found["figures"][0]
    assert (first["name"], first["candidate"]) == ("within_2_mm", 1.0)
    assert first["serving"] == pytest.approx(5 / 6)
    assert found["verdict"] in {"not_worse", "open", "better"}
