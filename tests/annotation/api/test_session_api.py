"""Who is signed in, and how they want their pages."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from annotation.models import Preferences
from tests.annotation.conftest import MakeUser

pytestmark = pytest.mark.django_db
SESSION = "/api/v1/session"


def test_a_choice_follows_its_user_and_nobody_else(reader: MakeUser) -> None:
    ada, ben = Client(), Client()
    ada.force_login(reader("ada"))
    ben.force_login(reader("ben"))
    assert ada.get(SESSION).json()["user"]["preferences"] == {"language": None, "theme": None}
    for change in ({"language": "ko"}, {"theme": "dark"}):
        assert ada.patch(SESSION, change, content_type="application/json").status_code == 200
    chosen = {"language": "ko", "theme": "dark"}
    assert ada.get(SESSION).json()["user"]["preferences"] == chosen
    assert ben.get(SESSION).json()["user"]["preferences"] == {"language": None, "theme": None}


@pytest.mark.parametrize("change", [{"language": "tlh"}, {"theme": "pink"}, {"theme": ""}])
def test_what_the_pages_cannot_show_is_refused(reader: MakeUser, change: dict[str, str]) -> None:
    ada = Client()
    ada.force_login(reader("ada"))
    answer = ada.patch(SESSION, change, content_type="application/json")
    assert answer.status_code == 400
    assert not Preferences.objects.exists()


def test_the_database_takes_no_other_language(reader: MakeUser) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Preferences.objects.create(user=reader("ada"), language="xx")


def test_a_stranger_has_no_preferences() -> None:
    answer = Client().patch(SESSION, {"theme": "dark"}, content_type="application/json")
    assert answer.status_code in (401, 403)
    assert Client().get(SESSION).json()["user"] is None


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [("Ada", "Lovelace", "Ada Lovelace"), ("하나", "김", "김하나"), ("", "", "ada")],
)
def test_people_are_called_as_their_language_does(
    reader: MakeUser, first: str, last: str, shown: str
) -> None:
    user = reader("ada")
    user.first_name, user.last_name = first, last
    user.save()
    ada = Client()
    ada.force_login(user)
    assert ada.get(SESSION).json()["user"]["name"] == shown
