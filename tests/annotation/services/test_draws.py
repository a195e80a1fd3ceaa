"""Who reads which film: as often as wanted, evenly, whole patients, the same when drawn again."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.errors import BadInput
from annotation.models import Reading, Study
from annotation.services import draws
from tests.annotation.conftest import MakeFilm, MakeStudy, MakeUser, Read

SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=40)


def patients(sizes: list[int]) -> dict[int, list[int]]:
    return {patient: [100 * patient + n for n in range(size)] for patient, size in enumerate(sizes)}


@given(sizes=SIZES, n=st.integers(1, 5), data=st.data())
def test_every_film_is_read_by_k_readers_and_patients_stay_whole(
    sizes: list[int], n: int, data: st.DataObject
) -> None:
    films_of, readers = patients(sizes), list(range(n))
    k = data.draw(st.integers(1, n))
    films = draws.assign(films_of, readers, each=k, doubled=0, seed="7")
    assert Counter(film for mine in films.values() for film in mine) == {
        film: k for of_one in films_of.values() for film in of_one
    }
    for mine in films.values():
        for of_one in films_of.values():
            assert set(of_one) <= set(mine) or not set(of_one) & set(mine)
    loads = [len(mine) for mine in films.values()]
    assert max(loads) - min(loads) <= max(sizes)
    assert draws.assign(films_of, readers, each=k, doubled=0, seed="7") == films


@given(sizes=SIZES, share=st.floats(0.01, 0.99))
def test_a_share_of_the_patients_is_read_by_two(sizes: list[int], share: float) -> None:
    films_of = patients(sizes)
    films = draws.assign(films_of, [1, 2, 3], each=1, doubled=share, seed="7")
    times = Counter(film // 100 for film in {f for mine in films.values() for f in mine})
    assert set(times) == set(films_of)
    read_by = Counter(patient for mine in films.values() for patient in {f // 100 for f in mine})
    assert sum(count == 2 for count in read_by.values()) == round(len(sizes) * share)
    assert set(read_by.values()) <= {1, 2}


@given(sizes=st.lists(st.integers(1, 3), max_size=40), share=st.floats(0, 0.5))
def test_spines_stay_whole_and_repeats_come_at_least_half_the_films_later(
    sizes: list[int], share: float
) -> None:
    spines = list(patients(sizes).values())
    total = sum(sizes)
    places = draws.order(spines, repeats=share, seed="7")
    first = {film: at for at, (film, again) in enumerate(places) if not again}
    second = {film: at for at, (film, again) in enumerate(places) if again}
    assert sorted(first) == sorted(film for spine in spines for film in spine)
    repeated = [spine for spine in spines if spine[0] in second]
    assert sorted(second) == [film for spine in repeated for film in spine]
    for turn, of_turn in ((first, spines), (second, repeated)):
        for spine in of_turn:
            assert [turn[film] for film in spine] == [turn[spine[0]] + n for n in range(len(spine))]
    assert all(at - first[film] > total // 2 for film, at in second.items())
    assert places == draws.order(spines, repeats=share, seed="7")
    if set(sizes) <= {1}:
        assert len(repeated) == min(total // 2, round(total * share))
    lengths = sorted(map(len, repeated))
    for seed in "89":  # another round, another reader: as many places, or the number would tell
        other = draws.order(spines, repeats=share, seed=seed)
        assert sorted(len(spine) for spine in spines if (spine[0], True) in other) == lengths


def read_by(study: Study, number: int) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for place in Reading.objects.filter(round__study=study, round__number=number):
        found.setdefault(place.radiograph_id, set()).add(place.reader.get_username())
    return found


def test_the_draw_is_stored_and_the_same_in_every_round(study: MakeStudy) -> None:
    made = study(
        films=6,
        readers=["ada", "ben", "cleo"],
        washouts=(0, 28),
        overlap="some",
        readers_per_film=2,
    )
    assert {len(names) for names in read_by(made, 1).values()} == {2}
    assert read_by(made, 1) == read_by(made, 2)


def test_both_films_of_a_visit_go_to_the_same_reader(study: MakeStudy, film: MakeFilm) -> None:
    films = [film(region, patient=f"p{n}") for n in range(6) for region in ("C", "L")]
    made = study(films=films, overlap="double", double_share=0.5)
    of_patient: dict[int, list[set[str]]] = {}
    for one in films:
        names = read_by(made, 1)[one.pk]
        of_patient.setdefault(one.visit.patient_id, []).append(names)
    assert all(cervical == lumbar for cervical, lumbar in of_patient.values())
    assert sorted(len(names) for names, _ in of_patient.values()) == [1, 1, 1, 2, 2, 2]


def walk(study: Study, number: int = 1) -> list[Reading]:
    mine = Reading.objects.filter(round__study=study, round__number=number, reader__username="ada")
    return list(mine.select_related("radiograph").order_by("position"))


def test_neck_and_back_of_a_visit_follow_each_other_and_visits_do_not(
    study: MakeStudy, film: MakeFilm
) -> None:
    """Two visits each: where the second one comes tells nothing of the first."""
    made = study(
        films=[
            film(region, patient=f"p{n}", day=day)
            for n in range(10)
            for day in (0, 700)
            for region in "LC"
        ],
        repeat_share=0.5,
    )
    places = walk(made)
    spines = [
        (neck, back)
        for neck, back in zip(places[::2], places[1::2], strict=True)
        if (neck.radiograph.visit_id, neck.arm) == (back.radiograph.visit_id, back.arm)
    ]
    assert len(spines) == 30  # twenty visits, ten of them again
    assert {(neck.radiograph.region, back.radiograph.region) for neck, back in spines} == {
        ("C", "L")
    }
    whose = [neck.radiograph.visit.patient_id for neck, _ in spines]
    together = sum(one == other for one, other in pairwise(whose))
    assert together < 10  # 29 neighbours: about one by chance, all visits if they were kept


def test_a_film_alone_at_its_visit_is_read_alone(study: MakeStudy, film: MakeFilm) -> None:
    made = study(films=[film("C", "p"), film("L", "p"), film("L", "p", day=700), film("C", "q")])
    order = [place.radiograph for place in walk(made)]
    visit = [
        one for one in order if (one.visit.patient.pseudonym, one.visit.date.year) == ("p", 2001)
    ]
    assert [one.region for one in visit] == ["C", "L"]
    assert order.index(visit[1]) - order.index(visit[0]) == 1


@pytest.mark.parametrize("chronology", ["paired_known", "paired_blinded"])
def test_pairs_of_a_patient_follow_each_other_where_their_order_is_no_secret(
    study: MakeStudy, film: MakeFilm, chronology: str
) -> None:
    films = [
        film(region, patient=f"p{n}", day=day)
        for n in range(12)
        for region in "CL"
        for day in (0, 700)
    ]
    places = [one for one in walk(study(films=films, chronology=chronology)) if one.slot == 1]
    assert len(places) == 24
    spines = sum(
        (one.radiograph.region, other.radiograph.region) == ("C", "L")
        and one.radiograph.visit.patient_id == other.radiograph.visit.patient_id
        for one, other in pairwise(places)
    )
    assert spines == 12 if chronology == "paired_known" else spines < 8  # one half by chance


def test_a_film_of_two_readers_is_settled_by_those_two(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=1, readers=["ada", "ben", "cleo"], overlap="some", readers_per_film=2)
    for name in next(iter(read_by(made, 1).values())):
        read(made.rounds.get(), reader(name))
    assert made.consensus.count() == 12


def test_more_readers_for_each_film_than_there_are_is_refused(study: MakeStudy) -> None:
    with pytest.raises(BadInput, match="chosen: 2, where each film is to have 3"):
        study(films=1, overlap="some", readers_per_film=3)
    with pytest.raises(BadInput, match="needs a second reader"):
        study(films=1, readers=["ada"], overlap="double", double_share=0.5)
