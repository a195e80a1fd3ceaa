"""A process of the product that shares the test's database, with a data folder of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from annotation import processes

HOME = Path(__file__).resolve().parents[2]
READY_SECONDS = 120


def environment(data: Path) -> dict[str, str]:
    """The test's own, with the address of the test database."""
    given = os.environ.get("DATABASE_URL") or embedded_address()
    name = connection.settings_dict["NAME"]
    return os.environ | {
        "DATABASE_URL": urlunsplit(urlsplit(given)._replace(path=f"/{name}")),
        "REDIS_URL": settings.REDIS_URL,
        "SYNDESMO_DATA": str(data),
        "DJANGO_SETTINGS_MODULE": "annotation.settings",
    }


def embedded_address() -> str:
    from annotation import embedded

    return embedded.addresses(settings.DATA).database_url


@dataclass
class OwnProcess:
    """``with OwnProcess([...], data, ready="listens at")``: it runs, and its words are kept."""

    words: list[str]
    data: Path
    ready: str
    log: Path = field(init=False)

    def __enter__(self) -> "OwnProcess":
        (self.data / "pictures").mkdir(exist_ok=True)
        self.log = self.data / "log"
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, *self.words],
                cwd=HOME,
                env=environment(self.data),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            assert self.says(self.ready, within=READY_SECONDS), self.log.read_text()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        """Its children too: gunicorn's workers outlive their master for a while."""
        processes.kill_session(self.process)
        self.process.wait()

    def says(self, pattern: str, within: float = READY_SECONDS) -> bool:
        """Wait for a line in the log."""
        deadline = time.monotonic() + within
        while not re.search(pattern, self.log.read_text()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                return bool(re.search(pattern, self.log.read_text()))
            time.sleep(0.05)
        return True

    def found(self, pattern: str) -> str:
        """What the pattern's group holds in the log."""
        match = re.search(pattern, self.log.read_text())
        assert match, self.log.read_text()
        return match.group(1)

    def ends(self, number: signal.Signals, within: float) -> int:
        """Send the signal; the status it ends with."""
        self.process.send_signal(number)
        return self.process.wait(timeout=within)
