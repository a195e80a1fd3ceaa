"""Child processes that cannot outlive their parent."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int, last_signal: signal.Signals) -> Callable[[], None]:
    """What a child runs before exec: the kernel sends it ``last_signal`` when ``parent`` dies.

    The kernel watches the *thread* that started the child, so start children from a thread that
    lives as long as they should, as a rule the main one.
    """

    def arm() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(last_signal))
        if os.getppid() != parent:  # it died before the line above: nobody is left to tell us
            os.kill(os.getpid(), signal.SIGKILL)

    return arm


def start(
    command: Sequence[str | Path],
    *,
    last_signal: signal.Signals = signal.SIGKILL,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: IO[bytes] | int | None = None,
    owner: tuple[int, int] | None = None,
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that Ctrl-C reaches the parent alone.

    ``owner`` is the (uid, gid) it runs as and needs root; ``keep_open`` are descriptors it
    inherits; ``last_signal`` is what it gets when the parent dies, however it dies.
    """
    as_owner: dict[str, Any] = {}
    if owner is not None:
        as_owner = {"user": owner[0], "group": owner[1], "extra_groups": []}
    return subprocess.Popen(
        [str(word) for word in command],
        env=None if env is None else dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        pass_fds=tuple(keep_open),
        start_new_session=True,
        preexec_fn=die_with_parent(os.getpid(), last_signal),
        **as_owner,
    )


def stop(
    children: Sequence[subprocess.Popen[bytes]], *, politely: signal.Signals, seconds: float
) -> None:
    """Ask all children at once to leave; after ``seconds`` kill what is left of their sessions."""
    for child in children:
        if child.poll() is None:
            child.send_signal(politely)
    deadline = time.monotonic() + seconds
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
        kill_session(child)
        child.wait()


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the child and of the processes that it started in its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
