"""Which code trains: it goes into the weights file, whatever machine registers that later."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

VERSION = "0.1.0"
_COMMIT = ("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")


@cache
def code_version() -> str:
    """The release and, from a checkout, its commit: "0.1.0+1b1d67361a0f", changed: "...-dirty"."""
    try:
        done = subprocess.run(
            _COMMIT,
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return VERSION
    return f"{VERSION}+{done.stdout.strip()}"
