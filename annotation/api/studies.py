"""The coordinator's screens: the studies, a new one, the progress of one."""

from dataclasses import asdict, fields
from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.errors import NotFound
from annotation.models import Study
from annotation.models.radiograph import REGIONS
from annotation.models.study import DESIGN
from annotation.permissions import ADMIN, COORDINATOR, role, user_of
from annotation.services import (
    design_changes,
    studies,
    study_closing,
    study_films,
    study_progress,
)
from annotation.services.study_films import FilmChoice


def study_out(study: Study) -> dict[str, Any]:
    """A study with its people, its rounds and how far they are."""
    rounds = study_progress.rounds(study)
    finished = all(one.committed == one.places and not one.looks for one in rounds)
    return {
        "id": study.pk,
        "name": study.name,
        **{column: getattr(study, column) for column in DESIGN},
        "gate_deck": study.gate_deck.name if study.gate_deck else None,
        "films": study.films.count(),
        "readers": [user.get_username() for user in study.readers.order_by("username")],
        "adjudicators": [user.get_username() for user in study.adjudicators.order_by("username")],
        "rounds": [asdict(one) for one in rounds],
        "design_fixed": design_changes.is_fixed(study),
        "state": "closed" if not study.is_open else "finished" if finished else "open",
    }


class RoundInput(serializers.Serializer[Any]):
    """One pass over the films."""

    washout_days = serializers.IntegerField(min_value=0, max_value=3650, default=0)


class ConventionsInput(serializers.Serializer[Any]):
    """What readers grade by, and when they see the model."""

    assist_mode = serializers.ChoiceField(Study.Assist.choices, default=Study.Assist.BLIND)
    cervical_squaring = serializers.ChoiceField(
        Study.CervicalSquaring.choices, default=Study.CervicalSquaring.NONE
    )
    missing_sites = serializers.ChoiceField(
        Study.MissingSites.choices, default=Study.MissingSites.R3
    )
    finding_flags = serializers.BooleanField(default=False)
    adjudication_trigger = serializers.ChoiceField(
        Study.AdjudicationTrigger.choices, default=Study.AdjudicationTrigger.ANY
    )
    adjudication_total = serializers.IntegerField(
        min_value=0, max_value=36, allow_null=True, default=None
    )
    settling_rule = serializers.ChoiceField(
        Study.SettlingRule.choices, default=Study.SettlingRule.MEDIAN
    )


class FilmChoiceInput(serializers.Serializer[Any]):
    """Which films of the archive; everything given must fit."""

    region = serializers.ChoiceField(choices=REGIONS, allow_null=True, default=None)
    centres = serializers.ListField(child=serializers.CharField(), default=list)
    scanners = serializers.ListField(child=serializers.CharField(), default=list)
    predicted = serializers.BooleanField(allow_null=True, default=None)
    visited_from = serializers.DateField(allow_null=True, default=None)
    visited_to = serializers.DateField(allow_null=True, default=None)
    unread = serializers.BooleanField(default=False)


def choice_of(data: dict[str, Any]) -> FilmChoice:
    """The choice in validated input, taken out of it."""
    return FilmChoice(**{field.name: data.pop(field.name) for field in fields(FilmChoice)})


class StudyInput(ConventionsInput, FilmChoiceInput):
    """The design of a new study."""

    name = serializers.CharField(max_length=120)
    readers = serializers.SlugRelatedField(
        slug_field="username", queryset=User.objects.all(), many=True, allow_empty=False
    )
    adjudicators = serializers.SlugRelatedField(
        slug_field="username", queryset=User.objects.all(), many=True, required=False
    )
    radiographs = serializers.JSONField(required=False)
    chronology = serializers.ChoiceField(Study.Chronology.choices, default=Study.Chronology.SINGLE)
    repeat_share = serializers.FloatField(min_value=0, max_value=0.5, default=0)
    overlap = serializers.ChoiceField(Study.Overlap.choices, default=Study.Overlap.ALL)
    readers_per_film = serializers.IntegerField(
        min_value=1, max_value=100, allow_null=True, default=None
    )
    double_share = serializers.FloatField(
        min_value=0.01, max_value=0.99, allow_null=True, default=None
    )
    rounds = RoundInput(many=True, allow_empty=False)
    gate_deck = serializers.PrimaryKeyRelatedField(
        queryset=Study.decks.all(), allow_null=True, default=None
    )
    gate_kappa = serializers.FloatField(min_value=0.01, max_value=1, allow_null=True, default=None)
    gate_films = serializers.IntegerField(min_value=1, allow_null=True, default=None)

    def validate_radiographs(self, value: Any) -> list[int] | None:
        """None for all ready films."""
        if value == "all":
            return None
        if isinstance(value, list) and value and all(type(film) is int for film in value):
            return value
        raise serializers.ValidationError('Give "all" or a list of radiograph ids.')

    def design(self) -> studies.Design:
        """The design that the input describes."""
        data = dict(self.validated_data)
        washouts = [one["washout_days"] for one in data.pop("rounds")]
        return studies.Design(choice=choice_of(data), washouts=washouts, **data)


class ChosenFilmsInput(FilmChoiceInput):
    """A choice, and how its films would be read."""

    chronology = serializers.ChoiceField(Study.Chronology.choices, default=Study.Chronology.SINGLE)


class ChosenFilmsView(APIView):
    """What a choice of films would give a study."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def get(self, request: Request) -> Response:
        """How many films fit, and the centres and scanners that can be asked for."""
        given = ChosenFilmsInput(data=request.query_params)
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        return Response(asdict(study_films.found(choice_of(data), data["chronology"])))


class StudiesView(APIView):
    """All studies."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def get(self, request: Request) -> Response:
        """Oldest first."""
        return Response([study_out(study) for study in Study.objects.order_by("pk")])

    def post(self, request: Request) -> Response:
        """Create one and draw its orders."""
        given = StudyInput(data=request.data)
        given.is_valid(raise_exception=True)
        study = studies.create(design=given.design(), actor=user_of(request))
        return Response(study_out(study), status=201)


class StudyView(APIView):
    """One study."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def get(self, request: Request, study: int) -> Response:
        """With every reader's progress; no grades."""
        found = _study(study)
        progress = [asdict(one) for one in study_progress.progress(found)]
        holds = [asdict(one) for one in study_progress.holds(found)]
        return Response(study_out(found) | {"progress": progress, "holds": holds})

    def patch(self, request: Request, study: int) -> Response:
        """Correct conventions while nothing has been graded under them."""
        given = ConventionsInput(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        changed = design_changes.change(
            study=_study(study), actor=user_of(request), **given.validated_data
        )
        return Response(study_out(changed))


class CloseView(APIView):
    """No more grades."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def post(self, request: Request, study: int) -> Response:
        """Close the study; saved grades stay."""
        return Response(study_out(study_closing.close(study=_study(study), actor=user_of(request))))


class ReopenView(APIView):
    """Grades again."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def post(self, request: Request, study: int) -> Response:
        """Open a closed study again; readers go on where they were."""
        return Response(
            study_out(study_closing.reopen(study=_study(study), actor=user_of(request)))
        )


class FreeView(APIView):
    """A hold on a place."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def post(self, request: Request, study: int, reading: int) -> Response:
        """End it; saved grades stay."""
        found = _study(study)
        study_progress.free(study=found, reading_id=reading, actor=user_of(request))
        return Response({"holds": [asdict(one) for one in study_progress.holds(found)]})


def _study(pk: int) -> Study:
    """Raises NotFound."""
    found = Study.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found
