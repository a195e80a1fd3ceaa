"""A manager in a process of its own that can be killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.annotation.embedded.managing import Manager


@pytest.fixture
def manager(data: Path) -> Iterator[Manager]:
    manager = Manager(data)
    assert manager.is_up()
    yield manager
    if manager.process.poll() is None:
        manager.leave()
