"""The films: list, upload, decide on the quarantined ones, see a small picture."""

from dataclasses import asdict
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db.models import BooleanField, Exists, OuterRef, QuerySet, Subquery
from django.http import FileResponse
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation import tasks
from annotation.api.film_pane import NEVER_KEPT, PictureView, picture_file
from annotation.errors import BadInput, NotFound
from annotation.models import ModelVersion, Patient, Pregrading, Radiograph
from annotation.models.radiograph import REGIONS
from annotation.permissions import ADMIN, COORDINATOR, role, roles_of, user_of
from annotation.services import patient_number, quarantine, undone_decisions
from annotation.services.dicom_import import Status, import_film
from inference.correction import Correction, Rectangle
from inference.dicom import MAX_BYTES

PAGE_SIZE = 50
SHOWN_OF_A_PERSON = 3


class RadiographOut(serializers.ModelSerializer[Radiograph]):
    """A film as the pages show it; an empty region or reason is null."""

    patient = serializers.CharField(source="visit.patient.pseudonym")
    visit_date = serializers.DateField(source="visit.date")
    region = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()
    facing = serializers.SerializerMethodField()
    scanner = serializers.SerializerMethodField()
    thumbnail_url = serializers.SerializerMethodField()
    pregraded = serializers.BooleanField()
    plausible = serializers.BooleanField(allow_null=True)
    asks_person = serializers.SerializerMethodField()
    person_told = serializers.SerializerMethodField()

    class Meta:
        model = Radiograph
        fields = [
            "id", "patient", "visit_date", "region", "state", "reason", "width", "height",
            "facing", "scanner", "imported_at", "thumbnail_url", "pregraded", "plausible",
            "asks_person", "person_told",
        ]  # fmt: skip

    def get_region(self, film: Radiograph) -> str | None:
        """C, L or null."""
        return film.region or None

    def get_reason(self, film: Radiograph) -> str | None:
        """Why it waits or was discarded."""
        return film.reason or None

    def get_facing(self, film: Radiograph) -> str | None:
        """Side of the picture where the patient's front is: left, right or null."""
        return film.facing or None

    def get_scanner(self, film: Radiograph) -> str | None:
        """Manufacturer and model."""
        return f"{film.manufacturer} {film.scanner}".strip() or None

    def get_asks_person(self, film: Radiograph) -> dict[str, Any] | None:
        """With what number's hospital and sex it came, and who it can be; null when that is known.

        Each person with the hospital and the sex that they came with first, and with their newest
        films in use: the same spine is known again.
        """
        if (asked := getattr(film, "person_asked", None)) is None:
            return None
        people = [
            {
                "patient": one.pseudonym,
                "centre": one.centre.name,
                "sex": one.sex or None,
                "films": [
                    {"id": seen.pk, "visit_date": seen.visit.date, "thumbnail_url": thumbnail(seen)}
                    for seen in _newest_of(one)
                ],
            }
            for one in patient_number.people(asked.number)
        ]
        return {"centre": asked.centre.name, "sex": asked.sex or None, "people": people}

    def get_person_told(self, film: Radiograph) -> bool:
        """Whether it came in by what a person said of whose it is, which can be taken back."""
        return film.known_by is not None and film.known_by.is_by_answer

    def get_thumbnail_url(self, film: Radiograph) -> str:
        """Where the small picture is."""
        return thumbnail(film)


def thumbnail(film: Radiograph) -> str:
    """Where the small picture is; a corrected film has another one, which no cache knows."""
    version = "?corrected" if film.corrected else ""
    return f"/api/v1/radiographs/{film.pk}/thumbnail{version}"


def _newest_of(patient: Patient) -> "QuerySet[Radiograph]":
    """A few films to know somebody by."""
    films = Radiograph.objects.ready().filter(visit__patient=patient).select_related("visit")
    return films.order_by("-visit__date", "-pk")[:SHOWN_OF_A_PERSON]


class Filter(serializers.Serializer[Any]):
    """Which films to list."""

    region = serializers.ChoiceField(choices=REGIONS, required=False)
    state = serializers.ChoiceField(choices=Radiograph.State.choices, required=False)


class RectangleIn(serializers.Serializer[Any]):
    """An area of the waiting film, in pixels of its stored picture."""

    left = serializers.IntegerField()
    top = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class Decision(serializers.Serializer[Any]):
    """Either the region, which lets the film in, set right on request, or the state.

    `discarded` keeps a waiting film out, `forgotten` lets a discarded one come again, and
    `quarantined` sets one that is in use aside, for a reason. Areas are blacked out first, then
    the picture is inverted, mirrored left to right and turned. `person`, where it is asked: the
    pseudonym of one of the people offered, or `another`.
    """

    region = serializers.ChoiceField(choices=REGIONS, required=False)
    facing = serializers.ChoiceField(choices=["left", "right"], required=False, allow_null=True)
    blacked = RectangleIn(many=True, required=False)
    person = serializers.CharField(required=False, allow_null=True)
    inverted = serializers.BooleanField(required=False)
    mirrored = serializers.BooleanField(required=False)
    turned = serializers.IntegerField(min_value=0, max_value=3, required=False)
    state = serializers.ChoiceField(
        choices=["discarded", "forgotten", "quarantined"], required=False
    )
    reason = serializers.CharField(required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A state goes alone, with its reason where it needs one."""
        needs_reason = attrs.get("state") == Radiograph.State.QUARANTINED
        is_state = attrs.keys() == ({"state", "reason"} if needs_reason else {"state"})
        if not is_state and ("region" not in attrs or attrs.keys() & {"state", "reason"}):
            raise serializers.ValidationError(
                'Give either a region, or a state: "discarded", "forgotten", or "quarantined" '
                "with a reason."
            )
        return attrs


def shown() -> "QuerySet[Radiograph]":
    """Films with what the serving models' pre-grading said of them."""
    newest = Pregrading.objects.filter(
        radiograph=OuterRef("pk"),
        key_points__state=ModelVersion.State.SERVING,
        corner_grades__state=ModelVersion.State.SERVING,
    ).order_by("-pk")
    beside = ("visit__patient", "person_asked__centre", "known_by__patient")
    return Radiograph.objects.select_related(*beside).annotate(
        pregraded=Exists(newest),
        plausible=Subquery(newest.values("plausible")[:1], output_field=BooleanField()),
    )


class RadiographsView(APIView):
    """All films, and the door for new ones."""

    permission_classes = [role(COORDINATOR, ADMIN)]
    parser_classes = [MultiPartParser]

    def get(self, request: Request) -> Response:
        """One page."""
        wanted = Filter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        films = Paginator(shown().filter(**wanted.validated_data), PAGE_SIZE)
        page = films.get_page(request.query_params.get("page"))
        return Response(
            {
                "count": films.count,
                "page_size": PAGE_SIZE,
                "results": RadiographOut(list(page), many=True).data,
            }
        )

    def post(self, request: Request) -> Response:
        """Import one file; what became of it is the answer, no error."""
        upload = request.FILES.get("file")
        if not isinstance(upload, UploadedFile):
            raise BadInput('Send one DICOM file as "file" (multipart/form-data).')
        data: bytes = upload.read(MAX_BYTES + 1)  # one too many is told as such
        result = import_film(data, name=str(upload.name), actor=user_of(request))
        if result.status == Status.IMPORTED:
            tasks.pregrade_new_films()
        status = 201 if result.radiograph and result.status != Status.DUPLICATE else 200
        return Response(asdict(result) | {"reason": result.reason or None}, status=status)


class RadiographView(APIView):
    """One film, and a person's decision on it."""

    permission_classes = [role(ADMIN)]

    def patch(self, request: Request, radiograph: int) -> Response:
        """Let it in under a region, discard it, let it come again, or set it aside.

        The film of the answer has another id where one that was in use was changed.
        """
        decision = Decision(data=request.data)
        decision.is_valid(raise_exception=True)
        wanted = dict(decision.validated_data)
        actor = user_of(request)
        blacked = tuple(Rectangle(**one) for one in wanted.pop("blacked", ()))
        if region := wanted.pop("region", None):
            film = quarantine.accept(
                radiograph=radiograph, region=region, actor=actor,
                facing=wanted.pop("facing", None), person=wanted.pop("person", None),
                correction=Correction(**wanted, blacked=blacked),
            )  # fmt: skip
            tasks.pregrade_new_films()
        elif wanted["state"] == Radiograph.State.QUARANTINED:
            film = undone_decisions.set_aside(
                radiograph=radiograph, reason=wanted["reason"], actor=actor
            )
        elif wanted["state"] == Radiograph.State.FORGOTTEN:
            film = undone_decisions.forget(radiograph=radiograph, actor=actor)
        else:
            film = quarantine.discard(radiograph=radiograph, actor=actor)
        return Response(RadiographOut(shown().get(pk=film.pk)).data)


class WaitingPictureView(PictureView):
    """The whole picture of a film that waits: an admin reads what is burnt into it."""

    permission_classes = [role(ADMIN)]
    cache = NEVER_KEPT

    def film(self, request: Request, pk: int) -> Radiograph:
        """Of a film that nobody has decided on; whoever reads films gets them elsewhere."""
        film = Radiograph.objects.filter(pk=pk, state=Radiograph.State.QUARANTINED).first()
        if film is None:
            raise NotFound
        return film


class ThumbnailView(APIView):
    """The small picture."""

    permission_classes = [role(COORDINATOR, ADMIN)]

    def get(self, request: Request, radiograph: int) -> FileResponse:
        """JPEG; it never changes, but that of a waiting film may show a name and be replaced.

        A name is legible in it, too: until an admin has looked, nobody else sees it.
        """
        film = Radiograph.objects.filter(pk=radiograph).first()
        if film is None:
            raise NotFound
        waits = film.state == Radiograph.State.QUARANTINED
        if waits and ADMIN not in roles_of(request.user):
            raise NotFound
        cache = NEVER_KEPT if waits else "private, max-age=86400"
        return picture_file(film.preview_path, "image/jpeg", "film.jpg", cache)
