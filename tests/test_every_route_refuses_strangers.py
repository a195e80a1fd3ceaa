"""Every route of the program against every role. A route without a row fails here.

The rows are the decision who may call what; the routes are read from the program itself.
"""

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from annotation.permissions import ROLES

Route = tuple[str, str]

EVERYBODY = frozenset({"stranger", "nobody in particular", *ROLES})
READER = frozenset({"reader"})
ADJUDICATOR = frozenset({"adjudicator"})
ADMIN = frozenset({"admin"})
OFFICE = frozenset({"coordinator", "admin"})
DATA = OFFICE | {"data"}

MAY_CALL: dict[Route, frozenset[str]] = {
    ("GET", "session"): EVERYBODY,
    ("POST", "session"): EVERYBODY,
    ("DELETE", "session"): EVERYBODY,
    ("PATCH", "session"): EVERYBODY - {"stranger"},
    ("GET", "health"): EVERYBODY,
    # films
    ("GET", "radiographs"): OFFICE,
    ("POST", "radiographs"): OFFICE,
    ("PATCH", "radiographs/<id>"): ADMIN,
    ("GET", "radiographs/<id>/asked_again"): ADMIN,
    ("POST", "radiographs/<id>/asked_again"): ADMIN,
    ("GET", "radiographs/<id>/thumbnail"): OFFICE,
    ("GET", "radiographs/<id>/picture"): ADMIN,
    ("GET", "unreadable_films"): OFFICE,
    ("PATCH", "unreadable_films/<id>"): ADMIN,
    ("POST", "dicomweb/studies"): OFFICE,
    ("POST", "dicomweb/studies/<uid>"): OFFICE,
    # studies
    ("GET", "users"): OFFICE,
    ("GET", "studies"): OFFICE,
    ("POST", "studies"): OFFICE,
    ("GET", "studies/films"): OFFICE,
    ("GET", "studies/<id>"): OFFICE,
    ("PATCH", "studies/<id>"): OFFICE,
    ("POST", "studies/<id>/close"): OFFICE,
    ("POST", "studies/<id>/reopen"): OFFICE,
    ("POST", "studies/<id>/holds/<id>/free"): OFFICE,
    ("GET", "studies/<id>/agreement"): OFFICE,
    ("GET", "studies/<id>/consensus"): OFFICE,
    ("POST", "studies/<id>/level_shifts"): OFFICE,
    ("GET", "studies/<id>/ranking"): OFFICE,
    ("POST", "studies/<id>/relabel_batches"): OFFICE,
    # reading
    ("GET", "worklist"): READER,
    ("POST", "rounds/<id>/next"): READER,
    ("GET", "readings/<id>"): READER,
    ("POST", "readings/<id>/renew"): READER,
    ("POST", "readings/<id>/return"): READER,
    ("POST", "readings/<id>/grades"): READER,
    ("POST", "readings/<id>/undo"): READER,
    ("POST", "readings/<id>/redo"): READER,
    ("POST", "readings/<id>/level_shift"): READER,
    ("POST", "readings/<id>/disc_points"): READER,
    ("POST", "readings/<id>/commit"): READER,
    ("GET", "readings/<id>/picture"): READER,
    ("GET", "readings/<id>/preview"): READER,
    # calibration
    ("GET", "calibration"): READER,
    ("POST", "calibration/<id>/tries"): READER,
    ("GET", "decks"): OFFICE,
    ("POST", "decks"): OFFICE,
    ("POST", "decks/<id>/readers"): OFFICE,
    # adjudication
    ("GET", "adjudication"): ADJUDICATOR,
    ("POST", "studies/<id>/adjudication/next"): ADJUDICATOR,
    ("POST", "adjudication/<id>/decision"): ADJUDICATOR,
    ("GET", "adjudication/<id>/picture"): ADJUDICATOR,
    ("GET", "adjudication/<id>/preview"): ADJUDICATOR,
    # models and jobs
    ("POST", "pregrade"): ADMIN,
    ("GET", "jobs"): OFFICE,
    ("GET", "jobs/<id>"): OFFICE,
    ("POST", "jobs/<id>/cancel"): ADMIN,
    ("POST", "jobs/<id>/again"): ADMIN,
    ("GET", "model_versions"): OFFICE,
    ("GET", "model_versions/<id>/report"): OFFICE,
    ("POST", "model_versions/<id>/compare"): ADMIN,
    ("POST", "model_versions/<id>/promote"): ADMIN,
    ("POST", "model_versions/<id>/reject"): ADMIN,
    ("POST", "training_runs"): ADMIN,
    ("GET", "retraining_schedule"): ADMIN,
    ("PATCH", "retraining_schedule"): ADMIN,
    ("GET", "studies/<id>/promotion_bounds"): ADMIN,
    ("PATCH", "studies/<id>/promotion_bounds"): ADMIN,
    # the dataset
    ("GET", "export/token"): DATA,
    ("POST", "export/token"): DATA,
    ("DELETE", "export/token"): DATA,
    ("GET", "export/studies"): DATA,
    ("GET", "export/studies/<id>/<table>.<form>"): DATA,
}

SAMPLE = {"<id>": "0", "<uid>": "1.2.3", "<table>": "reads", "<form>": "csv"}
METHODS = ("get", "post", "put", "patch", "delete")


def walk(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every pattern of the program with its whole address."""
    for entry in resolver.url_patterns:
        address = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from walk(entry, address)
        else:
            yield address, entry


def api_routes() -> set[Route]:
    """Method and address of everything under /api/v1/, ids written alike."""
    found = set()
    for address, entry in walk(get_resolver()):
        if address.startswith("api/"):
            view = entry.callback.view_class
            route = re.sub(r"<int:\w+>", "<id>", address.removeprefix("api/v1/"))
            route = re.sub(r"<str:(\w+)>", r"<\1>", route)
            found |= {(verb.upper(), route) for verb in METHODS if hasattr(view, verb)}
    return found


def call(client: Client, method: str, route: str) -> int:
    for name, value in SAMPLE.items():
        route = route.replace(name, value)
    answer = client.generic(method, f"/api/v1/{route}", "{}", content_type="application/json")
    return answer.status_code


def account_of(role: str) -> User | None:
    """An account with that role and no other; None for a stranger."""
    if role == "stranger":
        return None
    account = User.objects.create_user(f"a {role}")
    if role in ROLES:
        account.groups.add(Group.objects.get_or_create(name=role)[0])
    return account


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert api_routes() == set(MAY_CALL)


@pytest.mark.parametrize("role", sorted(EVERYBODY))
@pytest.mark.django_db
def test_a_route_lets_in_whom_its_row_names_and_nobody_else(role: str) -> None:
    account, wrong = account_of(role), []
    for (method, route), allowed in sorted(MAY_CALL.items()):
        client = Client(raise_request_exception=False)
        if account:
            client.force_login(account)
        status = call(client, method, route)
        # Who is let in gets an answer about the empty request; 500 is never one.
        if (status not in (401, 403)) != (role in allowed) or status >= 500:
            wrong.append((method, route, status))
    assert wrong == []


@pytest.mark.django_db
def test_an_account_that_was_switched_off_is_a_stranger() -> None:
    account = account_of("admin")
    assert account is not None
    client = Client()
    client.force_login(account)
    User.objects.update(is_active=False)
    assert client.get("/api/v1/studies").status_code in (401, 403)


@pytest.mark.parametrize("extra", ["coordinator", "admin", "data"])
@pytest.mark.django_db
def test_a_reader_who_came_to_see_everybodys_grades_reads_no_more(extra: str) -> None:
    account = account_of("reader")
    assert account is not None
    account.groups.add(Group.objects.get_or_create(name=extra)[0])
    client = Client()
    client.force_login(account)
    answer = client.get("/api/v1/worklist")
    assert answer.status_code == 403
    assert "cannot read blind" in answer.json()["error"]["sentence"]


@pytest.mark.django_db
def test_a_write_needs_the_token_of_the_page() -> None:
    account = account_of("coordinator")
    assert account is not None
    client = Client(enforce_csrf_checks=True)
    client.force_login(account)
    answer = client.post("/api/v1/studies", "{}", content_type="application/json")
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["error"]["sentence"]


@pytest.mark.django_db
def test_the_back_office_sends_strangers_and_readers_to_its_sign_in() -> None:
    reader = account_of("reader")
    assert reader is not None
    open_doors = {"admin/login/", "admin/logout/", "admin/jsi18n/"}
    for who in (None, reader):
        client = Client(raise_request_exception=False)
        if who:
            client.force_login(who)
        for address, _ in walk(get_resolver()):
            if address.startswith("admin/") and address not in open_doors:
                sample = re.sub(r"<[^>]+>|\(\?P.*", "0", address)
                answer = client.get(f"/{sample}")
                assert answer.status_code in (302, 404), address
                if answer.status_code == 302:
                    assert "/admin/" in answer["Location"]
