"""Two people at the same moment: each in a thread, with a connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each of them came to. Only in tests with `django_db(transaction=True)`."""
    with ThreadPoolExecutor(len(works)) as people:
        return list(people.map(closing, works))


def closing(work: Callable[[], Any]) -> Any:
    """What it came to; its thread's connection is closed."""
    try:
        return work()
    finally:
        connection.close()


def somebody_waits_for_a_lock() -> bool:
    """That this transaction holds; unlike pg_stat_activity, pg_locks is never of a moment ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return cursor.fetchone() is not None
