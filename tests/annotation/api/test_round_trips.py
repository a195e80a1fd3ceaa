"""What a reader waits for asks the database few questions, and no more of them in a long round."""

import json
import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.annotation.conftest import MakeStudy, MakeUser

# The session, the account with its roles, and the beginning and end of the transaction are in them.
OF_A_SAVE = 7
OF_A_TAKE = 13
OF_A_COMMIT = 22  # and the take of the next place, which is in its answer


class Asking:
    """A reader's browser that counts the questions of each request."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.questions = 0

    def post(self, path: str, **body: object) -> dict[str, object]:
        body["idempotency_key"] = str(uuid.uuid4())
        with CaptureQueriesContext(connection) as asked:
            answer = self._client.post(f"/api/v1/{path}", json.dumps(body), "application/json")
        assert answer.status_code == 200, answer.content
        self.questions = len(asked)
        found: dict[str, object] = answer.json()
        return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("films", [2, 40])
def test_take_save_and_commit_ask_the_database_little(
    study: MakeStudy, reader: MakeUser, signed_in: Callable[[User], Client], films: int
) -> None:
    round_ = study(films=films, readers=["ada"]).rounds.get()
    ada = Asking(signed_in(reader("ada")))
    reading = ada.post(f"rounds/{round_.pk}/next")["reading"]
    assert isinstance(reading, dict)
    assert ada.questions == OF_A_TAKE  # however many places are known ahead
    for site in reading["sites"]:
        ada.post(f"readings/{reading['id']}/grades", site=site, grade=3)
        assert ada.questions == OF_A_SAVE
    ada.post(f"readings/{reading['id']}/commit")
    assert ada.questions == OF_A_COMMIT
