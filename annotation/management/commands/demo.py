"""``manage.py demo``: everything on one machine, from the servers to the sign-ins."""

import contextlib
import http.client
import os
import signal
import socket
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from annotation import embedded
from annotation.celery import app
from annotation.crew import Crew, CrewFailed, posts
from annotation.errors import ProductError
from annotation.management.commands.load_demo import ACCOUNTS, PASSWORD

_HOST = "127.0.0.1"
_READY_SECONDS = 300
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    help = "Start the servers, the web, the workers and the scheduler; Ctrl-C stops them all."
    requires_system_checks = ()  # they ask the database, which is not there yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--patients", type=int, help="of the phantom cohort; 0: no films")

    def handle(self, *args: Any, **options: Any) -> None:
        port = _free_port()
        for number in _STOP_SIGNALS:
            signal.signal(number, _stop)
        try:
            with contextlib.ExitStack() as stack:
                self._run(stack, port, options["patients"])
        except KeyboardInterrupt:
            self._say(f"Stopped. The data stay in {settings.DATA}.")
        except (embedded.Refused, CrewFailed, ProductError) as problem:
            raise CommandError(str(problem)) from problem

    def _run(self, stack: contextlib.ExitStack, port: int, patients: int | None) -> None:
        stack.callback(_ignore_signals)
        if not {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys():
            self._say("Starting Postgres and Redis")
            stack.enter_context(embedded.running(settings.DATA, alone=True))
        self._say("Bringing the database up to date")
        call_command("migrate", verbosity=0)
        self._say("Looking after the demonstration's accounts and films")
        cohort = {} if patients is None else {"patients": patients}
        call_command("load_demo", stdout=self.stdout, **cohort)
        self._say("Starting web, workers and scheduler")
        crew = Crew(posts(port), home=settings.BASE_DIR, logs=settings.DATA / "logs", say=self._say)
        stack.enter_context(crew)
        stack.callback(self._say, "Stopping; a few seconds")
        self._wait("the web page", crew, lambda: _is_healthy(port))
        self._wait("the worker", crew, _default_worker_answers)
        self._welcome(port)
        while True:
            crew.look()
            time.sleep(0.5)

    def _wait(self, what: str, crew: Crew, ready: Callable[[], bool]) -> None:
        """Until it is ready; a line every ten seconds, and an end to patience."""
        began = time.monotonic()
        said = 0
        while not ready():
            crew.look()
            waited = int(time.monotonic() - began)
            if waited > _READY_SECONDS:
                raise CommandError(
                    f"No answer from {what}: read the files in {settings.DATA}/logs."
                )
            if waited // 10 > said:
                said = waited // 10
                self._say(f"  waiting for {what}, {waited} s")
            time.sleep(0.2)

    def _welcome(self, port: int) -> None:
        self._say(f"\nSyndesmo is ready: http://{_HOST}:{port}")
        self._say(f"  sign in with the password {PASSWORD} as")
        for username, (name, role) in ACCOUNTS.items():
            self._say(f"    {username:<12} {name}, {role}")
        self._say("  Ctrl-C stops everything; the data stay.\n")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _stop(number: int, frame: object) -> None:
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    """Stopping takes seconds; a second Ctrl-C must not break it off half way."""
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _free_port() -> int:
    """PORT, 8000 if not given; refused with a sentence before anything is started."""
    given = os.environ.get("PORT", "8000")
    if not given.isdecimal() or not 0 < int(given) < 65536:
        raise CommandError(f"PORT is {given!r}: give a number between 1 and 65535.")
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, int(given)))
        except OSError as error:
            raise CommandError(
                f"Port {given} cannot be had ({error.strerror}): stop what uses it, "
                "or choose another one: PORT=8001 make demo"
            ) from error
    return int(given)


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(_HOST, port, timeout=5)
    try:
        connection.request("GET", "/api/v1/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _default_worker_answers() -> bool:
    """The GPU worker is not asked: it has one thread, and while that pre-grades it answers nobody.

    That it lives is for the crew to see.
    """
    answers = app.control.ping(timeout=1) or []
    return any(name.startswith("default@") for answer in answers for name in answer)
