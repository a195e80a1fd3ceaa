"""A study with very many open places, written by COPY: what a benchmark of the queue needs."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.db import connection
from django.db.models import Max, Model

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

PASSWORD = "of-a-benchmark-alone"  # noqa: S105
_NULL = r"\N"


def readers(number: int) -> list[User]:
    """Accounts ``load-1`` to ``load-n`` that may read."""
    group, secret = Group.objects.get(name=READER), make_password(PASSWORD)
    made = []
    for n in range(1, number + 1):
        user, _ = User.objects.get_or_create(username=f"load-{n}", defaults={"password": secret})
        user.groups.add(group)
        made.append(user)
    return made


def study(name: str, *, films: int, of: list[User]) -> Round:
    """A blind study of `films` new lumbar films that every reader reads; its round.

    Two films a patient, seven months apart; six disc points a film; one place per film and reader
    in an order of the reader's own.
    """
    with connection.cursor() as cursor:
        # These rows name each other rightly; to prove it row by row would take minutes.
        cursor.execute("SET session_replication_role = replica")
    ids = _films(films)
    made = Study.objects.create(name=name)
    made.readers.set(of)
    round_ = Round.objects.create(study=made, number=1)
    copy(StudyFilm, ({"study_id": made.pk, "radiograph_id": film} for film in ids))
    copy(Reading, _places(round_, ids, of))
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")
    return round_


def _places(round_: Round, films: range, of: list[User]) -> Iterator[dict[str, Any]]:
    for reader in of:
        order = list(films)
        random.Random(reader.pk).shuffle(order)
        for position, film in enumerate(order, start=1):
            yield {
                "round_id": round_.pk,
                "reader_id": reader.pk,
                "radiograph_id": film,
                "position": position,
            }


def _films(number: int) -> range:
    """The ids of new films with everything that a reading page asks of them but the picture."""
    centre, _ = Centre.objects.get_or_create(name="benchmark")
    version = ModelVersion.objects.filter(task=ModelVersion.Task.KEY_POINTS).earliest("pk")
    patients, visits, films = (_next(model) for model in (Patient, Visit, Radiograph))
    all_films = range(films, films + number)
    copy(
        Patient,
        (
            {"id": pk, "pseudonym": f"load-{pk}", "centre_id": centre.pk, "split": "train"}
            for pk in range(patients, patients + (number + 1) // 2)
        ),
    )
    copy(Visit, (_visit(visits, patients, n) for n in range(number)))
    copy(Radiograph, (_film(films, visits, n) for n in range(number)))
    copy(DiscPoint, (point for film in all_films for point in _points(film, version.pk)))
    return all_films


def _visit(first: int, first_patient: int, n: int) -> dict[str, Any]:
    day = date(2001, 2, 3) + timedelta(days=210 * (n % 2))
    return {"id": first + n, "patient_id": first_patient + n // 2, "date": day}


def _film(first: int, first_visit: int, n: int) -> dict[str, Any]:
    pk = first + n
    return {
        "id": pk,
        "visit_id": first_visit + n,
        "region": "L",
        "sop_uid": f"load-{pk}",
        "pixel_sha256": f"{pk:064d}",
        "width": 2500,
        "height": 3000,
        "spacing_mm": 0.14,
        "spacing_plane": "detector",
        "window_center": 1800.0,
        "window_width": 2600.0,
        "recipe": "film/1",
    }


def _points(film: int, version: int) -> Iterator[dict[str, Any]]:
    for n, disc in enumerate(DISCS["L"], start=1):
        yield {
            "radiograph_id": film,
            "disc": disc,
            "center_x": 1200.0,
            "center_y": 400.0 * n,
            "anterior_x": 950.0,
            "anterior_y": 400.0 * n,
            "confidence": 0.9,
            "model_version_id": version,
        }


def _next(model: type[Model]) -> int:
    last: int | None = model._default_manager.aggregate(last=Max("pk"))["last"]
    return (last or 0) + 1


def copy(model: type[Model], rows: Iterable[dict[str, Any]]) -> None:
    """Write rows by COPY; columns that a row leaves out take their field's default."""
    fields = [f for f in model._meta.concrete_fields if not f.primary_key]
    rows = iter(rows)
    first = next(rows)
    if "id" in first:
        fields = list(model._meta.concrete_fields)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.copy_expert(  # type: ignore[attr-defined]
            f"COPY {table} ({columns}) FROM STDIN WITH (FORMAT csv, NULL '{_NULL}')",
            _Lines(fields, first, rows),
        )
        if "id" in first:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"  # noqa: S608
            )


class _Lines(io.RawIOBase):
    """Rows as a file of CSV that COPY reads piece by piece."""

    def __init__(
        self, fields: list[Any], first: dict[str, Any], rows: Iterator[dict[str, Any]]
    ) -> None:
        self._first, self._rows = first, rows
        self._defaults = [(field.attname, _default(field)) for field in fields]

    def read(self, size: int = -1) -> bytes:
        piece = io.StringIO()
        write = csv.writer(piece, lineterminator="\n").writerow
        if self._first:
            write(self._values(self._first))
            self._first = {}
        while piece.tell() < max(size, 1):
            row = next(self._rows, None)
            if row is None:
                break
            write(self._values(row))
        return piece.getvalue().encode()

    def _values(self, row: dict[str, Any]) -> list[Any]:
        return [row.get(name, default) for name, default in self._defaults]


def _default(field: Any) -> Any:
    if getattr(field, "auto_now_add", False):
        return "now"  # a time that the program sets at the insert
    value = field.get_default()
    return _NULL if value is None else value


def close_place(round_id: int, name: str) -> None:
    """Un-open the place in a reader's hand, so that the next take opens one again."""
    held = Reading.objects.filter(round=round_id, reader__username=name).pending()
    held.filter(opened_at__isnull=False).update(opened_at=None, lease_until=None)
