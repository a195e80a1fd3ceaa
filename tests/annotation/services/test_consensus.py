"""Consensus: agreement becomes a row, a difference a case, a bridge settles both corners."""

import uuid
from collections.abc import Mapping

import pytest
from django.contrib.auth.models import User

from annotation.errors import AlreadyDecided, BadInput, KeyReused, NotFound
from annotation.models import AdjudicationCase, Consensus, GradeEvent, Round, Study
from annotation.services import adjudication, dataset_export, relabel_batches
from annotation.services.ledger import BRIDGED, Mark
from annotation.services.ranking import Candidate, Ranked
from tests.annotation.conftest import MakeModel, MakeStudy, MakeUser, Read

Grades = Mapping[str, int | str]


@pytest.fixture
def judge(adjudicator: MakeUser) -> User:
    return adjudicator("judge")


@pytest.fixture
def one_film(study: MakeStudy, judge: User) -> Study:
    return study(films=1, adjudicators=[judge])


def both_read(read: Read, reader: MakeUser, made: Study, ada: Grades, ben: Grades) -> None:
    round_ = made.rounds.get(number=1)
    read(round_, reader("ada"), grades=ada)
    read(round_, reader("ben"), grades=ben)


def standing(made: Study) -> dict[str, int | str]:
    rows = Consensus.objects.filter(study=made).current()
    return {row.site: row.not_assessable if row.grade is None else row.grade for row in rows}


def decide(judge: User, site: str, mark: Mark) -> int:
    case = AdjudicationCase.objects.get(site=site)
    return adjudication.decide(adjudicator=judge, case_id=case.pk, key=uuid.uuid4(), mark=mark)


def test_nothing_is_compared_before_the_last_reader(
    one_film: Study, reader: MakeUser, read: Read
) -> None:
    read(one_film.rounds.get(), reader("ada"))
    assert standing(one_film) == {}


def test_agreed_corners_become_consensus(one_film: Study, reader: MakeUser, read: Read) -> None:
    same: Grades = {"L3_INF": 2, "L5_INF": "implant"}
    both_read(read, reader, one_film, same, same)
    assert len(standing(one_film)) == 12
    assert standing(one_film)["L3_INF"] == 2
    assert standing(one_film)["L5_INF"] == "implant"
    assert set(Consensus.objects.values_list("rule", flat=True)) == {"agreed"}
    assert not AdjudicationCase.objects.exists()


def test_a_difference_becomes_a_case_and_no_consensus(
    one_film: Study, reader: MakeUser, read: Read
) -> None:
    both_read(read, reader, one_film, {"L3_INF": 2}, {"L3_INF": 1})
    case = AdjudicationCase.objects.get()
    assert case.site == "L3_INF"
    assert {mark.grade for mark in adjudication.two_marks(case)} == {1, 2}
    assert "L3_INF" not in standing(one_film)


def test_grade_against_not_assessable_is_a_difference(
    one_film: Study, reader: MakeUser, read: Read
) -> None:
    both_read(read, reader, one_film, {"L3_INF": 0}, {"L3_INF": "rotated"})
    assert AdjudicationCase.objects.get().site == "L3_INF"


def test_two_reasons_agree_that_there_is_no_grade(
    one_film: Study, reader: MakeUser, read: Read
) -> None:
    both_read(read, reader, one_film, {"L3_INF": "rotated"}, {"L3_INF": "off_film"})
    assert standing(one_film)["L3_INF"] in ("rotated", "off_film")


def test_a_bridge_in_question_is_a_case_on_both_corners(
    one_film: Study, reader: MakeUser, read: Read
) -> None:
    both_read(read, reader, one_film, {"L1_INF": 3, "L2_SUP": 3}, {"L1_INF": 2})
    assert set(AdjudicationCase.objects.values_list("site", flat=True)) == {"L1_INF", "L2_SUP"}


def test_who_is_a_is_drawn(study: MakeStudy, reader: MakeUser, read: Read) -> None:
    made = study(films=12)
    for _ in range(12):
        both_read(read, reader, made, {"L3_INF": 2}, {"L3_INF": 1})
    shown_as_a = {case.reading_a.reader.get_username() for case in made.cases.all()}
    assert shown_as_a == {"ada", "ben"}  # wrong once in 2048 draws


def test_of_three_readers_the_two_furthest_apart_are_shown(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=1, readers=["ada", "ben", "cleo"])
    for name, given in (("ada", 0), ("ben", 1), ("cleo", 2)):
        read(made.rounds.get(), reader(name), grades={"L3_INF": given})
    marks = adjudication.two_marks(AdjudicationCase.objects.get())
    assert {mark.grade for mark in marks} == {0, 2}


def test_a_decision_settles_a_corner_and_touches_no_read(
    one_film: Study, reader: MakeUser, read: Read, judge: User
) -> None:
    both_read(read, reader, one_film, {"L3_INF": 2}, {"L3_INF": 1})
    reads = list(GradeEvent.objects.values_list())
    assert decide(judge, "L3_INF", Mark(grade=1, findings=("erosion",))) == 1
    row = Consensus.objects.current().get(site="L3_INF")
    assert (row.grade, row.findings, row.rule) == (1, ["erosion"], "adjudicated")
    assert row.adjudicator == judge
    assert list(GradeEvent.objects.values_list()) == reads
    assert not adjudication.open_cases(one_film).exists()


def test_a_decided_bridge_settles_the_facing_corner_too(
    one_film: Study, reader: MakeUser, read: Read, judge: User
) -> None:
    both_read(read, reader, one_film, {"L1_INF": 3, "L2_SUP": 3}, {"L1_INF": 2})
    assert decide(judge, "L1_INF", BRIDGED) == 2
    assert (standing(one_film)["L1_INF"], standing(one_film)["L2_SUP"]) == (3, 3)
    assert not adjudication.open_cases(one_film).exists()


def test_a_decided_bridge_replaces_what_was_agreed_on_the_facing_corner(
    one_film: Study, reader: MakeUser, read: Read, judge: User
) -> None:
    both_read(read, reader, one_film, {"L1_INF": 2, "L2_SUP": 2}, {"L1_INF": 1, "L2_SUP": 2})
    decide(judge, "L1_INF", BRIDGED)
    assert standing(one_film)["L2_SUP"] == 3


def test_the_same_decision_again_is_not_written_twice(
    one_film: Study, reader: MakeUser, read: Read, judge: User
) -> None:
    both_read(read, reader, one_film, {"L1_INF": 3, "L2_SUP": 3}, {})
    case, key = AdjudicationCase.objects.get(site="L1_INF"), uuid.uuid4()
    answers = {
        adjudication.decide(adjudicator=judge, case_id=case.pk, key=key, mark=BRIDGED)
        for _ in range(2)
    }
    assert answers == {2}
    assert Consensus.objects.filter(rule="adjudicated").count() == 2
    with pytest.raises(KeyReused):
        adjudication.decide(adjudicator=judge, case_id=case.pk, key=key, mark=Mark(grade=0))


def test_a_settled_corner_is_not_decided_again(
    one_film: Study, reader: MakeUser, read: Read, judge: User
) -> None:
    both_read(read, reader, one_film, {"L3_INF": 2}, {"L3_INF": 1})
    decide(judge, "L3_INF", Mark(grade=1, findings=("erosion",)))
    with pytest.raises(AlreadyDecided):
        decide(judge, "L3_INF", Mark(grade=2))


def test_a_decision_needs_a_mark(
    one_film: Study, reader: MakeUser, read: Read, judge: User
) -> None:
    both_read(read, reader, one_film, {"L3_INF": 2}, {"L3_INF": 1})
    with pytest.raises(BadInput):
        decide(judge, "L3_INF", Mark())


@pytest.mark.parametrize("name", ["ada", "another-judge"])
def test_a_case_is_not_for_others(
    one_film: Study, reader: MakeUser, read: Read, adjudicator: MakeUser, name: str
) -> None:
    both_read(read, reader, one_film, {"L3_INF": 2}, {"L3_INF": 1})
    with pytest.raises(NotFound):
        decide(adjudicator(name), "L3_INF", Mark(grade=1, findings=("erosion",)))


def test_a_second_reading_of_the_films_settles_nothing(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=1, washouts=(0, 0))
    both_read(read, reader, made, {}, {})
    for name, grade in (("ada", 1), ("ben", 2)):
        read(made.rounds.get(number=2), reader(name), grades={"L3_INF": grade})
    assert standing(made)["L3_INF"] == 0
    assert not AdjudicationCase.objects.exists()


@pytest.fixture
def relabel(model_version: MakeModel, reader: MakeUser, read: Read) -> object:
    """``relabel(study, "L3_INF", ada=2, ben=2)``: a batch of one corner, read by these."""

    def make(made: Study, site: str, **given: int) -> Round:
        film = made.films.get()
        corner = Candidate(patient="p", film=film.pk, site=site, p=(0.4, 0.4, 0.2, 0.0))
        batch = relabel_batches.open_batch(
            study=made,
            corners=[Ranked(corner, 0.5, "0 vs 1", "ranked", 1.0)],
            model_version=model_version(f"grader for {site}"),
            readers=[reader(name) for name in given],
            actor=reader("ada"),
        )
        for name, grade in given.items():
            read(batch, reader(name), grades={site: grade})
        return batch

    return make


def test_a_relabelled_corner_that_is_agreed_replaces_the_consensus(
    one_film: Study, reader: MakeUser, read: Read, relabel: Read
) -> None:
    both_read(read, reader, one_film, {}, {})
    relabel(one_film, "L3_INF", ada=1, ben=1)
    assert standing(one_film)["L3_INF"] == 1


def test_one_reader_alone_makes_no_consensus(
    one_film: Study, reader: MakeUser, read: Read, relabel: Read
) -> None:
    both_read(read, reader, one_film, {}, {})
    relabel(one_film, "L3_INF", ada=1)
    assert standing(one_film)["L3_INF"] == 0


def test_a_relabelled_bridge_stands_on_both_corners(
    one_film: Study, reader: MakeUser, read: Read, relabel: Read
) -> None:
    both_read(read, reader, one_film, {}, {})
    relabel(one_film, "L1_INF", ada=3, ben=3)
    assert (standing(one_film)["L1_INF"], standing(one_film)["L2_SUP"]) == (3, 3)


def test_a_relabelled_corner_does_not_break_a_standing_bridge_but_asks(
    one_film: Study, reader: MakeUser, read: Read, relabel: Read
) -> None:
    bridge: Grades = {"L1_INF": 3, "L2_SUP": 3}
    both_read(read, reader, one_film, bridge, bridge)
    relabel(one_film, "L1_INF", ada=2, ben=2)
    assert not {"L1_INF", "L2_SUP"} & standing(one_film).keys()
    assert set(AdjudicationCase.objects.values_list("site", flat=True)) == {"L1_INF", "L2_SUP"}


def test_what_was_agreed_is_not_held_while_a_later_difference_waits(
    one_film: Study, reader: MakeUser, read: Read, judge: User, relabel: Read
) -> None:
    both_read(read, reader, one_film, {"L3_INF": 1}, {"L3_INF": 1})
    assert standing(one_film)["L3_INF"] == 1
    relabel(one_film, "L3_INF", ada=1, ben=2)
    assert "L3_INF" not in standing(one_film)
    exported = {row["site"] for row in dataset_export.consensus(one_film)}
    assert "L3_INF" not in exported
    assert len(exported) == 11
    decide(judge, "L3_INF", Mark(grade=2))
    rows = {row["site"]: row for row in dataset_export.consensus(one_film)}
    assert (rows["L3_INF"]["grade"], rows["L3_INF"]["rule"]) == (2, "adjudicated")


def test_a_later_agreement_of_others_does_not_take_the_corner_from_the_adjudicator(
    one_film: Study, reader: MakeUser, read: Read, relabel: Read
) -> None:
    both_read(read, reader, one_film, {"L3_INF": 1}, {"L3_INF": 2})
    relabel(one_film, "L3_INF", ada=2, ben=2)
    assert "L3_INF" not in standing(one_film)
    assert adjudication.open_cases(one_film).count() == 1


def test_more_readers_do_not_outvote_the_adjudicator(
    one_film: Study, reader: MakeUser, read: Read, judge: User, relabel: Read
) -> None:
    both_read(read, reader, one_film, {"L3_INF": 2}, {"L3_INF": 1})
    decide(judge, "L3_INF", Mark(grade=2))
    relabel(one_film, "L3_INF", ada=1, ben=1)
    assert standing(one_film)["L3_INF"] == 2
