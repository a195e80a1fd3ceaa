"""The reader's screens: worklist, the film in hand, grades, commit. All of it is one's own."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api.film_pane import (
    MarkInput,
    PictureView,
    discs_out,
    film_out,
    mark_from,
    mark_out,
    picture_urls,
)
from annotation.models import Radiograph, Reading
from annotation.permissions import BlindReader, user_of
from annotation.services import disc_corrections, reader_grades, reading_queue
from annotation.services.ledger import Marks
from annotation.services.reader_grades import Circumstances, Saved
from inference.msasss import BRIDGE

# A tab left open for a month must not cost the grade that ends it.
_LONGEST_MS = 2**31 - 1


def reading_out(reading: Reading, reader: User) -> dict[str, Any]:
    """A reading as its reader may see it."""
    study, round_ = reading.round.study, reading.round
    places = Reading.objects.of(reader).filter(round=round_).count()
    history = reader_grades.history_of(reading)
    coming = reading_queue.upcoming(reading)
    return {
        "id": reading.pk,
        "study": {"id": study.pk, "name": study.name},
        "round": {"id": round_.pk, "number": round_.number, "kind": round_.kind},
        "label": f"{reading.position} of {places}",
        "position": reading.position,
        "places": places,
        **film_out(reading.radiograph, f"readings/{reading.pk}"),
        "sites": reading.sites,
        "discs": discs_out(reading.radiograph, reader),
        "marks": marks_out(history.marks),
        "can_undo": bool(history.done),
        "can_redo": bool(history.undone),
        "state": reading_queue.state_of(reading),
        "lease_until": reading.lease_until,
        "instrument": {
            "cervical_squaring": study.cervical_squaring,
            "finding_flags": study.finding_flags,
            "assist_mode": study.assist_mode,
        },
        "model": model_out(reading),
        "upcoming": [picture_urls(f"readings/{coming.pk}")] if coming else [],
    }


def marks_out(marks: Marks) -> dict[str, Any]:
    """Standing marks by site."""
    return {site: mark_out(mark) for site, mark in marks.items()}


def model_out(reading: Reading) -> dict[str, Any] | None:
    """The model's grades, once a commit has shown them; the version stays the one shown."""
    version = reading.model_version_shown
    if version is None:
        return None
    found = reading.radiograph.corner_predictions.filter(
        model_version=version, site__in=reading.sites
    )
    return {
        "version": version.name,
        "corners": {
            row.site: _predicted([row.p0, row.p1, row.p2, row.p3]) for row in found.order_by("pk")
        },
    }


def _predicted(p: list[float]) -> dict[str, Any]:
    """Bridge first, else the likeliest of 0, 1, 2: the facing corners then agree on a bridge."""
    grade = BRIDGE if p[BRIDGE] >= 0.5 else max(range(BRIDGE), key=lambda g: p[g])
    return {"p": p, "grade": grade}


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
                    "places": found.places,
                    "committed": found.committed,
                    "state": found.state,
                    "sentence": found.sentence,
                }
                for found in reading_queue.worklist(user_of(request))
            ]
        )


class NextView(APIView):
    """The next place of a round."""

    permission_classes = [BlindReader]

    def post(self, request: Request, pk: int) -> Response:
        """Take it; the one in hand comes again."""
        reader = user_of(request)
        taken = reading_queue.take_next(reader=reader, round_id=pk)
        reading = reading_out(taken.reading, reader) if taken.reading else None
        return Response({"reading": reading, "state": taken.state, "sentence": taken.sentence})


class ReadingView(APIView):
    """One of one's own readings, once it was opened."""

    permission_classes = [BlindReader]

    def get(self, request: Request, pk: int) -> Response:
        """As it stands."""
        reader = user_of(request)
        return Response(reading_out(reading_queue.owned(reader, pk), reader))


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
        return Response({"marks": marks_out(saved.history.marks), "saved": saved.events})


def turned_out(saved: Saved) -> Response:
    """What stands after an undo or redo, and where it happened."""
    return Response({"marks": marks_out(saved.history.marks), "site": saved.site})


class UndoView(APIView):
    """Take back."""

    permission_classes = [BlindReader]

    def post(self, request: Request, pk: int) -> Response:
        """The newest action."""
        data = _checked(KeyInput, request)
        key, seen = data["idempotency_key"], Circumstances(client_time=data["client_time"])
        reader = user_of(request)
        return turned_out(reader_grades.undo(reader=reader, reading_id=pk, key=key, seen=seen))


class RedoView(APIView):
    """Bring back."""

    permission_classes = [BlindReader]

    def post(self, request: Request, pk: int) -> Response:
        """What was taken back last."""
        data = _checked(KeyInput, request)
        key, seen = data["idempotency_key"], Circumstances(client_time=data["client_time"])
        reader = user_of(request)
        return turned_out(reader_grades.redo(reader=reader, reading_id=pk, key=key, seen=seen))


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
        return Response({"discs": discs_out(reading.radiograph, reader)})


class CommitView(APIView):
    """The end of a reading."""

    permission_classes = [BlindReader]

    def post(self, request: Request, pk: int) -> Response:
        """Commit; in a second-look study the answer shows the model's grades."""
        data, reader = _checked(KeyInput, request), user_of(request)
        key = data["idempotency_key"]
        reading = reader_grades.commit(reader=reader, reading_id=pk, key=key)
        return Response(reading_out(reading, reader))


class ReadingPictureView(PictureView):
    """The film of a reading."""

    permission_classes = [BlindReader]

    def film(self, request: Request, pk: int) -> Radiograph:
        """Of an opened reading, or of the one that comes next."""
        return reading_queue.film_visible_to(user_of(request), pk).radiograph
