"""What a film pane needs to show a film to a reader or an adjudicator, and nothing about it else.

No id, no patient, no date, no file name: blinding. The address of a picture goes by the reading or
the case.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.http import FileResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from annotation.errors import NotFound
from annotation.models import AdjudicationCase, DiscPoint, Radiograph, Reading
from annotation.services.ledger import Mark
from inference.msasss import FINDINGS, NOT_ASSESSABLE

NEVER_CHANGES = "private, max-age=86400, immutable"
# May bear a patient's name: no copy stays behind in a browser.
NEVER_KEPT = "no-store"
MISSING = "The picture of this film is not in the store. Ask the administrator to restore it."


class MarkInput(serializers.Serializer[Any]):
    """A grade, or a reason why there is none."""

    grade = serializers.IntegerField(min_value=0, max_value=3, allow_null=True, default=None)
    not_assessable = serializers.ChoiceField(
        choices=list(NOT_ASSESSABLE), allow_null=True, allow_blank=True, default=None
    )
    findings = serializers.ListField(child=serializers.ChoiceField(choices=FINDINGS), default=list)


def mark_from(data: dict[str, Any]) -> Mark:
    """The mark in validated input."""
    findings = tuple(dict.fromkeys(data["findings"]))
    return Mark(data["grade"], data["not_assessable"] or "", findings)


def mark_out(mark: Mark) -> dict[str, Any]:
    """A mark as clients read it."""
    return {
        "grade": mark.grade,
        "not_assessable": mark.not_assessable or None,
        "findings": list(mark.findings),
    }


def film_out(film: Radiograph, address: str) -> dict[str, Any]:
    """Extent, scale, window and the addresses of the pictures."""
    return {
        "region": film.region,
        "width": film.width,
        "height": film.height,
        "spacing_mm": film.spacing_mm,
        "window": window_out(film.window_center, film.window_width),
        **picture_urls(address),
    }


def window_out(center: float, width: float) -> dict[str, float]:
    """A display window in stored values."""
    return {"center": center, "width": width}


def picture_urls(address: str) -> dict[str, str]:
    """Where the pictures of a reading or a case are."""
    return {
        "picture_url": f"/api/v1/{address}/picture",
        "preview_url": f"/api/v1/{address}/preview",
    }


def discs_of_case(case: AdjudicationCase) -> list[dict[str, Any]]:
    """The disc points of an adjudication, from the top down: the crop is the one that was read.

    What the two readings showed of their readers' own points, moved in them or before, goes before
    the model's points, the newer before the older; whose it is is not told.
    """
    points = DiscPoint.objects.filter(radiograph=case.radiograph_id)
    theirs = {
        point.pk: point
        for one in (case.reading_a, case.reading_b)
        for point in points.moved_by(one.reader, one.round).select_related("reading")
        if _stands_in(one, point)
    }
    return _from_the_top(points.of_model(), (theirs[pk] for pk in sorted(theirs)))


def discs_of_readings(readings: Sequence[Reading], reader: User) -> dict[int, list[dict[str, Any]]]:
    """The disc points the reader works with in each reading of one round, from the top down.

    Always two questions: a third for a hidden repeat could be told by its time.
    """
    points = DiscPoint.objects.filter(radiograph__in={one.radiograph_id for one in readings})
    of_model = list(points.of_model())
    moved = list(points.moved_by(reader, readings[0].round).select_related("reading"))
    return {
        one.pk: _from_the_top(
            (point for point in of_model if point.radiograph_id == one.radiograph_id),
            (point for point in moved if _stands_in(one, point)),
        )
        for one in readings
    }


def _stands_in(reading: Reading, moved: DiscPoint) -> bool:
    """Whether a reading shows a correction: one made in the other arm would give a repeat away.

    A second look is no secret: it shows the points of the first.
    """
    if moved.radiograph_id != reading.radiograph_id:
        return False
    made_in = moved.reading
    if made_in is None or made_in.round_id != reading.round_id:
        return True
    return made_in.arm == reading.arm or made_in.pk == reading.revises_id


def _from_the_top(
    of_model: Iterable[DiscPoint], moved: Iterable[DiscPoint]
) -> list[dict[str, Any]]:
    """Points as clients read them; `moved` oldest first.

    Beside a person's own correction stand the model's points, so that it can be taken back.
    """
    found = {point.disc: point for point in of_model}
    own = {point.disc: point for point in moved}
    by_height = sorted((found | own).items(), key=lambda one: one[1].center_y)
    return [
        {
            "disc": disc,
            **_place(point),
            "confidence": point.confidence,
            "source": "reader" if disc in own else "model",
            "model": _place(found[disc]) if disc in own and disc in found else None,
        }
        for disc, point in by_height
    ]


def _place(point: DiscPoint) -> dict[str, list[float]]:
    return {
        "center": [point.center_x, point.center_y],
        "anterior": [point.anterior_x, point.anterior_y],
    }


class PictureView(APIView):
    """A picture file; subclasses say whose."""

    preview = False
    cache = NEVER_CHANGES

    def film(self, request: Request, pk: int) -> Radiograph:
        """The film, if this person may see it. Raises NotFound."""
        raise NotImplementedError

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever the client accepts: there is one form, and errors are JSON."""
        return super().perform_content_negotiation(request, force=True)

    def get(self, request: Request, pk: int) -> FileResponse:
        """The stored 16-bit picture, or the small preview. Neither ever changes."""
        film = self.film(request, pk)
        if self.preview:
            return picture_file(film.preview_path, "image/jpeg", "film.jpg", self.cache)
        return picture_file(film.picture_path, "image/jls", "film.jls", self.cache)


def picture_file(path: Path, content_type: str, name: str, cache: str) -> FileResponse:
    """A film's file under another name than its own. Raises NotFound where it is gone."""
    try:
        file = path.open("rb")
    except FileNotFoundError as missing:
        raise NotFound(MISSING) from missing
    # The name is given, because the file's own name is the film's id.
    return FileResponse(
        file,
        filename=name,
        content_type=content_type,
        headers={"Cache-Control": cache},
    )
