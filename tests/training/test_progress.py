"""One bar for a whole run: it never goes back, and it has a total for whatever takes long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.command_line import grade, run
from training import progress


def test_films_are_said_first_and_last_and_not_too_often() -> None:
    said: list[dict[str, Any]] = []
    tick = progress.each_film(said.append, "reading", 400)
    for _ in range(400):
        tick()
    assert (said[0]["step"], said[-1]["step"]) == (1, 400)
    assert len(said) < 20
    assert {line["steps"] for line in said} == {400}


def test_what_has_no_part_of_its_own_leaves_the_bar_where_it_is() -> None:
    said: list[float] = []
    told = progress.of_the_whole(lambda line: said.append(line["progress"]), progress.RUN)
    for phase, step, steps in (
        ("checking", 0, 1),
        ("reading", 5, 10),
        ("starting", 0, 1),
        ("train", 5, 10),
        ("halved", 0, 10),
        ("evaluating", 0, 1),
        ("evaluating", 40, 40),
    ):
        told({"phase": phase, "step": step, "steps": steps})
    assert said == [0, 0.05, 0.05, 0.45, 0.45, 0.8, 1]


def test_the_bar_of_a_run_and_of_an_evaluation_only_goes_on(
    phantoms: Path, small_grader: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new.safetensors"
    _, lines = grade(capsys, phantoms, out, "--init", small_grader)
    read = [line for line in lines if line.get("phase") == "reading"]
    assert (read[0]["step"], read[-1]["step"]) == (1, read[0]["steps"])
    for said in (lines, run(capsys, "evaluate", "--snapshot", phantoms, "--weights", out)[1]):
        bar = [line["progress"] for line in said[:-1]]
        assert bar == sorted(bar)
        assert (bar[0], bar[-1]) == (0, 1)
