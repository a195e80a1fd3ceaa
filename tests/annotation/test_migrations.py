from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=1)


@pytest.fixture
def before_known_by(transactional_db: None) -> Iterator[Any]:
    """The tables as they were before a film said by what it is known."""
    yield _migrated("0030_first_grade_in_hand")
    _migrated("0031_asked_again")


def _migrated(name: str) -> Any:
    to = [("annotation", name)]
    MigrationExecutor(connection).migrate(to)
    return MigrationExecutor(connection).loader.project_state(to).apps


def test_films_that_came_in_by_an_answer_before_that_was_kept_are_known_by_it(
    before_known_by: Any,
) -> None:
    """As the audit says it; and where only one row names a patient, all their films are by it."""

    def table(name: str) -> Any:
        return before_known_by.get_model("annotation", name).objects

    berlin, paris = (table("Centre").create(name=name) for name in ("Berlin", "Paris"))
    ada, eve = (
        table("Patient").create(pseudonym=name, centre=at, split="train")
        for name, at in (("P1", berlin), ("P2", paris))
    )
    home = table("PatientNumber").create(number="P1", centre=berlin, sex="M", patient=ada)
    for at, patient, sex in ((paris, ada, "M"), (paris, eve, "F"), (berlin, ada, "")):
        table("PatientNumber").create(number="P1", centre=at, sex=sex, patient=patient)

    def film(patient: Any, said: dict[str, str]) -> int:
        number = table("Radiograph").count()
        visit = table("Visit").create(patient=patient, date=date(2001, 1, 1 + number))
        facts = {"width": 8, "height": 8, "window_center": 1, "window_width": 1, "region": "C"}
        own = table("Radiograph").create(
            visit=visit, pixel_sha256=str(number), sop_uid=str(number), **facts
        )
        if said:
            detail = {"number": "P1", "patient": patient.pseudonym, **said}
            table("AuditRecord").create(
                action="radiograph.person_told", subject=f"Radiograph {own.pk}", detail=detail
            )
        return int(own.pk)

    own, same = film(ada, {}), film(ada, {"centre": "Paris", "sex": "M"})
    no_sex = film(ada, {"centre": "Berlin", "sex": ""})
    other, later = film(eve, {"centre": "Paris", "sex": "F"}), film(eve, {})

    after = _migrated("0031_asked_again")
    films = after.get_model("annotation", "Radiograph").objects.select_related("known_by__centre")
    rows = {film.pk: film.known_by for film in films}
    assert rows[own] is None
    known = {number: (row.centre.name, row.sex, row.told) for number, row in rows.items() if row}
    assert known == {
        same: ("Paris", "M", True),
        no_sex: ("Berlin", "", False),
        other: ("Paris", "F", True),
        later: ("Paris", "F", True),
    }
    assert not after.get_model("annotation", "PatientNumber").objects.get(pk=home.pk).told
