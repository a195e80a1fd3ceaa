import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from annotation import processes

# A child that starts a child of its own, says both numbers, and takes no hint to leave.
_STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(60)
"""
_PARENT = f"""
import sys, time
from annotation import processes
child = processes.start([sys.executable, "-c", {_STUBBORN!r}], output=None)
time.sleep(60)
"""


def alive(process: int) -> bool:
    """Running; a zombie has ended and only waits to be counted."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(process: int) -> bool:
    """Long before it would by itself."""
    deadline = time.monotonic() + 30
    while alive(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(process)


def start(code: str) -> subprocess.Popen[bytes]:
    return processes.start([sys.executable, "-c", code], output=subprocess.PIPE)


def first_line(child: subprocess.Popen[bytes]) -> list[int]:
    assert child.stdout is not None
    with child.stdout:
        return [int(word) for word in child.stdout.readline().split()]


def test_who_does_not_leave_in_time_is_killed_with_all_its_children() -> None:
    child = start(_STUBBORN)
    numbers = first_line(child)
    began = time.monotonic()
    processes.stop([child], politely=signal.SIGTERM, seconds=0.3)
    assert time.monotonic() - began < 30  # half of what it would sleep
    assert child.returncode == -signal.SIGKILL
    assert all(ends(number) for number in numbers)


def test_who_leaves_when_asked_keeps_its_own_exit_code() -> None:
    # Blocked, or a signal that comes just before the wait is taken by the handler and not by it
    child = start(
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]); "
        "print(0, flush=True); signal.sigwait([signal.SIGINT])"
    )
    first_line(child)
    processes.stop([child], politely=signal.SIGINT, seconds=5)
    assert child.returncode == 0


def test_children_are_asked_together_and_share_one_deadline() -> None:
    children = [start(_STUBBORN) for _ in range(8)]
    for child in children:
        first_line(child)
    began = time.monotonic()
    processes.stop(children, politely=signal.SIGTERM, seconds=0.7)
    assert time.monotonic() - began < 8 * 0.7  # one after the other


def test_a_child_ends_with_its_parent_even_when_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE)
    child, _ = first_line(parent)
    assert alive(child)
    parent.kill()
    parent.wait()
    assert ends(child)


def test_stopping_who_has_ended_already_is_no_error() -> None:
    child = processes.start([sys.executable, "-c", ""])
    child.wait()
    processes.stop([child], politely=signal.SIGTERM, seconds=1)
    assert child.returncode == 0


@pytest.mark.parametrize("asked", [signal.SIGKILL, signal.SIGTERM])
def test_the_last_signal_is_the_one_that_was_chosen(asked: signal.Signals) -> None:
    code = f"""
import signal, subprocess, sys, time
from annotation import processes
processes.start([sys.executable, "-c", '''
import os, signal, time
def told(number, frame):
    print("told", flush=True)
    os._exit(0)
signal.signal(signal.SIGTERM, told)
print(os.getpid(), flush=True)
time.sleep(60)
'''], last_signal=signal.{asked.name})
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        said = parent.stdout.readline()
    assert ends(child)
    assert said == (b"told\n" if asked == signal.SIGTERM else b"")
