"""Two readers commit the same film at the same moment: the second sees the first one's grades."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from tests.annotation.conftest import MakeStudy, MakeUser, Read


@pytest.mark.django_db(transaction=True)
def test_a_reader_who_commits_while_another_does_is_compared_with_that_one(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    round_ = study(films=1).rounds.get()
    ada_is_through, ben_is_through = threading.Event(), threading.Event()

    def ada_commits_slowly() -> None:
        with transaction.atomic():
            read(round_, reader("ada"))
            ada_is_through.set()
            ben_is_through.wait(1)  # he waits for us; without the lock he would not

    def ben_commits_meanwhile() -> None:
        ada_is_through.wait()
        read(round_, reader("ben"))
        ben_is_through.set()

    def closing(work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as clients:
        list(clients.map(closing, (ada_commits_slowly, ben_commits_meanwhile)))
    assert round_.study.consensus.count() == 12
