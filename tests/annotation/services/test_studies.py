"""A study: who may read it, what is in it, and the order drawn once."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from annotation.errors import BadInput
from annotation.models import AuditRecord, QueriedCorner, Reading, Round, Study
from annotation.services import relabel_batches, studies, study_films
from annotation.services.ranking import Candidate, Ranked
from annotation.services.study_films import FilmChoice
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser


def order(study: Study, number: int, name: str) -> list[int]:
    places = Reading.objects.filter(
        round__study=study, round__number=number, reader__username=name
    ).order_by("position")
    return list(places.values_list("radiograph_id", flat=True))


def ranked(film: int, site: str, score: float = 0.5) -> Ranked:
    corner = Candidate(patient="p", film=film, site=site, p=(0.4, 0.4, 0.2, 0.0))
    return Ranked(corner, score, "0 vs 1", "ranked", 1.0)


def test_every_reader_reads_every_film_once_in_every_round(study: MakeStudy) -> None:
    made = study(films=4, washouts=(0, 28))
    assert Reading.objects.filter(round__study=made).count() == 2 * 4 * 2
    for name in ("ada", "ben"):
        assert sorted(order(made, 1, name)) == sorted(order(made, 2, name))


def test_the_order_differs_between_readers_and_between_rounds(study: MakeStudy) -> None:
    made = study(films=12, washouts=(0, 28))
    drawn = {tuple(order(made, number, name)) for number in (1, 2) for name in ("ada", "ben")}
    assert len(drawn) == 4


def test_the_order_is_the_same_whenever_it_is_drawn(study: MakeStudy, reader: MakeUser) -> None:
    made = study(films=9)
    spines = study_films.spines(made.chronology, made.films.values("pk"))
    again = list(studies._drawn(made.rounds.get(), reader("ada"), spines))
    assert [place.radiograph_id for place in again] == order(made, 1, "ada")


def test_ids_of_readings_tell_nothing_of_their_order(study: MakeStudy) -> None:
    mine = Reading.objects.filter(round__study=study(films=20), reader__username="ben")
    by_id = list(mine.order_by("pk").values_list("position", flat=True))
    assert by_id not in (sorted(by_id), sorted(by_id, reverse=True))
    assert all(0 <= one.pk < 2**53 for one in mine)


def test_all_ready_films_of_a_region(
    film: MakeFilm, reader: MakeUser, coordinator: MakeUser
) -> None:
    lumbar = film(region="L")
    film(region="C")
    film(region="L", state="quarantined", reason="It has to be looked at.")
    made = studies.create(
        actor=coordinator(),
        design=studies.Design("lumbar", [reader()], choice=FilmChoice(region="L")),
    )
    assert list(made.films.all()) == [lumbar]


def test_a_film_that_cannot_be_read_is_named(study: MakeStudy, film: MakeFilm) -> None:
    waiting = film(state="quarantined", reason="It has to be looked at.")
    with pytest.raises(BadInput, match=f"not ready to be read.*: {waiting.pk}"):
        study(films=[film(), waiting])


def test_a_study_without_a_film_is_refused(reader: MakeUser, coordinator: MakeUser) -> None:
    with pytest.raises(BadInput, match="Import films first"):
        studies.create(actor=coordinator(), design=studies.Design("empty", [reader()]))


@pytest.mark.parametrize("role", ["coordinator", "admin", "data"])
def test_whoever_sees_everybodys_grades_cannot_read(
    study: MakeStudy, user: MakeUser, role: str
) -> None:
    user("eve", role)
    with pytest.raises(BadInput, match=f"eve has the role {role} and can see everybody's grades"):
        study(readers=["ada", "eve"])


def test_a_reader_needs_the_role(
    study: MakeStudy, user: MakeUser, film: MakeFilm, coordinator: MakeUser
) -> None:
    film()
    design = studies.Design("no role", [user("eve")])
    with pytest.raises(BadInput, match="eve has not the role of a reader"):
        studies.create(actor=coordinator(), design=design)


def test_a_reader_of_a_study_does_not_adjudicate_it(study: MakeStudy, user: MakeUser) -> None:
    ada = user("ada", "reader", "adjudicator")
    with pytest.raises(BadInput, match="ada reads in this study and cannot adjudicate"):
        study(readers=["ada", "ben"], adjudicators=[ada])


def test_an_adjudicator_needs_the_role(study: MakeStudy, user: MakeUser) -> None:
    with pytest.raises(BadInput, match="eve has not the role of an adjudicator"):
        study(adjudicators=[user("eve")])


def test_a_name_is_used_once(study: MakeStudy) -> None:
    study(name="spine")
    with pytest.raises(BadInput, match="Choose another name"):
        study(name="spine")


def test_what_is_wrong_with_a_deck_beside_its_name_is_told_as_that(db: None) -> None:
    deck = Study(name="new", purpose=Study.Purpose.CALIBRATION, repeat_share=0.9)
    with pytest.raises(ValidationError, match="At most half of the films"):
        studies.save_named(deck)


def test_a_fault_of_the_program_is_not_told_as_a_name_that_is_taken(db: None) -> None:
    deck = Study(name="new", purpose=Study.Purpose.CALIBRATION)
    deck.finding_flags = None  # type: ignore[assignment]  # what is at fault here
    with pytest.raises(IntegrityError, match="finding_flags"), transaction.atomic():
        studies.save_named(deck)


def test_the_creation_is_on_record(study: MakeStudy) -> None:
    made = study(films=3)
    record = AuditRecord.objects.get(action="study.created")
    assert record.subject == f"Study {made.pk}"
    assert record.detail["films"] == 3


def test_a_relabel_batch_keeps_rank_order_and_reasons(
    study: MakeStudy, model_version: MakeModel, coordinator: MakeUser, reader: MakeUser
) -> None:
    made = study(films=2)
    a, b = made.films.order_by("pk")
    corners = [ranked(b.pk, "L1_INF", 0.9), ranked(a.pk, "L5_INF", 0.7), ranked(b.pk, "S1_SUP")]
    batch = relabel_batches.open_batch(
        study=made,
        corners=corners,
        model_version=model_version(),
        readers=[reader("ada"), reader("cleo")],
        actor=coordinator(),
    )
    assert (batch.kind, batch.number) == (Round.Kind.RELABEL, 2)
    for name in ("ada", "cleo"):
        places = batch.readings.filter(reader__username=name).order_by("position")
        assert [(p.radiograph_id, p.site) for p in places] == [
            (b.pk, "L1_INF"),
            (a.pk, "L5_INF"),
            (b.pk, "S1_SUP"),
        ]
    first = QueriedCorner.objects.get(round=batch, rank=1)
    assert (first.score, first.reason, first.selection_probability) == (0.9, "0 vs 1", 1.0)


def test_an_adjudicator_of_the_study_gets_no_relabel_batch(
    study: MakeStudy, model_version: MakeModel, user: MakeUser, coordinator: MakeUser
) -> None:
    judge = user("judge", "adjudicator", "reader")
    made = study(adjudicators=[judge])
    film = made.films.first()
    assert film is not None
    with pytest.raises(BadInput, match="judge adjudicates this study"):
        relabel_batches.open_batch(
            study=made,
            corners=[ranked(film.pk, "L1_INF")],
            model_version=model_version(),
            readers=[judge],
            actor=coordinator(),
        )


def test_a_corner_of_another_study_is_refused(
    study: MakeStudy, film: MakeFilm, model_version: MakeModel, reader: MakeUser
) -> None:
    with pytest.raises(BadInput, match="not in this study"):
        relabel_batches.open_batch(
            study=study(),
            corners=[ranked(film().pk, "L1_INF")],
            model_version=model_version(),
            readers=[reader("ada")],
            actor=reader("ada"),
        )


def test_who_adjudicates_a_film_elsewhere_cannot_read_it_here(
    study: MakeStudy, user: MakeUser
) -> None:
    cleo = user("cleo", "reader", "adjudicator")
    first = study(films=2, adjudicators=[cleo])
    with pytest.raises(BadInput, match="cleo adjudicates some of these films"):
        study(films=list(first.films.all()), readers=["cleo", "ada"])


def test_who_reads_a_film_elsewhere_cannot_adjudicate_it_here(
    study: MakeStudy, user: MakeUser
) -> None:
    cleo = user("cleo", "reader", "adjudicator")
    first = study(films=2, readers=["cleo", "ada"])
    with pytest.raises(BadInput, match="cleo reads some of these films"):
        study(films=list(first.films.all()), readers=["ben"], adjudicators=[cleo])
