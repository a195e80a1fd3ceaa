"""No role of the database rewrites what was read: not the owner of a table, not a superuser."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, InternalError, connection, transaction

from annotation.models import GradeEvent, Study
from tests.annotation.conftest import MakeStudy, MakeUser, Read

LEDGERS = [
    "annotation_gradeevent",
    "annotation_consensus",
    "annotation_auditrecord",
    "annotation_discpoint",
    "annotation_cornerprediction",
    "annotation_pregrading",
    "annotation_snapshot",
    "annotation_calibrationanswer",
]
Ask = Callable[[str], None]


@pytest.fixture
def ask(db: None) -> Ask:
    def run(sql: str) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)

    return run


@pytest.fixture
def graded(study: MakeStudy, reader: MakeUser, read: Read, ask: Ask) -> Study:
    made = study(films=1)
    for name in ("ada", "ben"):
        read(made.rounds.get(), reader(name))
    assert GradeEvent.objects.count() == 24
    assert made.consensus.count() == 12
    ask("SET CONSTRAINTS ALL IMMEDIATE")
    return made


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE annotation_gradeevent SET grade = 3",
        "DELETE FROM annotation_gradeevent",
        "TRUNCATE annotation_gradeevent",
        "TRUNCATE annotation_reading CASCADE",
        "UPDATE annotation_consensus SET grade = 3",
        "DELETE FROM annotation_auditrecord",
        "TRUNCATE annotation_auditrecord",
    ],
)
def test_the_ledger_refuses_its_own_owner(graded: Study, ask: Ask, sql: str, role: str) -> None:
    """The tests' role owns the tables and is a superuser; `replica` silences ordinary triggers."""
    ask(f"SET LOCAL session_replication_role = {role}")
    with pytest.raises((InternalError, IntegrityError), match=r"Cannot (update|truncate)"):
        ask(sql)
    assert GradeEvent.objects.filter(grade=0).count() == 24


@pytest.mark.django_db
@pytest.mark.parametrize("table", LEDGERS)
def test_every_ledger_has_both_triggers_and_they_fire_always(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = %s::regclass "
            "AND tgname LIKE 'pgtrigger\\_%%'",
            [table],
        )
        found = dict(cursor.fetchall())
    for name in ("append_only", "never_emptied"):
        assert [on for trigger, on in found.items() if name in trigger] == ["A"], name


@pytest.mark.django_db
def test_the_list_of_ledgers_is_whole() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger "
            "WHERE tgname LIKE 'pgtrigger\\_append\\_only%'"
        )
        assert {table for (table,) in cursor.fetchall()} == set(LEDGERS)
