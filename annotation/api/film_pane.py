"""What a film pane needs to show a film to a reader or an adjudicator, and nothing about it else.

No id, no patient, no date, no file name: blinding. The address of a picture goes by the reading or
the case.
"""

from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.http import FileResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from annotation.errors import NotFound
from annotation.models import DiscPoint, Radiograph, Reading
from annotation.services.ledger import Mark
from inference.msasss import FINDINGS, NOT_ASSESSABLE

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
        "window": {"center": film.window_center, "width": film.window_width},
        **picture_urls(address),
    }


def picture_urls(address: str) -> dict[str, str]:
    """Where the pictures of a reading or a case are."""
    return {
        "picture_url": f"/api/v1/{address}/picture",
        "preview_url": f"/api/v1/{address}/preview",
    }


def discs_out(
    film: Radiograph, viewer: User, reading: Reading | None = None
) -> list[dict[str, Any]]:
    """The disc points this person works with, from the top down.

    Beside a person's own correction stand the model's points, so that it can be taken back.
    """
    seen = sorted(film.disc_points.seen_by(viewer, reading), key=lambda point: point.center_y)
    moved = [point.disc for point in seen if point.reader_id is not None]
    found = film.disc_points.filter(reader__isnull=True, disc__in=moved).current() if moved else ()
    of_model = {point.disc: _place(point) for point in found}
    return [
        {
            "disc": point.disc,
            **_place(point),
            "confidence": point.confidence,
            "source": "model" if point.reader_id is None else "reader",
            "model": of_model.get(point.disc),
        }
        for point in seen
    ]


def _place(point: DiscPoint) -> dict[str, list[float]]:
    return {
        "center": [point.center_x, point.center_y],
        "anterior": [point.anterior_x, point.anterior_y],
    }


class PictureView(APIView):
    """A picture file; subclasses say whose."""

    preview = False

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
            return _file(film.preview_path, "image/jpeg", "film.jpg")
        return _file(film.picture_path, "image/jls", "film.jls")


def _file(path: Path, content_type: str, name: str) -> FileResponse:
    try:
        file = path.open("rb")
    except FileNotFoundError as missing:
        raise NotFound(MISSING) from missing
    # The name is given, because the file's own name is the film's id.
    return FileResponse(
        file,
        filename=name,
        content_type=content_type,
        headers={"Cache-Control": "private, max-age=86400, immutable"},
    )
