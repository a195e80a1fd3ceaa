"""Signing in, and the end of guessing."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from tests.annotation.conftest import MakeUser

PASSWORD = "a-long-password-of-ada"


@pytest.fixture
def ada(reader: MakeUser, settings: LazySettings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick guesses
    user = reader("ada")
    user.set_password(PASSWORD)
    user.save()


def signs_in(name: str, password: str, address: str = "10.0.0.1") -> int:
    answer = Client(REMOTE_ADDR=address).post(
        "/api/v1/session",
        {"username": name, "password": password},
        content_type="application/json",
    )
    if answer.status_code != 200:
        assert answer.json()["error"]["sentence"]
    return answer.status_code


def test_nine_slips_are_forgiven(ada: None) -> None:
    assert [signs_in("ada", "wrong") for _ in range(9)] == [400] * 9
    assert signs_in("ada", PASSWORD) == 200
    assert signs_in("ada", "wrong") == 400  # the count starts anew


def test_the_tenth_guess_ends_it_even_for_the_right_password(ada: None) -> None:
    assert [signs_in("ada", "wrong") for _ in range(10)][-1] == 429
    assert signs_in("ada", PASSWORD) == 429


def test_a_guesser_elsewhere_locks_nobody_else_out(ada: None) -> None:
    for _ in range(12):
        signs_in("ada", "wrong", address="10.0.0.66")
    assert signs_in("ada", PASSWORD) == 200


def test_a_quarter_of_an_hour_later_the_door_opens_again(ada: None) -> None:
    for _ in range(10):
        signs_in("ada", "wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert signs_in("ada", PASSWORD) == 200


def test_the_admin_s_own_sign_in_is_held_too(ada: None) -> None:
    form = {"username": "ada", "password": "wrong"}
    answers = [Client().post("/admin/login/", form).status_code for _ in range(10)]
    assert answers[0] == 200
    assert answers[-1] == 429
