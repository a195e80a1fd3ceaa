"""The DICOMweb door for films: Store Instances, or STOW-RS (PS3.18 10.5)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.contrib.auth.models import User
from django.utils.http import parse_header_parameters
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation import tasks
from annotation.api.multipart_related import BodyDamaged, Part, parts_of
from annotation.errors import BadInput
from annotation.permissions import ADMIN, COORDINATOR, role, user_of
from annotation.services.dicom_import import Status, import_film
from inference.dicom import MAX_BYTES, FilmRefused, identifiers
from inference.film_kinds import FILM_CLASSES

_DICOM = "application/dicom"
_LONGEST_BOUNDARY = 70  # RFC 2046 5.1.1

# Failure Reason (0008,1197), PS3.18 table 10.5.3-2 and PS3.4 B.2.3
_CLASS_NOT_SUPPORTED = 0x0122
_OUT_OF_RESOURCES = 0xA700
_OTHER_STUDY = 0xA901
_CANNOT_UNDERSTAND = 0xC000

Item = dict[str, Any]


class DicomJson(JSONRenderer):
    """The DICOM JSON model (PS3.18 F); the answer is built in it."""

    media_type = "application/dicom+json"
    format = "dicom+json"


@dataclass
class Stored:
    """What the answer says: the Store Instances Response Module (PS3.18 table 10.5.3-1)."""

    referenced: list[Item] = field(default_factory=list)
    failed: list[Item] = field(default_factory=list)
    """Instances that are known by their UIDs."""
    other: list[Item] = field(default_factory=list)
    """Parts in which no UIDs could be found."""
    imported: int = 0

    @property
    def parts(self) -> int:
        """How many were looked at."""
        return len(self.referenced) + len(self.failed) + len(self.other)

    def status(self) -> HTTPStatus:
        """Of the whole: all kept, some kept, none kept."""
        if self.parts == len(self.referenced):
            return HTTPStatus.OK
        return HTTPStatus.ACCEPTED if self.referenced else HTTPStatus.CONFLICT

    def as_json(self) -> Item:
        """Films are never given back as they came, so there is no address to retrieve them."""
        sequences = {"00081199": self.referenced, "00081198": self.failed, "0008119A": self.other}
        return {"00081190": {"vr": "UR"}} | {
            tag: {"vr": "SQ", "Value": items} for tag, items in sequences.items() if items
        }


class StudiesView(APIView):
    """Instances of any study, or of the one in the address."""

    permission_classes = [role(COORDINATOR, ADMIN)]
    renderer_classes = [DicomJson, JSONRenderer]

    def post(self, request: Request, uid: str | None = None) -> Response:
        """Import part by part as they arrive; a repeated request finds what it left."""
        stored = Stored()
        parts = parts_of(_reader(request), _boundary(request), MAX_BYTES)
        try:
            for part in parts:
                _take(stored, part, uid, user_of(request))
        except BodyDamaged as error:
            raise BadInput(
                f"{error} {stored.parts} instances before that were dealt with; send all again, "
                "what is here already stays as it is."
            ) from error
        finally:
            if stored.imported:
                tasks.pregrade_new_films()
        if not stored.parts:
            raise BadInput("The body holds no instance.")
        return Response(stored.as_json(), status=stored.status())


def _boundary(request: Request) -> str:
    kind, options = parse_header_parameters(request.content_type or "")
    if kind != "multipart/related" or options.get("type", _DICOM).lower() != _DICOM:
        raise UnsupportedMediaType(
            kind, f'Send multipart/related; type="{_DICOM}", one DICOM file a part.'
        )
    boundary = options.get("boundary", "")
    if not (0 < len(boundary) <= _LONGEST_BOUNDARY and boundary.isascii()):
        raise BadInput("The Content-Type names no boundary between the parts.")
    return boundary


def _reader(request: Request) -> Callable[[int], bytes]:
    """Reads the body; a chunked one has no length, and Django takes that for an empty one."""
    plain = request._request
    if plain.headers.get("Transfer-Encoding") and plain.META.get("wsgi.input_terminated"):
        body: Callable[[int], bytes] = plain.META["wsgi.input"].read
        return body
    return plain.read


def _take(stored: Stored, part: Part, study: str | None, actor: User) -> None:
    """Import one part and note what became of it."""
    if part.content_type not in (_DICOM, None):
        stored.other.append(_failure(_CANNOT_UNDERSTAND, f"The part is not {_DICOM}."))
        return
    if part.content is None:
        sentence = f"The file is larger than {MAX_BYTES // 1_000_000} MB, no single film is."
        stored.other.append(_failure(_OUT_OF_RESOURCES, sentence))
        return
    try:
        own = identifiers(part.content)
    except FilmRefused as error:
        stored.other.append(_failure(_CANNOT_UNDERSTAND, str(error)))
        return
    reference = {"00081150": _uid(own.sop_class), "00081155": _uid(own.instance)}
    if study not in (own.study, None):
        sentence = "The film belongs to another study than the address says."
        stored.failed.append(reference | _failure(_OTHER_STUDY, sentence))
        return
    result = import_film(part.content, name=f"instance {stored.parts + 1}", actor=actor)
    stored.imported += result.status == Status.IMPORTED
    if result.radiograph is None:  # nothing is kept: the sender must keep it
        code = _CANNOT_UNDERSTAND if own.sop_class in FILM_CLASSES else _CLASS_NOT_SUPPORTED
        stored.failed.append(reference | _failure(code, result.reason))
    else:
        stored.referenced.append(reference | {"00081190": {"vr": "UR"}})


def _uid(value: str) -> Item:
    return {"vr": "UI", "Value": [value]} if value else {"vr": "UI"}


def _failure(code: int, sentence: str) -> Item:
    """Failure Reason, and the sentence as Error Comment, which the standard leaves to us."""
    return {
        "00081197": {"vr": "US", "Value": [code]},
        "00000902": {"vr": "LO", "Value": [sentence]},
    }
