import numpy as np
import pytest

from annotation.services.agreement import icc
from inference.msasss import Region, one_sided_bridges, sites_of
from training.phantom import severity
from training.phantom.cohort import CornerTruth
from training.phantom.readers import read


def _corners(
    latents: np.ndarray, hidden: tuple[str, ...] = (), region: Region = "L"
) -> dict[str, CornerTruth]:
    """Corners of one film from latents [6, 2]."""
    grade = severity.grades(latents)
    return {
        site.code: CornerTruth(
            int(grade[i // 2, i % 2]), float(latents[i // 2, i % 2]), site.code not in hidden, 0, 0
        )
        for i, site in enumerate(sites_of(region))
    }


def _cohort(patients: int) -> list[dict[str, CornerTruth]]:
    return [
        _corners(severity.latents("trial", 2, patient, (0,))["L"][0]) for patient in range(patients)
    ]


def test_a_reader_without_slip_reads_the_truth() -> None:
    for corners in _cohort(40):
        assert read(corners, 1, slip=0) == {code: c.grade for code, c in corners.items()}


def test_the_same_reader_reads_the_same_film_the_same_way() -> None:
    corners = _cohort(1)[0]
    assert read(corners, 4, film="a") == read(corners, 4, film="a")


def test_a_bridge_is_called_on_both_facing_corners() -> None:
    for corners in _cohort(200):
        assert one_sided_bridges(read(corners, 3, slip=0.2)) == ()


def test_a_hidden_corner_is_not_graded_and_its_disc_never_a_bridge() -> None:
    latents = np.full((6, 2), 0.2)
    latents[5] = 3.5
    grades = read(_corners(latents, hidden=("S1_SUP",)), 1)
    assert grades["S1_SUP"] is None
    assert grades["L5_INF"] != 3


def test_two_default_readers_agree_about_as_often_as_people_do() -> None:
    pairs = [(read(c, 1), read(c, 2)) for c in _cohort(500)]
    agreed = np.mean([a[code] == b[code] for a, b in pairs for code in a])
    assert 0.88 < agreed < 0.96


def _total(latents: dict[Region, np.ndarray], reader: int, name: str) -> int:
    """The mSASSS of both films of one visit, as one reader sums it."""
    return sum(
        grade or 0
        for region in severity.REGIONS
        for grade in read(
            _corners(latents[region][0], region=region), reader, film=f"{name} {region}"
        ).values()
    )


def test_two_default_readers_are_as_reliable_as_the_literatures() -> None:
    """Published: SDC 2.0 (Baraliakos 2007), unpaired change ICC 0.46-0.62 (SPAR), status 0.99."""
    totals = np.array(
        [
            [
                [
                    _total(
                        severity.latents("clinic", 5, patient, (day,)), reader, f"{patient} {day}"
                    )
                    for day in (0, 730)
                ]
                for reader in (1, 2)
            ]
            for patient in range(900)
        ],
        dtype=float,
    )
    change = totals[:, :, 1] - totals[:, :, 0]
    # 900 patients: the interval of a change ICC of 0.55 is 0.50 to 0.60
    assert icc(change)["ICC(2,1)"].value == pytest.approx(0.54, abs=0.10)
    assert icc(totals[:, :, 0])["ICC(2,1)"].value > 0.99
    assert 1.96 * np.std(change[:, 0] - change[:, 1]) / 2 == pytest.approx(2.0, abs=0.25)


def test_more_slip_means_less_agreement() -> None:
    def agreement(slip: float) -> float:
        pairs = [(read(c, 1, slip=slip), read(c, 2, slip=slip)) for c in _cohort(150)]
        return float(np.mean([a[code] == b[code] for a, b in pairs for code in a]))

    assert agreement(0.02) > agreement(0.2) + 0.05


def test_a_biased_reader_sees_more() -> None:
    cohort = _cohort(100)
    level = [
        sum(g or 0 for c in cohort for g in read(c, 1, bias=b).values()) for b in (-0.3, 0, 0.3)
    ]
    assert level == sorted(level)
    assert level[0] < level[2]


def test_an_impossible_slip_is_refused() -> None:
    with pytest.raises(ValueError, match=r"between 0 and 0\.4"):
        read({}, 1, slip=0.9)
