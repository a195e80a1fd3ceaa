import os
import subprocess
from pathlib import Path

import pytest

from annotation.embedded import binaries, place


def test_a_copy_of_the_programs_runs_where_it_lies(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(binaries, "_runs", lambda programs, place: False)
    owner = data.stat()
    here = place.Place(data / "servers", data / "servers", owner.st_uid, owner.st_gid)
    copied = binaries.binaries(here)
    assert copied.postgres.is_relative_to(data)
    for program in (copied.initdb, copied.postgres, copied.redis_server):
        subprocess.run([program, "--version"], check=True, capture_output=True, env={})
    assert binaries.binaries(here) == copied
