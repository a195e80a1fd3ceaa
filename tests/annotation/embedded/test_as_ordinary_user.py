"""Root and an ordinary user take different ways: whoever runs the tests, the other is tried too."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotation.embedded import binaries, place
from tests.annotation.embedded.managing import HOME, server_processes

_NOBODY = 65534
_WORK = f"""
import os, sys
from pathlib import Path
from annotation import embedded
from annotation.embedded import binaries
from tests.annotation.embedded.managing import read, write
folder = Path(sys.argv[1])
binaries._installed = lambda: folder / "wheels"
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid({_NOBODY})
    os.setuid({_NOBODY})
with embedded.running(folder / "data", durable=False):
    write(folder / "data", 7)
    sys.exit(not (read(folder / "data") == [7] and os.geteuid() != 0))
"""


@pytest.fixture
def theirs() -> Iterator[Path]:
    """A data folder of an ordinary user, and programs that this user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="syndesmo-theirs-"))
    uid = os.geteuid() or _NOBODY
    gid = os.getegid() or _NOBODY
    os.chown(folder, uid, gid)
    installed = folder / "wheels"
    binaries._copy(binaries._installed(), installed, place.Place(folder, folder, uid, gid))
    yield folder
    shutil.rmtree(folder)


def test_an_ordinary_user_starts_uses_and_stops_the_servers(theirs: Path) -> None:
    # A process of its own: it cannot become root again, and must not be a part of this one.
    run = subprocess.run([sys.executable, "-c", _WORK, theirs], cwd=HOME, check=False)
    assert run.returncode == 0
    assert server_processes(theirs / "data") == []
    assert (theirs / "data" / "servers").stat().st_uid == theirs.stat().st_uid
