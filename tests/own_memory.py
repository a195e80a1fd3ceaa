"""The most memory that a process of its own ever held."""

import subprocess
import sys
from pathlib import Path
from typing import Any

# A small process in between: the system starts the count of a new process with the most that the
# one that started it ever held, and a test process that has seen large pictures held much.
_STARTER = (
    "import os, sys\n"
    "pid = os.spawnv(os.P_NOWAIT, sys.argv[2], sys.argv[2:])\n"
    "_, status, used = os.wait4(pid, 0)\n"
    "open(sys.argv[1], 'w').write(str(used.ru_maxrss))\n"
    "sys.exit(os.waitstatus_to_exitcode(status))\n"
)


def run_measured(words: list[str], note: Path, **options: Any) -> tuple[int, float]:
    """Run Python with these words: its exit status, and the most it held, in MB.

    `note` is a file for the figure; the options are those of `subprocess.run`.
    """
    starter = [sys.executable, "-S", "-c", _STARTER, str(note), sys.executable, *words]
    run = subprocess.run(starter, check=False, **options)
    return run.returncode, int(note.read_text()) / 1024
