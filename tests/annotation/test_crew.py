import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from annotation.crew import Crew, CrewFailed, Post, posts

# Modules of the standard library that stay, and that end at once.
STAYS = ("http.server", "--bind", "127.0.0.1", "0")
ENDS = ("calendar", "2026")


def crew_of(tmp_path: Path, say: Callable[[str], None], **words: tuple[str, ...]) -> Crew:
    members = [Post(name, given) for name, given in words.items()]
    return Crew(members, home=tmp_path, logs=tmp_path / "logs", say=say)


def number(crew: Crew) -> int:
    process = crew.posts[0].process
    assert process is not None
    return process.pid


def look_for_seconds(crew: Crew, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        crew.look()
        time.sleep(0.02)


def test_all_are_gone_when_the_crew_goes_home(tmp_path: Path) -> None:
    with crew_of(tmp_path, print, one=STAYS, other=STAYS) as crew:
        crew.look()
    assert [post.process and post.process.poll() for post in crew.posts] == [-signal.SIGTERM] * 2


def test_who_is_killed_is_replaced_and_that_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    with crew_of(tmp_path, said.append, web=STAYS) as crew:
        first = number(crew)
        os.kill(first, signal.SIGKILL)
        while not said:
            crew.look()
        assert number(crew) != first
    assert said == ["web ended (status -9); starting it again."]


def test_who_dies_again_and_again_ends_the_crew_with_its_last_words(tmp_path: Path) -> None:
    with (
        crew_of(tmp_path, print, web=ENDS) as crew,
        pytest.raises(CrewFailed, match=r"web cannot run; .*web\.log ends with:") as failed,
    ):
        look_for_seconds(crew, 100)
    assert "December" in str(failed.value)


def test_logs_begin_anew_with_every_start(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "web.log").write_text("of yesterday")
    with crew_of(tmp_path, print, web=STAYS):
        pass
    assert "of yesterday" not in (tmp_path / "logs" / "web.log").read_text()


def test_the_web_listens_on_this_machine_alone() -> None:
    web = next(post for post in posts(8123) if post.name == "web")
    assert "127.0.0.1:8123" in web.words


def test_every_queue_has_a_worker() -> None:
    queues = {post.words[post.words.index("-Q") + 1] for post in posts(8000) if "-Q" in post.words}
    assert queues == {"gpu", "training", "default"}
