"""Root and an ordinary user take different ways: whoever runs the tests, the other is tried too."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotation import embedded
from annotation.embedded import binaries, place
from tests.annotation.embedded.managing import read, server_processes, write

_NOBODY = 65534


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of an ordinary user, and programs that this user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="syndesmo-theirs-"))
    uid = os.geteuid() or _NOBODY
    gid = os.getegid() or _NOBODY
    os.chown(folder, uid, gid)
    installed = folder / "wheels"
    binaries._copy(binaries._installed(), installed, place.Place(folder, folder, uid, gid))
    monkeypatch.setattr(binaries, "_installed", lambda: installed)
    yield folder
    shutil.rmtree(folder)


def test_an_ordinary_user_starts_uses_and_stops_the_servers(theirs: Path) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0 if _works_for_them(theirs) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert server_processes(theirs / "data") == []
    assert (theirs / "data" / "servers").stat().st_uid == theirs.stat().st_uid


def _works_for_them(folder: Path) -> bool:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    with embedded.running(folder / "data", durable=False):
        write(folder / "data", 7)
        return read(folder / "data") == [7] and os.geteuid() != 0
