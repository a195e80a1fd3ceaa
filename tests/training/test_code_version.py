"""The code that trained is named as far as it can be."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from training import code_version
from training.code_version import VERSION


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    code_version.code_version.cache_clear()
    yield
    code_version.code_version.cache_clear()


def test_the_release_is_the_packages() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == VERSION


def test_a_checkout_names_its_commit_and_a_release_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert re.fullmatch(
        rf"{re.escape(VERSION)}(\+[0-9a-f]+(-dirty)?)?", code_version.code_version()
    )
    code_version.code_version.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))  # no git here, as in a container
    assert code_version.code_version() == VERSION
