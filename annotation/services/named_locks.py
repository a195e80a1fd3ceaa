"""Locks with a name and no row, for what two transactions cannot see of each other.

Each is held until the caller's transaction ends. The name is a sentence's subject: "picture of film
7". https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from typing import Any

from django.db import connection


def hold(*names: str) -> None:
    """Wait until nobody else has these, then have them; in one order, so that no ring forms."""
    for name in sorted(names):
        _asked("pg_advisory_xact_lock", name)


def share(name: str) -> None:
    """Wait until nobody holds it, then have it beside others who share it."""
    _asked("pg_advisory_xact_lock_shared", name)


def try_to_hold(name: str) -> bool:
    """Have it if nobody else holds or shares it. False: somebody does."""
    return bool(_asked("pg_try_advisory_xact_lock", name))


def _asked(function: str, name: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [name])
        return cursor.fetchone()[0]
