"""The dataset as it leaves: every committed read and every consensus, one row per corner."""

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Exists,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from annotation.models import Consensus, CornerPrediction, GradeEvent, Reading, Round, Study
from inference.msasss import SITE

Row = dict[str, Any]

_FILM = {
    "patient": "visit__patient__pseudonym",
    "split": "visit__patient__split",
    "centre": "visit__patient__centre__name",
    "scanner": "scanner",
    "device": "device",  # the one machine's pseudonym; its serial number never came in
    "visit_date": "visit__date",  # shifted by the patient's secret, constant number of days
    "region": "region",
}


def _film(path: str) -> dict[str, F]:
    """The film's columns, reached through a relation."""
    return {column: F(f"{path}{source}") for column, source in _FILM.items()}


def reads(study: Study) -> Iterator[Row]:
    """What stands of every committed read, in the order of reading and site.

    Columns say who, in which round and arm, under which display, for how long, and whether a model
    was visible, with its grade of the corner: reads of different modes can be told apart and must
    not be pooled. Of a second look both reads are there: the first one in arm `main`, blind, and
    the revised one in arm `second`.
    """
    standing = GradeEvent.objects.filter(
        reading__round__study=study, reading__committed_at__isnull=False
    ).current()
    rows = (
        GradeEvent.objects.filter(pk__in=standing.values("pk"))
        .exclude(grade__isnull=True, not_assessable="")  # blank again: nothing was read there
        .order_by("reading_id", "site")
        .values(
            "grade",
            "not_assessable",
            "findings",
            "cause",
            "ms_spent",
            "window_center",
            "window_width",
            "client_time",
            event=F("pk"),
            corner=F("site"),
            radiograph=F("reading__radiograph_id"),
            reader=F("reading__reader__username"),
            round=F("reading__round__number"),
            kind=F("reading__round__kind"),
            arm=F("reading__arm"),
            chronology=_chronology(),
            assist_mode=F("reading__round__study__assist_mode"),
            committed_at=F("reading__committed_at"),
            graded_at=F("created_at"),
            model_shown=F("model_version_shown__name"),
            points_shown=_points_shown(),
            **_film("reading__radiograph__"),
        )
    )
    models = _models_grades(study)
    for row in _with_site(rows, study):
        seen = (row["model_shown"], row.pop("points_shown"), row["radiograph"], row["site"])
        yield {**row, "model_grade": models.get(seen)}


def _models_grades(study: Study) -> dict[tuple[str, int, int, str], int]:
    """The grades of what was in sight of any read, by grader, finder of points, film and site."""
    in_sight = GradeEvent.objects.filter(
        reading__round__study=study,
        reading__radiograph=OuterRef("radiograph"),
        model_version_shown=OuterRef("model_version"),
    )
    shown = CornerPrediction.objects.filter(Exists(in_sight.order_by()))
    return {
        (row.model_version.name, row.points_version_id, row.radiograph_id, row.site): row.grade
        for row in shown.select_related("model_version")
    }


def _points_shown() -> Coalesce:
    """At whose points the grades were given that a read knew, from beside it or another reading."""
    elsewhere = Reading.objects.filter(
        reader=OuterRef("reading__reader"),
        radiograph=OuterRef("reading__radiograph"),
        model_version_shown=OuterRef("model_version_shown"),
    )
    newest = elsewhere.order_by("-committed_at").values("points_version_shown")[:1]
    return Coalesce(
        "reading__points_version_shown", Subquery(newest), output_field=BigIntegerField()
    )


def _chronology() -> Case:
    """How the film of an event was read: corners of a relabel batch come one by one."""
    whole = When(reading__round__kind=Round.Kind.FULL, then=F("reading__round__study__chronology"))
    return Case(whole, default=Value(Study.Chronology.SINGLE))


def consensus(study: Study) -> Iterator[Row]:
    """What the study holds to be true of each corner, with the rule that made it so."""
    settled = Consensus.objects.filter(study=study).current()
    rows = (
        Consensus.objects.filter(pk__in=settled.values("pk"))
        .order_by("radiograph_id", "site")
        .values(
            "grade",
            "not_assessable",
            "findings",
            "rule",
            corner=F("site"),
            film=F("radiograph_id"),
            adjudicator_name=F("adjudicator__username"),
            settled_at=F("created_at"),
            **_film("radiograph__"),
        )
    )
    return _with_site(rows, study)


def _with_site(rows: QuerySet[Any, Any], study: Study) -> Iterator[Row]:
    """Add the study's name and the site's place in the order of 24, with its disc."""
    for row in rows.iterator(chunk_size=2000):
        site = SITE[row.pop("corner")]
        yield {
            "study": study.name,
            "site": site.code,
            "site_number": site.index,
            "disc": site.disc,
            **row,
            "findings": ";".join(row["findings"]),
        }


def as_csv(rows: Iterable[Row]) -> Iterator[str]:
    """CSV (RFC 4180), line by line; the header alone when there is no row."""
    writer = csv.writer(line := _Line())
    header: list[str] | None = None
    for row in rows:
        if header is None:
            header = list(row)
            writer.writerow(header)
            yield line.text
        writer.writerow("" if value is None else value for value in row.values())
        yield line.text


class _Line:
    """The file that csv.writer writes to: it keeps the newest line only."""

    text = ""

    def write(self, text: str) -> int:
        """Replace the line."""
        self.text = text
        return len(text)


def as_json(rows: Iterable[Row]) -> Iterator[str]:
    """A JSON array, row by row."""
    before = "["
    for row in rows:
        yield before + json.dumps(row, default=str)
        before = ",\n"
    yield "[]" if before == "[" else "]"
