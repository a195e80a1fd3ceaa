"""The queue asks the database for the rows of a few places, however many a round has.

An index that its query cannot use leaves every answer right and makes it slow with size alone,
which no other test sees. Here every statement of a take, a grade and a commit is explained while
it runs, and the rows that each step of its plan went through are counted.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, models

from annotation.models import Radiograph, Reading, Round
from annotation.services import reader_commit, reader_grades, reading_queue
from annotation.services.ledger import Mark
from tests.annotation.conftest import MakeStudy, MakeUser

PLACES = 20_000
READ_BEFORE = 10_000
FEW = 100  # rows of one step: the places ahead, a film's corners
Explained = list[tuple[int, str]]  # rows of the greediest step, and its statement


@pytest.fixture
def large(study: MakeStudy, reader: MakeUser) -> tuple[User, Round]:
    """A reader half through a round of 20,000 films."""
    ada, round_ = reader("ada"), study(films=1).rounds.get()
    first = Reading.objects.get(round=round_, reader=ada)
    done = f"CASE WHEN n <= {READ_BEFORE} THEN now() END"
    film = f"{first.radiograph_id} + n"
    with connection.cursor() as cursor:
        # Row by row the constraints would prove what is true by the way these rows are made.
        cursor.execute("SET LOCAL session_replication_role = replica")
        _copy(first.radiograph, id=film, pixel_sha256="md5(n::text)", sop_uid="n::text")
        _copy(first, id="n", radiograph_id=film, position="n + 1", opened_at=done,
              committed_at=done)  # fmt: skip
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("ANALYZE")
    return ada, round_


def _copy(row: models.Model, **changed: str) -> None:
    """The row again PLACES times; `changed` are SQL expressions of n."""
    table = row._meta.db_table
    pairs = ", ".join(f"'{column}', {value}" for column, value in changed.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} SELECT made.* "  # noqa: S608  # the words are this file's own
            f"FROM {table} one, generate_series(1, {PLACES}) AS n, "
            f"jsonb_populate_record(one, jsonb_build_object({pairs})) AS made WHERE one.id = %s",
            [row.pk],
        )


@contextmanager
def explained() -> Iterator[Explained]:
    """Every statement that goes through the block, with the rows of its greediest step."""
    found: Explained = []

    def explain(
        execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if sql.startswith(("SELECT", "UPDATE", "INSERT")):
            with context["connection"].connection.cursor() as beside:
                beside.execute("SAVEPOINT explained")
                beside.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
                plan = beside.fetchone()[0][0]["Plan"]
                beside.execute("ROLLBACK TO SAVEPOINT explained")
            found.append((max(_rows(plan)), f"{sql}\n{json.dumps(plan, indent=1)}"))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found


def _rows(plan: dict[str, Any]) -> Iterator[float]:
    """Of each step: what it gave on, and what it read in vain."""
    in_vain = sum(number for name, number in plan.items() if name.startswith("Rows Removed"))
    yield (plan["Actual Rows"] + in_vain) * plan["Actual Loops"]
    for below in plan.get("Plans", []):
        yield from _rows(below)


def test_a_step_of_the_queue_goes_through_few_rows(large: tuple[User, Round]) -> None:
    ada, round_ = large
    with explained() as statements:
        reading = reading_queue.take_next(reader=ada, round_id=round_.pk).reading
        assert reading is not None
        for site in reading.sites:
            reader_grades.grade(
                reader=ada, reading_id=reading.pk, key=uuid.uuid4(), site=site, mark=Mark(grade=0)
            )
        reader_commit.commit(reader=ada, reading_id=reading.pk, key=uuid.uuid4())
        following = reading_queue.take_next(reader=ada, round_id=round_.pk).reading
    assert following is not None
    assert following.position == READ_BEFORE + 2
    rows, statement = max(statements)
    assert rows <= FEW, statement


def test_rows_read_in_vain_are_counted(large: tuple[User, Round]) -> None:
    with explained() as statements:
        Reading.objects.filter(commit_key__isnull=True, lease_until__isnull=False).count()
        Radiograph.objects.filter(sop_uid="7").first()
    assert [rows > PLACES / 2 for rows, _ in statements] == [True, True]
