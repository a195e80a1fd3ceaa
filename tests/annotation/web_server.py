"""The real web server on the test's database, as the demo and the image start it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from annotation.crew import posts
from tests.annotation.own_process import OwnProcess


@contextmanager
def web_server(data: Path, port: int) -> Iterator[OwnProcess]:
    """gunicorn's master and workers, all killed at the end."""
    [web] = [post for post in posts(port) if post.name == "web"]
    with OwnProcess(["-m", *web.words], data, ready="Listening at") as server:
        yield server


def workers_of(server: OwnProcess) -> list[int]:
    """The process numbers of gunicorn's workers."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return [int(number) for number in children.read_text().split()]
