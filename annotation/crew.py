"""The processes of the product on one machine: web, workers, scheduler."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from annotation import processes

# Three deaths in a row, each within this many seconds of its start, are no accident any more.
_SHORT_LIFE_SECONDS = 20
_MOST_SHORT_LIVES = 3
# Together with the servers' own stop this stays under ten seconds.
_STOP_SECONDS = 4

_CELERY = ("celery", "-A", "annotation.celery")


class CrewFailed(Exception):
    """A process keeps dying; the text says which one and shows its last words."""


@dataclass
class Post:
    """One process that has to be there."""

    name: str
    words: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    short_lives: int = 0


def posts(port: int) -> list[Post]:
    """Who works: the web on ``port``, one worker per queue, the scheduler."""
    worker = (*_CELERY, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle")
    web = (
        *("gunicorn", "annotation.wsgi", "--bind", f"127.0.0.1:{port}", "--no-control-socket"),
        *("--preload", "--workers", "2", "--threads", "4", "--graceful-timeout", "3"),
        # A reader thinks longer than gunicorn's two seconds before the next key.
        *("--keep-alive", "75"),
    )
    return [
        Post("web", web),
        # solo: a child of a prefork pool is a daemon and could not start loaders or a training
        Post("worker-gpu", (*worker, "-Q", "gpu", "-P", "solo", "-n", "gpu@%h")),
        Post("worker-training", (*worker, "-Q", "training", "-P", "solo", "-n", "training@%h")),
        Post("worker", (*worker, "-Q", "default", "-c", "1", "-n", "default@%h")),
        Post("beat", (*_CELERY, "beat", "--loglevel", "INFO", "--pidfile=")),
    ]


class Crew:
    """Starts the posts, replaces who dies, and sends all home together."""

    def __init__(
        self, crew: list[Post], *, home: Path, logs: Path, say: Callable[[str], None]
    ) -> None:
        self.posts = crew
        self._home = home
        self._logs = logs
        self._say = say

    def __enter__(self) -> "Crew":
        self._logs.mkdir(exist_ok=True)
        for post in self.posts:
            self._log(post).unlink(missing_ok=True)
            self._start(post)
        return self

    def __exit__(self, *error: object) -> None:
        """Celery's own patience with running tasks is settings.CELERY_WORKER_SOFT_SHUTDOWN."""
        at_work = [post.process for post in self.posts if post.process is not None]
        processes.stop(at_work, politely=signal.SIGTERM, seconds=_STOP_SECONDS)

    def look(self) -> None:
        """Replace whoever died; raises CrewFailed when one dies again and again."""
        for post in self.posts:
            if post.process is None or post.process.poll() is None:
                continue
            processes.kill_session(post.process)  # its children must not work on without it
            lived = time.monotonic() - post.started
            post.short_lives = post.short_lives + 1 if lived < _SHORT_LIFE_SECONDS else 0
            if post.short_lives >= _MOST_SHORT_LIVES:
                raise CrewFailed(self._last_words(post))
            self._say(f"{post.name} ended (status {post.process.returncode}); starting it again.")
            self._start(post)

    def _start(self, post: Post) -> None:
        # With this, Celery gives a running task back to the queue when it is told to leave.
        env = os.environ | {"REMAP_SIGTERM": "SIGQUIT", "PYTHONUNBUFFERED": "1"}
        with self._log(post).open("ab") as log:
            post.process = processes.start(
                [sys.executable, "-m", *post.words], env=env, cwd=self._home, output=log
            )
        post.started = time.monotonic()

    def _log(self, post: Post) -> Path:
        return self._logs / f"{post.name}.log"

    def _last_words(self, post: Post) -> str:
        lines = self._log(post).read_text(errors="replace").splitlines()[-15:]
        return f"{post.name} cannot run; {self._log(post)} ends with:\n" + "\n".join(lines)
