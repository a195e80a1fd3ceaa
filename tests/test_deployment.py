"""The container files agree with the program: who runs, on which queues, with which settings."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from annotation.crew import posts

HOME = Path(__file__).resolve().parent.parent


@pytest.fixture
def services() -> dict[str, Any]:
    composed: dict[str, Any] = yaml.safe_load((HOME / "docker-compose.yml").read_text())
    return composed["services"]


def queues(commands: list[str]) -> set[str]:
    return {found for command in commands for found in re.findall(r"-Q (\w+)", command)}


def test_the_containers_are_those_of_the_demo(services: dict[str, Any]) -> None:
    here = posts(8000)
    # The demo has servers of its own, and no archive that would send to it.
    elsewhere = {"postgres", "redis", "migrate", "dicom-receiver"}
    assert {post.name for post in here} | elsewhere == set(services)
    composed = [service.get("command") or "" for service in services.values()]
    assert queues([str(command) for command in composed]) == queues(
        [" ".join(post.words) for post in here]
    )


def test_no_secret_has_a_default(services: dict[str, Any]) -> None:
    for name in ("SECRET_KEY", "SYNDESMO_KEY"):
        assert services["web"]["environment"][name].startswith(f"${{{name}:?")


def test_the_image_does_not_run_as_root() -> None:
    lines = (HOME / "Dockerfile").read_text().splitlines()
    users = [number for number, line in enumerate(lines) if line.startswith("USER ")]
    assert users
    assert lines[users[-1]] != "USER root"
    assert not any(line.startswith("RUN ") for line in lines[users[-1] :])


@pytest.mark.parametrize("missing", ["SECRET_KEY", "SYNDESMO_KEY"])
def test_real_servers_without_a_secret_are_refused_with_its_name(missing: str) -> None:
    given = {
        "DATABASE_URL": "postgres://nobody@localhost/none",
        "REDIS_URL": "redis://localhost",
        "SECRET_KEY": "given",
        "SYNDESMO_KEY": "given",
    }
    del given[missing]
    env = {name: value for name, value in os.environ.items() if name != missing}
    run = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=HOME,
        env=env | given,
        capture_output=True,
        text=True,
    )
    assert run.returncode != 0
    assert f"Set {missing} in the environment" in run.stderr
