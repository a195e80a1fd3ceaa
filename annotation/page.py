"""The one page of the product, and the security header of every answer."""

import json
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie


@cache
def _entry() -> dict[str, str | list[str]]:
    """The built files of the browser program, from vite's manifest."""
    manifest = settings.FRONTEND / ".vite" / "manifest.json"
    if not manifest.exists():
        raise FileNotFoundError("The frontend is not built. Run `make setup`, then start again.")
    built = json.loads(manifest.read_text())
    return next(chunk for chunk in built.values() if chunk.get("isEntry"))


@ensure_csrf_cookie
def page(request: HttpRequest, **kwargs: str) -> HttpResponse:
    """The page that loads the browser program; it draws every screen itself."""
    entry = _entry()
    return render(
        request,
        "page.html",
        {
            "script": f"app/{entry['file']}",
            "styles": [f"app/{css}" for css in entry.get("css", [])],
        },
    )


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: nothing runs in the page that did not come with the product."""

    def add_header(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", settings.CONTENT_SECURITY_POLICY)
        return response

    return add_header
