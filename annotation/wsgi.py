"""The web process. It never loads torch (tests/test_web_does_not_import_torch.py looks)."""

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotation.settings")
application = get_wsgi_application()
# Before gunicorn forks: else every worker loads all views once more, at its first request.
import_module(settings.ROOT_URLCONF)
