"""The whole product, running: real Postgres, Redis, Celery, gunicorn and Chromium."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from annotation.management.commands.load_demo import PASSWORD
from tests import browser
from tests.ports import held_port

ROOT = Path(__file__).parents[2]
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)
READY_SECONDS = 600
SHOTS = os.environ.get("SYNDESMO_SCREENSHOTS")  # a folder: every step leaves a picture there
SIZES = ((1440, 900), (1024, 768))

expect.set_options(timeout=60_000)


@dataclass(frozen=True)
class Product:
    """A running product: where it answers, where its data lie, and how its commands are run."""

    address: str
    data: Path
    environment: dict[str, str]
    process: int

    def manage(self, *arguments: str) -> str:
        """Run a management command beside the running product; its output."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def web_processes(self) -> list[int]:
        """The web of this product and of no other: it is known by its port."""
        bind = f"127.0.0.1:{self.address.rpartition(':')[2]}\0".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if bind in entry.read_bytes():
                    found.append(int(entry.parent.name))
            except OSError:
                continue  # it ended while we looked
        return found

    @contextmanager
    def without_web(self) -> Iterator[None]:
        """The web is killed, and nobody starts it again before the end."""
        os.kill(self.process, signal.SIGSTOP)
        try:
            web = self.web_processes()
            assert web
            for number in web:
                with suppress(ProcessLookupError):  # a worker that saw its master die
                    os.kill(number, signal.SIGKILL)
            yield
        finally:
            os.kill(self.process, signal.SIGCONT)


@contextmanager
def running(data: Path) -> Iterator[Product]:
    """`manage.py demo` with accounts and starter weights, and no film yet."""
    with held_port() as port:
        yield from _running(data, port)


def _running(data: Path, port: int) -> Iterator[Product]:
    servers = {"DATABASE_URL", "REDIS_URL"}  # the demo starts its own
    environment = {name: value for name, value in os.environ.items() if name not in servers}
    environment |= {"SYNDESMO_DATA": str(data), "PORT": str(port)}
    log = data / "demo.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "demo", "--patients", "0"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(process, log)
            yield Product(f"http://127.0.0.1:{port}", data, environment, process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                code = process.wait(timeout=120)
            finally:
                process.kill()  # nothing to one that has ended
    assert code == 0, log.read_text()


@pytest.fixture(scope="session")
def product(shared_data: Path) -> Iterator[Product]:
    """One product for all files whose studies do not meet; the others start their own.

    It begins with twelve small films of three people at two visits, and the demonstration's two
    studies: whichever file comes first, they are the oldest.
    """
    with running(shared_data) as shared:
        shared.manage("load_demo", "--patients", "3", "--visits", "2", "--scale", "0.25")
        yield shared


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    began = time.monotonic()
    while "Syndesmo is ready" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() - began < READY_SECONDS, log.read_text()
        time.sleep(0.2)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = browser.executable()
    assert path, "No Chromium: run `make browser`, or install your system's package `chromium`."
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=path, args=FLAGS.split(), timeout=180_000
        )
        yield launched
        launched.close()


@dataclass
class Person:
    """Somebody signed in, in a browser of their own."""

    page: Page
    product: Product

    def __post_init__(self) -> None:
        self.page.set_default_timeout(60_000)  # of a click, as `expect` above

    def goes_to(self, path: str) -> None:
        self.page.goto(self.product.address + path)

    def signs_in(self, username: str, address: str = "") -> None:
        """Here, or at another address of the same product."""
        self.page.goto(address or self.product.address)
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    def shows(self, name: str) -> None:
        """Leave a picture of the page in both sizes, for whoever wants to look."""
        if not SHOTS:
            return
        for width, height in SIZES:
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.wait_for_timeout(400)
            self.page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png")
        self.page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})


SignIn = Callable[..., Person]


@pytest.fixture
def sign_in(product: Product, chromium: Browser) -> Iterator[SignIn]:
    """``sign_in("reader")``, at another address if need be.

    A page error or a refused script fails the test at its end. A `script` runs before the page's
    own; the rest is as `new_context` of Playwright takes it.
    """
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def make(
        username: str, address: str = product.address, script: str = "", **more: Any
    ) -> Person:
        context = chromium.new_context(
            viewport={"width": SIZES[0][0], "height": SIZES[0][1]}, accept_downloads=True, **more
        )
        if script:
            context.add_init_script(script)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"{username}: {error}"))
        page.on(
            "console",
            lambda said: (
                troubles.append(f"{username}: {said.text}")
                if re.search("Content Security Policy|Uncaught", said.text)
                else None
            ),
        )
        person = Person(page, product)
        person.signs_in(username, address)
        return person

    yield make
    for context in contexts:
        context.close()
    assert not troubles
