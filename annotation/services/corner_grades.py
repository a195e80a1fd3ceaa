"""What we store of a pre-grading, and which films still wait for one."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery

from annotation.errors import BadInput
from annotation.models import (
    CornerPrediction,
    DiscPoint,
    Job,
    ModelVersion,
    Pregrading,
    Radiograph,
)
from annotation.services import begun_films, jobs, key_points
from inference.corner_regions import DiscPoints

if TYPE_CHECKING:  # the web process may load this file, and predict loads torch
    from inference.predict import FilmPrediction


def request_pregrading(*, films: Sequence[int], actor: User | None) -> Job:
    """Queue the pre-grading of these films.

    Raises BadInput when one of them is no ready film: a job would pass it over in silence.
    """
    ready = set(Radiograph.objects.ready().filter(pk__in=films).values_list("pk", flat=True))
    if unknown := sorted(set(films) - ready):
        named = ", ".join(map(str, unknown))
        raise BadInput(
            f"No film that can be graded has the number {named}. Nothing was started: take it out, "
            "or decide first on a film that waits for a decision."
        )
    begun_films.ask_again(films)
    return jobs.create(
        kind=Job.Kind.PREGRADE, arguments={"radiographs": sorted(set(films))}, actor=actor
    )


def waiting(*, key_point_version: ModelVersion, grade_version: ModelVersion) -> list[int]:
    """Ids of the ready films that these two versions have not pre-graded, oldest first."""
    return _taken_up(_ungraded(key_point_version, grade_version))


def corrected(*, key_point_version: ModelVersion, grade_version: ModelVersion) -> list[int]:
    """Ids of the ready films that are to be graded at a reader's points, oldest first.

    These versions found no plausible points, a reader has moved some in a committed reading, and
    since then nobody has graded them.
    """
    return _taken_up(_moved_since(key_point_version, grade_version))


def set_aside(
    job: Job, *, key_point_version: ModelVersion, grade_version: ModelVersion
) -> list[dict[str, Any]]:
    """Those that wait in neither list because workers died under them, as films that failed."""
    versions = key_point_version, grade_version
    wanted = Q(pk__in=_ungraded(*versions)) | Q(pk__in=_moved_since(*versions).values("pk"))
    found = Radiograph.objects.filter(wanted, pk__in=begun_films.set_aside()).order_by("pk")
    films = job.asked(list(found.values_list("pk", flat=True)))
    return [{"radiograph": film, "reason": begun_films.SENTENCE} for film in films]


def _taken_up(films: QuerySet[Radiograph]) -> list[int]:
    found = films.exclude(pk__in=begun_films.set_aside()).order_by("pk")
    return list(found.values_list("pk", flat=True))


def _ungraded(key_points: ModelVersion, grades: ModelVersion) -> QuerySet[Radiograph]:
    done = Pregrading.objects.filter(key_points=key_points, corner_grades=grades)
    return Radiograph.objects.ready().exclude(pk__in=done.values("radiograph"))


def _moved_since(key_points: ModelVersion, grades: ModelVersion) -> QuerySet[Radiograph]:
    done = Pregrading.objects.filter(key_points=key_points, corner_grades=grades)
    moved = (
        DiscPoint.objects.filter(
            radiograph=OuterRef("pk"), reader__isnull=False, reading__committed_at__isnull=False
        )
        .order_by("-reading__committed_at")
        .values("reading__committed_at")[:1]
    )
    graded = (
        done.filter(radiograph=OuterRef("pk"), by_hand=True)
        .order_by()
        .values("radiograph")
        .annotate(newest=Max("created_at"))
        .values("newest")
    )
    return (
        Radiograph.objects.ready()
        .filter(pk__in=done.filter(plausible=False).values("radiograph"))
        .exclude(pk__in=done.filter(plausible=True).values("radiograph"))
        .annotate(moved=Subquery(moved), graded=Subquery(graded))
        .filter(Q(graded__isnull=True) | Q(graded__lt=F("moved")), moved__isnull=False)
    )


def as_they_are(films: Sequence[int]) -> dict[int, Radiograph]:
    """These films in use by number, with what the networks get of them, oldest first."""
    given = ("region", "corrected", "window_center", "window_width")
    found = Radiograph.objects.ready().filter(pk__in=films).order_by("pk").only(*given)
    return {film.pk: film for film in found}


@transaction.atomic
def store_by_hand(
    *,
    film: Radiograph,
    discs: Mapping[str, DiscPoints],
    prediction: "FilmPrediction",
    key_point_version: ModelVersion,
    grade_version: ModelVersion,
) -> Pregrading | None:
    """Store what the grader says of a film at a reader's points. The points stay the reader's.

    None: these `discs` hold no longer, a reader has moved one since. The film is still among the
    `corrected`, which are graded by and by.
    """
    # Not even a point may come in between: whoever adds one names the film, and waits here.
    held = Radiograph.objects.ready().select_for_update().filter(pk=film.pk).first()
    if held is None or key_points.current(held) != discs:
        return None
    stored = Pregrading.objects.create(
        radiograph=held,
        plausible=prediction.plausible,
        reason=prediction.reason or "",
        by_hand=True,
        key_points=key_point_version,
        corner_grades=grade_version,
    )
    _store_corners([stored], {held.pk: prediction})
    return stored


@transaction.atomic
def store_pregradings(
    *,
    films: Mapping[int, Radiograph],
    predictions: Mapping[int, "FilmPrediction"],
    key_point_version: ModelVersion,
    grade_version: ModelVersion,
) -> list[Pregrading]:
    """Store points and probabilities of these films together. Repeating it changes nothing.

    `films` are as they were when their pictures were read. An implausible film keeps its points,
    for a person to read it by, and gets no grades. One that was taken out of use since, or was let
    in again with another picture or region, gets nothing: it waits to be graded as it is now.
    """
    # Locked: another worker, or a person, may be setting one aside.
    ready = Radiograph.objects.ready().filter(pk__in=predictions).select_for_update(no_key=True)
    predictions = {
        film.pk: predictions[film.pk]
        for film in ready.order_by("pk").only("region", "corrected")
        if _is_unchanged(film, films[film.pk])
    }
    key_points.store_predicted(
        films={film: prediction.discs for film, prediction in predictions.items()},
        version=key_point_version,
    )
    versions = {"key_points": key_point_version, "corner_grades": grade_version}
    Pregrading.objects.bulk_create(
        (
            Pregrading(
                radiograph_id=film,
                plausible=prediction.plausible,
                reason=prediction.reason or "",
                **versions,
            )
            for film, prediction in predictions.items()
        ),
        ignore_conflicts=True,
    )
    # Read again: what an earlier run said of a film stands
    stored = list(Pregrading.objects.filter(radiograph__in=predictions, by_hand=False, **versions))
    _store_corners(stored, predictions)
    return stored


def _is_unchanged(film: Radiograph, graded: Radiograph) -> bool:
    """No picture ever changes under its name."""
    return (film.file_name, film.region) == (graded.file_name, graded.region)


def _store_corners(
    stored: Sequence[Pregrading],
    predictions: Mapping[int, "FilmPrediction"],
) -> None:
    """The probabilities of the plausible films."""
    CornerPrediction.objects.bulk_create(
        (
            CornerPrediction(
                radiograph_id=pregrading.radiograph_id,
                site=site,
                model_version=pregrading.corner_grades,
                points_version=pregrading.key_points,
                **dict(zip(("p0", "p1", "p2", "p3"), map(float, p), strict=True)),
            )
            for pregrading in stored
            if pregrading.plausible
            for site, p in predictions[pregrading.radiograph_id].corners.items()
        ),
        ignore_conflicts=True,
    )


def told(result: Mapping[str, Any]) -> str:
    """What a pre-grading came to, in words."""
    text = f"Films pre-graded: {result['pregraded']}; for a person: {result['implausible']}"
    if aside := result["quarantined"]:
        text += f"; in quarantine: {aside}"
    if failed := len(result["failed"]):
        text += f"; not graded: {failed}"
    if result["pregraded"]:
        text += f". Films a second: {result['films_per_second']}; {', '.join(result['runtimes'])}"
    return text + "."
