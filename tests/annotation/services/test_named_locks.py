"""Locks with a name and no row: who waits for whom."""

from collections.abc import Callable

import pytest
from django.db import transaction

from annotation.services import named_locks
from tests.annotation.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def is_free_for_another(name: str) -> bool:
    """Asked by a connection of its own."""

    def other() -> bool:
        with transaction.atomic():
            return named_locks.try_to_hold(name)

    (free,) = at_once(other)
    return bool(free)


@pytest.mark.parametrize("have", [named_locks.hold, named_locks.share, named_locks.try_to_hold])
def test_what_one_has_another_cannot_hold_until_the_transaction_ends(
    have: Callable[[str], object],
) -> None:
    with transaction.atomic():
        have("one thing")
        assert not is_free_for_another("one thing")
        assert is_free_for_another("another thing")
    assert is_free_for_another("one thing")


def test_two_share(db: None) -> None:
    with transaction.atomic():
        named_locks.share("one thing")

        def other() -> None:
            with transaction.atomic():
                named_locks.share("one thing")

        at_once(other)  # does not wait


def test_several_are_held_in_one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(named_locks, "_asked", lambda how, name: asked.append(name))
    named_locks.hold("b", "a")
    assert asked == ["a", "b"]
