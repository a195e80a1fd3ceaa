"""Calibration: a reader's decks, and the coordinator's page of decks and who passed."""

from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.errors import BadInput, NotFound
from annotation.models import CalibrationAnswer, Study
from annotation.permissions import ADMIN, COORDINATOR, BlindReader, role, user_of
from annotation.services import calibration, calibration_decks
from annotation.services.calibration import Standing


def standing_out(standing: Standing) -> dict[str, Any]:
    """A reader's tries of a deck."""
    return {"reader": standing.reader, "tries": [asdict(one) for one in standing.tries]}


class CalibrationView(APIView):
    """One's own decks."""

    permission_classes = [BlindReader]

    def get(self, request: Request) -> Response:
        """With every try, and what the studies that one reads in ask of it."""
        reader = user_of(request)
        return Response(
            [
                {
                    "deck": {"id": one.deck.pk, "name": one.deck.name},
                    "tries": standing_out(one)["tries"],
                    "gates": gates_out(Study.objects.filter(gate_deck=one.deck, readers=reader)),
                }
                for one in calibration.decks_of(reader)
            ]
        )


def gates_out(studies: Any) -> list[dict[str, Any]]:
    """The studies that ask for a deck, and for how much."""
    return [
        {"study": study.name, "kappa": study.gate_kappa, "films": study.gate_films}
        for study in studies.order_by("pk")
    ]


class CalibrationTriesView(APIView):
    """Passes through one deck."""

    permission_classes = [BlindReader]

    def post(self, request: Request, pk: int) -> Response:
        """Begin a new one."""
        round_ = calibration.begin_again(reader=user_of(request), deck_id=pk)
        return Response({"round": round_.pk}, status=201)


class ReadersInput(serializers.Serializer[Any]):
    """Who is to read a deck."""

    readers = serializers.SlugRelatedField(
        slug_field="username", queryset=User.objects.all(), many=True
    )


class DeckInput(ReadersInput):
    """A new deck: from a study's consensus, of all its films or some, or from a table of labels."""

    name = serializers.CharField(max_length=120)
    study = serializers.PrimaryKeyRelatedField(
        queryset=Study.objects.all(), allow_null=True, default=None
    )
    films = serializers.ListField(
        child=serializers.IntegerField(min_value=1), allow_null=True, default=None
    )
    labels = serializers.CharField(max_length=2_000_000, allow_blank=True, default="")


def deck_out(deck: Study) -> dict[str, Any]:
    """A deck with its readers' tries and the studies that ask for it."""
    answers = CalibrationAnswer.objects.filter(deck=deck)
    return {
        "id": deck.pk,
        "name": deck.name,
        "films": deck.films.count(),
        "corners": answers.count(),
        "source": answers.values_list("source", flat=True).first() or "",
        "readers": [standing_out(one) for one in calibration.standings(deck)],
        "gates": gates_out(Study.objects.filter(gate_deck=deck)),
    }


class DecksView(APIView):
    """All decks."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def get(self, request: Request) -> Response:
        """Newest first."""
        return Response([deck_out(deck) for deck in Study.decks.order_by("-pk")])

    def post(self, request: Request) -> Response:
        """Make one."""
        given = DeckInput(data=request.data)
        given.is_valid(raise_exception=True)
        data, actor = given.validated_data, user_of(request)
        study, labels = data["study"], data["labels"].strip()
        if (study is None) == (not labels):
            raise BadInput("Give a study whose consensus is the answer, or a table of labels.")
        if study is not None:
            answers, source = calibration_decks.held_by(study, data["films"]), study.name
        else:
            answers = calibration_decks.from_table(labels)
            source = f"labels given by {actor.get_username()}"
        deck = calibration_decks.create(
            name=data["name"], answers=answers, source=source, readers=data["readers"], actor=actor
        )
        return Response(deck_out(deck), status=201)


class DeckReadersView(APIView):
    """The readers of a deck."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def post(self, request: Request, pk: int) -> Response:
        """Give the deck to more readers."""
        deck = Study.decks.filter(pk=pk).first()
        if deck is None:
            raise NotFound
        given = ReadersInput(data=request.data)
        given.is_valid(raise_exception=True)
        calibration_decks.add_readers(
            deck=deck, readers=given.validated_data["readers"], actor=user_of(request)
        )
        return Response(deck_out(deck))
