"""The dataset leaves here: streamed tables, and the token that a script needs."""

from typing import Any

from django.db import transaction
from django.http import StreamingHttpResponse
from rest_framework.authtoken.models import Token
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.errors import NotFound
from annotation.models import Study
from annotation.permissions import ADMIN, COORDINATOR, DATA, role, user_of
from annotation.services import audit, dataset_export, windows

TABLES = {"reads": dataset_export.reads, "consensus": dataset_export.consensus}
FORMATS = {
    "csv": (dataset_export.as_csv, "text/csv; charset=utf-8"),
    "json": (dataset_export.as_json, "application/json"),
}


class ExportView(APIView):
    """One table of one study."""

    permission_classes = [role(COORDINATOR, ADMIN, DATA)]

    def get(self, request: Request, study: int, table: str, form: str) -> Any:
        """Stream it, so that a large study needs no memory and starts at once."""
        if table not in TABLES or form not in FORMATS:
            raise NotFound
        found = get_object_or_404(Study, pk=study)
        audit.record(actor=user_of(request), action=f"dataset.{table}_exported", subject=found)
        encode, content_type = FORMATS[form]
        return StreamingHttpResponse(
            encode(TABLES[table](found)),
            content_type=content_type,
            headers={"Content-Disposition": f'attachment; filename="study-{study}-{table}.{form}"'},
        )


class ExportStudiesView(APIView):
    """Which studies there are to export, with what they hold."""

    permission_classes = [role(COORDINATOR, ADMIN, DATA)]

    def get(self, request: Request) -> Response:
        """Names and links."""
        return Response(
            [
                {
                    "id": study.pk,
                    "name": study.name,
                    "tables": [
                        f"/api/v1/export/studies/{study.pk}/{table}.{form}"
                        for table in TABLES
                        for form in FORMATS
                    ],
                }
                for study in Study.objects.order_by("pk")
            ]
        )


class TokenView(APIView):
    """The caller's own token. It is shown once, when it is made."""

    permission_classes = [role(COORDINATOR, ADMIN, DATA)]

    def get(self, request: Request) -> Response:
        """Whether there is one, and since when."""
        token = Token.objects.filter(user=user_of(request)).first()
        return Response({"created": token.created if token else None, "token": None})

    @transaction.atomic
    def post(self, request: Request) -> Response:
        """Make a new one; the old one stops working."""
        # Two clicks at once: the second waits here, and its token is the one that works.
        windows.one_at_a_time(user_of(request))
        Token.objects.filter(user=user_of(request)).delete()
        token = Token.objects.create(user=user_of(request))
        audit.record(actor=user_of(request), action="token.made", subject=user_of(request))
        return Response({"created": token.created, "token": token.key}, status=201)

    def delete(self, request: Request) -> Response:
        """Switch it off."""
        Token.objects.filter(user=user_of(request)).delete()
        audit.record(actor=user_of(request), action="token.deleted", subject=user_of(request))
        return Response({"created": None, "token": None})
