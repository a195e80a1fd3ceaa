"""Is the product able to work: database, broker, workers."""

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.permissions import Anyone


def database() -> str:
    """'ok', or what is wrong."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as problem:
        return f"The database does not answer: {type(problem).__name__}."
    return "ok"


def broker() -> str:
    """'ok', or what is wrong."""
    try:
        url = settings.REDIS_URL.replace("redis+socket:", "unix:")  # Celery spells it otherwise
        redis.Redis.from_url(url, socket_timeout=2).ping()
    except redis.RedisError as problem:
        return f"The broker does not answer: {type(problem).__name__}."
    return "ok"


class HealthView(APIView):
    """Open to load balancers; names no data."""

    permission_classes = [Anyone]
    authentication_classes = ()

    def get(self, request: Request) -> Response:
        """200 when everything answers, else 503 with what does not."""
        checks = {"database": database(), "broker": broker()}
        healthy = all(state == "ok" for state in checks.values())
        return Response(
            {"status": "ok" if healthy else "unwell", "checks": checks},
            status=200 if healthy else 503,
        )
