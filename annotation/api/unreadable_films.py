"""The films that came and cannot be shown: list them, give one up."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.errors import BadInput
from annotation.models import UnreadableFilm
from annotation.permissions import ADMIN, COORDINATOR, role, user_of
from annotation.services import unreadable_films

LISTED = 100


class UnreadableFilmOut(serializers.ModelSerializer[UnreadableFilm]):
    """What is known of it; an empty region or scanner is null."""

    region = serializers.SerializerMethodField()
    scanner = serializers.SerializerMethodField()

    class Meta:
        model = UnreadableFilm
        fields = [
            "id", "state", "reason", "patient", "visit_date", "region", "encoding", "file_bytes",
            "centre", "scanner", "came_at",
        ]  # fmt: skip

    def get_region(self, film: UnreadableFilm) -> str | None:
        """C, L or null."""
        return film.region or None

    def get_scanner(self, film: UnreadableFilm) -> str | None:
        """Manufacturer and model."""
        return f"{film.manufacturer} {film.scanner}".strip() or None


class UnreadableFilmsView(APIView):
    """Those that wait, newest first."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def get(self, request: Request) -> Response:
        """At most the first hundred, and how many there are."""
        films = UnreadableFilm.objects.filter(state=UnreadableFilm.State.WAITING)
        shown: Any = UnreadableFilmOut(films[:LISTED], many=True).data
        return Response({"count": films.count(), "page_size": LISTED, "results": shown})


class UnreadableFilmView(APIView):
    """One of them."""

    permission_classes = [role(ADMIN)]

    def patch(self, request: Request, film: int) -> Response:
        """Wait for it no longer."""
        if request.data != {"state": UnreadableFilm.State.GIVEN_UP}:
            raise BadInput('The only decision is {"state": "given_up"}.')
        given_up = unreadable_films.give_up(unreadable_film=film, actor=user_of(request))
        return Response(UnreadableFilmOut(given_up).data)
