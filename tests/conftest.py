"""Real Postgres and real Redis under every test that asks: embedded ones in a temporary folder.

With ``DATABASE_URL`` and ``REDIS_URL`` set, the servers they name are used instead. Tests that
need neither do not wait for them.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import hypothesis
import pytest

from annotation import embedded

# The same examples on every machine, however busy: what was red once can be run again.
hypothesis.settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=True,
    database=None,
)
hypothesis.settings.load_profile("house")


def _data_folder() -> Path:
    """A data folder that goes when the tests are over.

    Not one of pytest's, which are closed to others: under root the database's own user has to
    reach its folder in it.
    """
    folder = Path(tempfile.mkdtemp(prefix="syndesmo-tests-"))
    folder.chmod(0o711)
    atexit.register(shutil.rmtree, folder)
    return folder


# Before the conftest files below this one import models, hence not in a hook.
_data = _data_folder()
os.environ["SYNDESMO_DATA"] = str(_data)
os.environ["DJANGO_SETTINGS_MODULE"] = "annotation.settings"
os.environ.setdefault("SECRET_KEY", "of tests alone")
os.environ.setdefault("SYNDESMO_KEY", "of tests alone")
os.environ.setdefault("COMMIT_ANSWER_SECONDS", "0")  # hundreds of commits need not wait
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"  # whatever the net needs
django.setup()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Each process of `--numprocesses` has servers and a data folder of its own.

    One that inherits the settings' name would load them before it comes to this file.
    """
    del os.environ["DJANGO_SETTINGS_MODULE"]


_TURN = """
DO $$ DECLARE it record; BEGIN
    FOR it IN SELECT tgrelid::regclass AS of, tgname FROM pg_trigger
              WHERE tgname LIKE 'pgtrigger_never_emptied%' LOOP
        EXECUTE format('ALTER TABLE %s {} TRIGGER %I', it.of, it.tgname);
    END LOOP;
END $$;
"""


@pytest.fixture(scope="session", autouse=True)
def may_empty_tables_between_tests() -> Iterator[None]:
    """Transactional tests end with TRUNCATE, which append-only tables refuse while they run."""
    from django.db.backends.postgresql.operations import DatabaseOperations  # needs django.setup

    flush = DatabaseOperations.sql_flush

    def with_the_key(self: DatabaseOperations, *args: Any, **options: Any) -> list[str]:
        words = flush(self, *args, **options)
        return [_TURN.format("DISABLE"), *words, _TURN.format("ENABLE ALWAYS")] if words else []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", with_the_key)
        yield


@pytest.fixture(scope="session")
def servers() -> Iterator[None]:
    """Postgres and Redis answer where the settings say."""
    if {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys():
        yield
        return
    with embedded.running(_data, durable=False):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: None) -> None:
    """pytest-django's hook before it makes the test database: the servers must be up."""


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """A data folder for servers that many modules use."""
    return _data_folder()


@pytest.fixture(scope="module")
def data() -> Path:
    """A data folder for a module that starts servers of its own in it."""
    return _data_folder()
