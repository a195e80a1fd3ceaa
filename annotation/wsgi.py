"""The web process. It never loads torch (tests/test_web_does_not_import_torch.py looks)."""

import os
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotation.settings")
_django = get_wsgi_application()
# Before gunicorn forks: else every worker loads all views once more, at its first request.
import_module(settings.ROOT_URLCONF)


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """Django, with an end to silence: gunicorn waits for ever for the rest of a body, and a browser
    whose network has gone says no goodbye. Four such uploads would hold all threads of a process.
    """
    if connection := environ.get("gunicorn.socket"):
        connection.settimeout(settings.SILENT_SENDER_SECONDS)
    return _django(environ, start_response)
