"""The demonstration's accounts have a password that everybody knows: never on real servers."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command


def test_known_passwords_are_not_put_into_a_real_database(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://somewhere")
    with pytest.raises(CommandError, match="a password that everybody knows"):
        call_command("load_demo", patients=0)
    assert not User.objects.exists()
