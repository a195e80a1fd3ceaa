"""A data folder of its own, and a manager in a process of its own that can be killed."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.annotation.embedded.managing import Manager


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="syndesmo-embedded-"))
    folder.chmod(0o711)  # under root, Postgres' own user walks through it
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def manager(data: Path) -> Iterator[Manager]:
    manager = Manager(data)
    assert manager.is_up()
    yield manager
    if manager.process.poll() is None:
        manager.leave()
