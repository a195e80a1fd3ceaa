"""The training process of a job, run in this process: the same words in a second, not in ten."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from types import SimpleNamespace

import pytest

from annotation.services import training_process


@contextmanager
def started(command: training_process.Command) -> Iterator[SimpleNamespace]:
    """In place of `training_process.started`: what `python -m training ...` says, its status."""
    from training.__main__ import main

    said = io.StringIO()
    with redirect_stdout(said):
        status = main(["--threads", "1", *command[command.index("training") + 1 :]])
    said.seek(0)
    yield SimpleNamespace(stdout=said, returncode=status)


def run_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every training and evaluation of the product from now on."""
    monkeypatch.setattr(training_process, "started", started)
