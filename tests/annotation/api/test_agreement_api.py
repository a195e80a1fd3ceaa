"""The agreement page's REST: figures of pairs over committed blind reads of one round."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from annotation.models import Study
from annotation.services.agreement import icc
from tests.annotation.conftest import MakeFilm, MakeStudy, MakeUser, Read

ADA = [1, 2, 3, 5]  # corners graded 1 on each film
BEN = [1, 3, 3, 6]
SITES = ["L1_INF", "L2_SUP", "L2_INF", "L3_SUP", "L3_INF", "L4_SUP"]


@pytest.fixture
def office(signed_in: Callable[[User], Client], coordinator: MakeUser) -> Client:
    return signed_in(coordinator())


def read_lumbar(made: Study, reader: MakeUser, read: Read) -> None:
    films = list(made.films.order_by("pk"))
    for name, counts in (("ada", ADA), ("ben", BEN)):
        for film, count in zip(films, counts, strict=True):
            read(made.rounds.get(), reader(name), film, dict.fromkeys(SITES[:count], 1))


def test_the_figures_are_those_of_the_totals(
    office: Client, study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=4)
    read_lumbar(made, reader, read)
    found = office.get(f"/api/v1/studies/{made.pk}/agreement").json()
    assert (found["readers"], found["films"]) == (["ada", "ben"], 4)
    [pair] = found["pairs"]
    [lumbar] = pair["totals"]
    expected = icc(list(zip(ADA, BEN, strict=True)))
    assert (lumbar["scale"], lumbar["n"]) == ("lumbar", 4)
    for form in ("ICC(2,1)", "ICC(3,1)"):
        assert lumbar["icc"][form]["value"] == pytest.approx(expected[form].value)
        assert lumbar["icc"][form]["ci95"] == pytest.approx(list(expected[form].ci95 or ()))
    assert lumbar["bias"] == -0.5
    assert lumbar["loa"][0] < -0.5 < lumbar["loa"][1]
    assert found["all_readers"] == [{key: lumbar[key] for key in ("scale", "n", "icc")}]


def test_the_confusion_counts_corners_both_graded(
    office: Client, study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=1)
    read(made.rounds.get(), reader("ada"), grades={"L1_INF": 2, "L5_INF": "rotated"})
    read(made.rounds.get(), reader("ben"), grades={"L1_INF": 1})
    [pair] = office.get(f"/api/v1/studies/{made.pk}/agreement").json()["pairs"]
    assert pair["confusion"] == [[10, 0, 0, 0], [0] * 4, [0, 1, 0, 0], [0] * 4]
    assert pair["corners"] == 11


def test_the_msasss_needs_both_films_of_a_visit(
    office: Client, study: MakeStudy, film: MakeFilm, reader: MakeUser, read: Read
) -> None:
    films = [film(region=r, patient=f"p{n}") for n in range(3) for r in "CL"]
    made = study(films=films)
    for name in ("ada", "ben"):
        for number, one in enumerate(films):
            site = "C3_SUP" if one.region == "C" else "L1_INF"
            read(made.rounds.get(), reader(name), one, {site: number % 3})
    [pair] = office.get(f"/api/v1/studies/{made.pk}/agreement").json()["pairs"]
    assert [(row["scale"], row["n"]) for row in pair["totals"]] == [
        ("mSASSS", 3),
        ("cervical", 3),
        ("lumbar", 3),
    ]


def test_a_study_that_nobody_has_read_has_no_figures_but_answers(
    office: Client, study: MakeStudy
) -> None:
    found = office.get(f"/api/v1/studies/{study().pk}/agreement").json()
    [pair] = found["pairs"]
    assert (pair["totals"], pair["kappa_quadratic"], pair["corners"]) == ([], None, 0)
    assert (found["films"], found["all_readers"]) == (0, [])


def test_rounds_are_never_pooled(
    office: Client, study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=1, washouts=(0, 0))
    for number in (1, 2):
        for name in ("ada", "ben"):
            read(made.rounds.get(number=number), reader(name))
    second = made.rounds.get(number=2)
    answers: dict[str, Any] = {
        query: office.get(f"/api/v1/studies/{made.pk}/agreement{query}").json()
        for query in ("", f"?round={second.pk}")
    }
    assert [answer["round"]["number"] for answer in answers.values()] == [1, 2]
    assert {answer["pairs"][0]["corners"] for answer in answers.values()} == {12}


def test_a_round_of_another_study_is_not_here(office: Client, study: MakeStudy) -> None:
    other = study().rounds.get()
    answer = office.get(f"/api/v1/studies/{study().pk}/agreement?round={other.pk}")
    assert answer.status_code == 404


def test_the_change_of_a_patient_is_that_of_last_and_first_visit(
    office: Client, study: MakeStudy, film: MakeFilm, reader: MakeUser, read: Read
) -> None:
    films = [film(patient=f"p{n}", day=day) for n in range(3) for day in (0, 730)]
    made = study(films=films)
    rises = {"ada": (1, 3, 0), "ben": (2, 3, 0)}  # of patients 0, 1, 2
    for name, of_patient in rises.items():
        for n, rise in enumerate(of_patient):
            read(made.rounds.get(), reader(name), films[2 * n], {"L1_INF": 1})
            later = dict.fromkeys(SITES[: rise + 1], 1)
            read(made.rounds.get(), reader(name), films[2 * n + 1], later)
    [pair] = office.get(f"/api/v1/studies/{made.pk}/agreement").json()["pairs"]
    [lumbar] = pair["changes"]
    expected = icc(list(zip(*rises.values(), strict=True)))["ICC(2,1)"]
    assert (lumbar["scale"], lumbar["n"]) == ("lumbar", 3)
    assert lumbar["icc"]["value"] == pytest.approx(expected.value)
    assert lumbar["mean"] == pytest.approx(1.5)
    assert lumbar["progressed"] == 1
    assert lumbar["sdc"] > 0


def test_kappa_has_an_interval_that_respects_the_patient(
    office: Client, study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=4)
    read_lumbar(made, reader, read)
    found = office.get(f"/api/v1/studies/{made.pk}/agreement").json()
    [pair] = found["pairs"]
    low, high = pair["kappa_ci95"]
    assert low < pair["kappa_quadratic"] < high
    assert found["alpha_ordinal"] == pytest.approx(pair["kappa_quadratic"], abs=0.02)


def test_one_patient_gives_no_interval(
    office: Client, study: MakeStudy, film: MakeFilm, reader: MakeUser, read: Read
) -> None:
    made = study(films=[film(patient="p")])
    for name in ("ada", "ben"):
        read(made.rounds.get(), reader(name), None, {"L1_INF": 2})
    [pair] = office.get(f"/api/v1/studies/{made.pk}/agreement").json()["pairs"]
    assert pair["kappa_ci95"] is None
    assert pair["changes"] == []


def test_changes_speak_of_visits_that_both_readers_have_scored(
    office: Client, study: MakeStudy, film: MakeFilm, reader: MakeUser, read: Read
) -> None:
    films = [film(patient="p", day=day) for day in (0, 730, 1460)]
    made = study(films=films)
    for later in (0, 1, 2):
        read(made.rounds.get(), reader("ada"), films[later], dict.fromkeys(SITES[: 2 * later], 1))
    for later in (0, 1):
        read(made.rounds.get(), reader("ben"), films[later], dict.fromkeys(SITES[: 2 * later], 1))
    [pair] = office.get(f"/api/v1/studies/{made.pk}/agreement").json()["pairs"]
    assert pair["changes"][0]["mean"] == 2.0
