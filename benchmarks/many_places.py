"""A study with very many open places, written inside the database: what a benchmark needs."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from django.db import connection
from django.db.models import Max, Model
from django.db.models.fields import NOT_PROVIDED
from django.test import Client

from annotation.models import (
    Centre,
    DiscPoint,
    ModelVersion,
    Patient,
    Radiograph,
    Reading,
    Round,
    Study,
    StudyFilm,
    Visit,
)
from annotation.permissions import READER
from inference.msasss import DISCS


def readers(number: int) -> list[User]:
    """Accounts ``load-1`` to ``load-n`` that may read."""
    group = Group.objects.get(name=READER)
    made = []
    for n in range(1, number + 1):
        user, _ = User.objects.get_or_create(username=f"load-{n}")
        user.groups.add(group)
        made.append(user)
    return made


def session(reader: User) -> str:
    """The key of a new session: signing in is not what is measured."""
    client = Client()
    client.force_login(reader, "annotation.permissions.AccountBackend")
    return client.cookies["sessionid"].value


def study(name: str, *, films: int, of: list[User]) -> Round:
    """A blind study of `films` new lumbar films that every reader reads; its round.

    Two films a patient, seven months apart; six disc points a film; one place per film and reader
    in an order of the reader's own.
    """
    with connection.cursor() as cursor:
        # These rows name each other rightly; to prove it row by row would take minutes.
        cursor.execute("SET session_replication_role = replica")
    first, last = _films(films)
    made = Study.objects.create(name=name)
    made.readers.set(of)
    round_ = Round.objects.create(study=made, number=1)
    _insert(StudyFilm, first, last, study_id=f"{made.pk}", radiograph_id="n")
    for reader in of:
        _insert(
            Reading,
            first,
            last,
            round_id=f"{round_.pk}",
            reader_id=f"{reader.pk}",
            radiograph_id="n",
            position="row_number() OVER (ORDER BY random())",
        )
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")
    return round_


def _films(number: int) -> tuple[int, int]:
    """New films with everything that a reading page asks of them but the picture: first, last id.

    Two films a patient, seven months apart.
    """
    centre, _ = Centre.objects.get_or_create(name="benchmark")
    version = ModelVersion.objects.filter(task=ModelVersion.Task.KEY_POINTS).earliest("pk")
    first = 1 + max(_last(model) for model in (Patient, Visit, Radiograph))
    last = first + number - 1
    _insert(
        Patient, first, last, id="n", pseudonym="'load-' || n", centre_id=f"{centre.pk}",
        split="'train'",
    )  # fmt: skip
    second = f"(n - {first}) % 2"
    _insert(
        Visit, first, last, id="n", patient_id=f"n - {second}",
        date=f"date '2001-02-03' + 210 * ({second})::int",
    )  # fmt: skip
    _insert(
        Radiograph, first, last, id="n", visit_id="n", region="'L'", sop_uid="'load-' || n",
        pixel_sha256="lpad(n::text, 64, '0')", width="2500", height="3000", spacing_mm="0.14",
        spacing_plane="'detector'", window_center="1800", window_width="2600", recipe="'film/1'",
    )  # fmt: skip
    for n, disc in enumerate(DISCS["L"], start=1):
        _insert(
            DiscPoint, first, last, radiograph_id="n", disc=f"'{disc}'", confidence="0.9",
            center_x="1200", center_y=f"{400 * n}", anterior_x="950", anterior_y=f"{400 * n}",
            model_version_id=f"{version.pk}",
        )  # fmt: skip
    return first, last


def _last(model: type[Model]) -> int:
    last: int | None = model._default_manager.aggregate(last=Max("pk"))["last"]
    return last or 0


def _insert(model: type[Model], first: int, last: int, **columns: str) -> None:
    """One row for each n from `first` to `last`; columns left out take their field's default."""
    for field in model._meta.concrete_fields:
        is_left_to_the_database = field.primary_key or field.db_default is not NOT_PROVIDED
        if not is_left_to_the_database:
            columns.setdefault(field.attname, _default(field))
    table = model._meta.db_table
    names, values = ", ".join(f'"{name}"' for name in columns), ", ".join(columns.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {values} "  # noqa: S608
            f"FROM generate_series({first}, {last}) AS n"
        )
        if "id" in columns:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last})")


def _default(field: Any) -> str:
    if getattr(field, "auto_now_add", False):
        return "now()"  # a time that the program sets at the insert
    value = field.get_default()
    if value is None:
        return "NULL"
    return f"'{value}'" if isinstance(value, str) else str(value)


def close_place(round_id: int, name: str) -> None:
    """Un-open the place in a reader's hand, so that the next take opens one again."""
    held = Reading.objects.filter(round=round_id, reader__username=name).pending()
    held.filter(opened_at__isnull=False).update(opened_at=None, lease_until=None)
