"""Batches of stored films: order, one by one the same, a bad film alone, nothing unbounded."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.disc_patches import PATCH
from inference.film_batches import FilmFile, graded
from inference.film_views import COLS, ROWS
from inference.picture import automatic_window, write_picture
from inference.point_finder import Film
from inference.predict import FilmPrediction, Grader
from inference.runtimes import LARGEST_DIFFERENCE
from training.phantom import generate


class Slow:
    """Names the picture; refuses the value 13; counts who is inside.

    With ``last_first`` the first batch stays inside until a second one has come.
    """

    def __init__(self, *, last_first: bool = False) -> None:
        self.batches: list[int] = []
        self.second_is_here = threading.Event()
        self.last_first = last_first
        self.inside = self.most = 0
        self.lock = threading.Lock()

    def grade_films(self, films: Sequence[Film]) -> list[FilmPrediction]:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.batches.append(len(films))
            number = len(self.batches)
        if number > 1:
            self.second_is_here.set()
        elif self.last_first:
            self.second_is_here.wait(60)
        time.sleep(0.01)
        with self.lock:
            self.inside -= 1
        if any(film.pixels[0, 0] == 13 for film in films):
            raise ValueError("thirteen")
        return [FilmPrediction({}, {}, False, str(film.pixels[0, 0])) for film in films]


def stored(folder: Path, values: Sequence[int]) -> list[FilmFile]:
    for value in values:
        write_picture(folder / f"{value}.jls", np.full((60, 40), value, np.uint16))
    return [FilmFile(value, folder / f"{value}.jls", "C") for value in values]


@pytest.fixture
def cores() -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield 4
    torch.set_num_threads(before)


def test_the_order_is_kept_and_batches_are_full(tmp_path: Path, cores: int) -> None:
    slow = Slow(last_first=True)
    files = stored(tmp_path, range(100, 111))
    found = list(graded(slow, files, batch=2, drivers=3))
    assert [len(batch) for batch in found] == [2, 2, 2, 2, 2, 1]
    flat = [outcome for batch in found for outcome in batch]
    assert [outcome.number for outcome in flat] == list(range(100, 111))
    assert [o.prediction.reason for o in flat if o.prediction] == [str(f.number) for f in files]
    assert slow.most > 1  # they do overlap


def test_a_bad_film_fails_alone_with_its_own_sentence(tmp_path: Path) -> None:
    files = stored(tmp_path, [11, 12, 13, 14, 15])
    files[0].path.unlink()
    files[3].path.write_bytes(files[3].path.read_bytes()[:30])
    (found,) = graded(Slow(), files, batch=5, drivers=1)
    assert [outcome.number for outcome in found] == [11, 12, 13, 14, 15]
    assert found[0].fault == "The picture is lost: restore it from the backup."
    assert found[2].fault == "The networks cannot grade this film: thirteen."
    assert "cannot be read: restore it from the backup" in str(found[3].fault)
    assert [bool(outcome.prediction) for outcome in found] == [False, True, False, False, True]


def test_few_films_are_shared_among_the_drivers(tmp_path: Path, cores: int) -> None:
    slow = Slow()
    list(graded(slow, stored(tmp_path, [1, 2]), batch=8))
    assert slow.batches == [1, 1]


def test_nothing_is_begun_far_ahead_and_nothing_after_the_caller_stops(tmp_path: Path) -> None:
    slow = Slow()
    batches = graded(slow, stored(tmp_path, range(100, 140)), batch=1, drivers=2)
    next(batches)
    time.sleep(0.2)
    assert len(slow.batches) <= 4
    batches.close()
    time.sleep(0.1)
    assert len(slow.batches) <= 5


def test_what_is_no_films_fault_is_raised(tmp_path: Path) -> None:
    class Gone:
        def grade_films(self, films: Sequence[Film]) -> list[FilmPrediction]:
            raise RuntimeError("CUDA error: device is lost")

    with pytest.raises(RuntimeError, match="device is lost"):
        list(graded(Gone(), stored(tmp_path, [1, 2])))


def test_the_number_of_threads_is_given_back(tmp_path: Path, cores: int) -> None:
    list(graded(Slow(), stored(tmp_path, range(100, 110)), drivers=2))
    assert torch.get_num_threads() == cores


@pytest.fixture(params=[1, 4])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """Each number of threads, and of films in a batch, has its own order of sums."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@torch.inference_mode()
def test_a_network_says_of_a_batch_what_it_says_of_each_picture(threads: int) -> None:
    """But for the last bits of float32: these maps and logits reach about 25."""
    grader = Grader.from_files(device="cpu")
    random = torch.Generator().manual_seed(0)
    side = grader.recipe.size
    closer = grader.finder.closer
    assert closer is not None
    for run, shape in (
        (grader.finder.network, (ROWS, COLS)),
        (closer, (PATCH.size, PATCH.size)),
        (partial(_at_one_level, grader), (side, side)),
    ):
        pictures = torch.rand(5, 1, *shape, generator=random)
        each = torch.cat([run(pictures[n : n + 1]) for n in range(5)])
        assert float((run(pictures) - each).abs().max()) < 1e-4


def _at_one_level(grader: Grader, crops: torch.Tensor) -> torch.Tensor:
    return grader.network(crops, torch.zeros(len(crops), dtype=torch.long))


def test_batches_say_what_one_by_one_says(tmp_path: Path, threads: int) -> None:
    """Real networks, both regions and a film without a spine in one batch.

    The last bits of the first look decide a few grey values of the second one, which has 256 of
    them; that moves points by thousandths of a pixel, and OpenCV cuts patches and crops in steps
    of 1/32 pixel. Two dozen films differed by 0.002 of a probability and 0.004 pixels at most,
    under 1, 2 and 4 threads; another film's grades would differ by far more than what two
    runtimes may. The points found in noise are anywhere.
    """
    grader = Grader.from_files(device="cpu")
    pictures = [(film.bone_bright, film.region) for film in generate(2, 1, "trial", 777, 0.5)]
    noise = np.random.default_rng(0).integers(0, 4095, (600, 500)).astype(np.uint16)
    pictures.insert(1, (noise, "C"))
    files = []
    for number, (pixels, region) in enumerate(pictures):
        write_picture(tmp_path / f"{number}.jls", pixels)
        path = tmp_path / f"{number}.jls"
        files.append(FilmFile(number, path, region, automatic_window(pixels)))
    together = [o.prediction for batch in graded(grader, files, drivers=1) for o in batch]
    for found, (pixels, region) in zip(together, pictures, strict=True):
        alone = grader.grade_film(pixels, region)
        assert found is not None
        assert (found.plausible, list(found.corners)) == (alone.plausible, list(alone.corners))
        for site, shares in alone.corners.items():
            assert found.corners[site] == pytest.approx(shares, abs=LARGEST_DIFFERENCE / 2)
        for disc, points in alone.discs.items() if alone.plausible else ():
            assert found.discs[disc].center == pytest.approx(points.center, abs=0.02)
            assert found.discs[disc].anterior == pytest.approx(points.anterior, abs=0.02)
    assert [found.plausible for found in together if found] == [True, False, True, True, True]
