"""Many films at once: batches in order, several of them at work, so that no core or GPU waits.

Each driver, a thread, takes one batch from its files to its grades: while one has the network,
the others decode and cut, because decoders, OpenCV and PyTorch let other threads run. On a CPU
the drivers share the cores, which wastes less than a network spread over all of them. Batches
are bounded and so are those in flight: memory does not grow with the number of films.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import torch

from inference.msasss import Region
from inference.picture import Window, read_picture
from inference.point_finder import Film
from inference.predict import FilmPrediction, Grader

log = logging.getLogger(__name__)
CPU_BATCH = 4  # films; more gain nothing there and hold more pictures
GPU_BATCH = 16  # 96 crops at once; a film of 7 megapixels takes 21 MB here
MOST_DRIVERS = 8


class GradesFilms(Protocol):
    """What is asked of `inference.predict.Grader` here."""

    def grade_films(self, films: Sequence[Film]) -> list[FilmPrediction]:
        """One prediction per film, in order."""


@dataclass(frozen=True)
class FilmFile:
    """A stored picture to grade; `number` is the caller's name for it."""

    number: int
    path: Path
    region: Region
    window: Window | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of one film: a prediction, or a sentence that says why there is none."""

    number: int
    prediction: FilmPrediction | None
    fault: str | None = None


def graded(
    grader: GradesFilms,
    files: Sequence[FilmFile],
    *,
    batch: int | None = None,
    drivers: int | None = None,
    begins: Callable[[list[int]], None] = lambda numbers: None,
) -> Iterator[list[Outcome]]:
    """The outcomes of all files, batch by batch, in the given order.

    `begins` hears the numbers of each batch, in the caller's thread, before a picture is opened.
    A bad picture fails alone. Whatever else goes wrong is raised at its batch, and nothing after
    it is begun; so it is when the caller stops listening.
    """
    cores = torch.get_num_threads()
    drivers = min(drivers or cores, MOST_DRIVERS, max(1, len(files)))
    batch = batch or (GPU_BATCH if torch.cuda.is_available() else CPU_BATCH)
    batch = max(1, min(batch, -(-len(files) // drivers)))
    batches = [files[start : start + batch] for start in range(0, len(files), batch)]
    with _pool(drivers, cores) as pool:
        begun: deque[Future[list[Outcome]]] = deque()
        for one in batches:
            begins([file.number for file in one])
            begun.append(pool.submit(_outcomes, grader, one))
            if len(begun) > drivers:  # one waits, so that no driver does
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()


def prepare(grader: Grader) -> Grader:
    """Choose the grader's runtimes under the share of the cores that a driver has."""
    cores = torch.get_num_threads()
    with _pool(min(cores, MOST_DRIVERS), cores) as pool:
        pool.submit(grader.choose_runtimes).result()
    return grader


@contextmanager
def _pool(drivers: int, cores: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that share the cores among them; whatever has not begun is dropped at the end."""
    cv2.setNumThreads(1)  # its own pool would fight with the drivers
    pool = ThreadPoolExecutor(
        drivers,
        thread_name_prefix="driver",
        initializer=torch.set_num_threads,
        initargs=(max(1, cores // drivers),),
    )
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(cores)  # the drivers' share has become everybody's default


def _outcomes(grader: GradesFilms, files: Sequence[FilmFile]) -> list[Outcome]:
    """One batch from its files to its grades."""
    films: list[Film | Outcome] = [_opened(file) for file in files]
    whole = [film for film in films if isinstance(film, Film)]
    found = iter(_graded(grader, whole))
    return [
        film if isinstance(film, Outcome) else _outcome(file, next(found))
        for file, film in zip(files, films, strict=True)
    ]


def _opened(file: FilmFile) -> Film | Outcome:
    try:
        return Film(read_picture(file.path), file.region, file.window)
    except FileNotFoundError:
        return Outcome(file.number, None, "The picture is lost: restore it from the backup.")
    except (OSError, ValueError) as error:
        log.warning("The picture of film %s cannot be read.", file.number, exc_info=error)
        return Outcome(
            file.number, None, f"The picture cannot be read: restore it from the backup. ({error})"
        )


def _graded(grader: GradesFilms, films: Sequence[Film]) -> list[FilmPrediction | str]:
    """Predictions or sentences. A batch that fails goes film by film, and the bad one shows."""
    if not films:
        return []
    try:
        return list(grader.grade_films(films))
    except (ValueError, MemoryError, cv2.error, torch.OutOfMemoryError) as error:
        if len(films) > 1:
            return [one for film in films for one in _graded(grader, [film])]
        log.warning("A film cannot be graded.", exc_info=error)
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        return [f"The networks cannot grade this film: {reason}."]


def _outcome(file: FilmFile, found: FilmPrediction | str) -> Outcome:
    if isinstance(found, str):
        return Outcome(file.number, None, found)
    return Outcome(file.number, found)
