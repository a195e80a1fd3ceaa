"""The reader's screens: worklist, the film in hand, grades, commit. All of it is one's own."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api.film_pane import MarkInput, PictureView, discs_of_readings, mark_from
from annotation.api.reading_shown import marks_out, places_out, with_upcoming
from annotation.models import Radiograph
from annotation.permissions import BlindReader, user_of
from annotation.services import (
    calibration,
    disc_corrections,
    reader_commit,
    reader_grades,
    reading_queue,
    worklist,
)
from annotation.services.reader_grades import Circumstances, Saved
from annotation.services.reading_queue import Taken

# A tab left open for a month must not cost the grade that ends it.
_LONGEST_MS = 2**31 - 1


class WorklistView(APIView):
    """What there is to read."""

    permission_classes = [BlindReader]

    def get(self, request: Request) -> Response:
        """One's own rounds, with one's own counts."""
        return Response(
            [
                {
                    "study": {"id": found.round.study_id, "name": found.round.study.name},
                    "round": {
                        "id": found.round.pk,
                        "number": found.round.number,
                        "kind": found.round.kind,
                        "opens_at": found.opens_at,
                    },
                    "leads_to": found.leads_to,
                    "places": found.places,
                    "committed": found.committed,
                    "state": found.state,
                    "sentence": found.sentence,
                }
                for found in worklist.rounds_of(user_of(request))
            ]
        )


def taken_out(taken: Taken, places: list[dict[str, Any]]) -> dict[str, Any]:
    """The reader's next place with those after it; or why there is none."""
    reading = with_upcoming(places) if places else None
    return {"reading": reading, "state": taken.state, "sentence": taken.sentence}


class NextView(APIView):
    """The next place of a round."""

    permission_classes = [BlindReader]

    def post(self, request: Request, pk: int) -> Response:
        """Take it; the one in hand comes again."""
        reader = user_of(request)
        taken = reading_queue.take_next(reader=reader, round_id=pk)
        return Response(taken_out(taken, places_out(taken.places, reader)))


class ReadingView(APIView):
    """One of one's own readings, once it was opened."""

    permission_classes = [BlindReader]

    def get(self, request: Request, pk: int) -> Response:
        """As it stands."""
        reader = user_of(request)
        place = reading_queue.place(reader, pk)
        places = [place, *reading_queue.upcoming(place[0])]
        return Response(with_upcoming(places_out(places, reader)))


class RenewView(APIView):
    """Still at work."""

    permission_classes = [BlindReader]

    def post(self, request: Request, pk: int) -> Response:
        """Hold the place longer."""
        reading = reading_queue.renew(reader=user_of(request), reading_id=pk)
        return Response({"lease_until": reading.lease_until})


class ReturnView(APIView):
    """Stop here for now."""

    permission_classes = [BlindReader]

    def post(self, request: Request, pk: int) -> Response:
        """Give the place back; saved grades stay."""
        reading_queue.give_back(reader=user_of(request), reading_id=pk)
        return Response({"lease_until": None})


class WindowInput(serializers.Serializer[Any]):
    """The display window in stored values."""

    center = serializers.FloatField()
    width = serializers.FloatField()


class KeyInput(serializers.Serializer[Any]):
    """What every write carries."""

    idempotency_key = serializers.UUIDField()
    client_time = serializers.DateTimeField(allow_null=True, default=None)


class GradeInput(KeyInput, MarkInput):
    """One corner's mark, and how it came about."""

    site = serializers.CharField(max_length=7)
    partner = MarkInput(allow_null=True, default=None)
    ms_spent = serializers.IntegerField(min_value=0, allow_null=True, default=None)
    window = WindowInput(allow_null=True, default=None)


def _checked(kind: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    given = kind(data=request.data)
    given.is_valid(raise_exception=True)
    checked: dict[str, Any] = given.validated_data
    return checked


class GradesView(APIView):
    """The ledger's door."""

    permission_classes = [BlindReader]

    def post(self, request: Request, pk: int) -> Response:
        """Save one grade."""
        data = _checked(GradeInput, request)
        window = data["window"] or {}
        spent = data["ms_spent"]
        saved = reader_grades.grade(
            reader=user_of(request),
            reading_id=pk,
            key=data["idempotency_key"],
            site=data["site"],
            mark=mark_from(data),
            partner=mark_from(data["partner"]) if data["partner"] else None,
            seen=Circumstances(
                client_time=data["client_time"],
                ms_spent=None if spent is None else min(spent, _LONGEST_MS),
                window_center=window.get("center"),
                window_width=window.get("width"),
            ),
        )
        last = saved.history.window
        return Response(
            {"marks": marks_out(saved.history.marks), "window_at": last.at if last else None}
        )


def turned_out(saved: Saved) -> Response:
    """What stands after an undo or redo, and where it happened."""
    marks = marks_out(saved.history.marks)
    return Response({"marks": marks, "site": saved.site, "levels": saved.levels})


class UndoView(APIView):
    """Take back."""

    permission_classes = [BlindReader]

    def post(self, request: Request, pk: int) -> Response:
        """The newest action."""
        data = _checked(KeyInput, request)
        key, seen = data["idempotency_key"], Circumstances(client_time=data["client_time"])
        reader = user_of(request)
        undone = reader_grades.undo(reader=reader, reading_id=pk, key=key, seen=seen)
        return turned_out(undone)


class RedoView(APIView):
    """Bring back."""

    permission_classes = [BlindReader]

    def post(self, request: Request, pk: int) -> Response:
        """What was taken back last."""
        data = _checked(KeyInput, request)
        key, seen = data["idempotency_key"], Circumstances(client_time=data["client_time"])
        reader = user_of(request)
        redone = reader_grades.redo(reader=reader, reading_id=pk, key=key, seen=seen)
        return turned_out(redone)


class DiscInput(KeyInput):
    """Two points in film pixels."""

    disc = serializers.CharField(max_length=7)
    center = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    anterior = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)


class DiscPointsView(APIView):
    """One's own disc points."""

    permission_classes = [BlindReader]

    def post(self, request: Request, pk: int) -> Response:
        """Move a disc's points."""
        data, reader = _checked(DiscInput, request), user_of(request)
        reading = disc_corrections.correct(
            reader=reader,
            reading_id=pk,
            key=data["idempotency_key"],
            disc=data["disc"],
            center=(data["center"][0], data["center"][1]),
            anterior=(data["anterior"][0], data["anterior"][1]),
        )
        return Response({"discs": discs_of_readings([reading], reader)[reading.pk]})


class CommitInput(KeyInput):
    """The end of a reading, and the place that the page has gone on to meanwhile."""

    shown = serializers.IntegerField(min_value=1, allow_null=True, default=None)


@contextmanager
def _in_even_time() -> Iterator[None]:
    """Take as long for a film's first reader as for its last, whose reads are compared at once."""
    began = time.monotonic()
    yield
    time.sleep(max(0.0, settings.COMMIT_ANSWER_SECONDS - (time.monotonic() - began)))


class CommitView(APIView):
    """The end of a reading."""

    permission_classes = [BlindReader]

    @_in_even_time()
    def post(self, request: Request, pk: int) -> Response:
        """Commit and take the next place at once, so that the reader waits for one request.

        A second look is the next place. A deck's answers are looked at before the next film opens.
        """
        data, reader = _checked(CommitInput, request), user_of(request)
        key = data["idempotency_key"]
        committed = reader_commit.commit(reader=reader, reading_id=pk, key=key)
        if calibration.answers_to(committed[0]):
            [place] = places_out([committed], reader)
            return Response({**place, "upcoming": [], "next": None})
        round_id, shown = committed[0].round_id, data["shown"]
        taken = reading_queue.take_next(reader=reader, round_id=round_id, shown=shown)
        place, *coming = places_out([committed, *taken.places], reader)
        return Response({**place, "upcoming": [], "next": taken_out(taken, coming)})


class ReadingPictureView(PictureView):
    """The film of a reading."""

    permission_classes = [BlindReader]

    def film(self, request: Request, pk: int) -> Radiograph:
        """Of an opened reading, or of the one that comes next."""
        return reading_queue.film_visible_to(user_of(request), pk).radiograph
