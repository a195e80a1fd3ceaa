"""Looks at a film: points in its own pixels, whichever way it lies, alone or among others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from inference import film_views, point_finder
from inference.corner_regions import LEVELS, DiscPoints
from inference.film_views import quarter_turn
from inference.key_points import N_MAPS, STRIDE, KeyPointArchitecture, KeyPointNet
from inference.msasss import DISCS, Region
from inference.point_finder import Film, Found, KeyPointFinder

torch.set_num_threads(1)


class Drawn(KeyPointNet):
    """A network that finds bright dots of its own making: maps follow the picture's grey."""

    def __init__(self, region: str) -> None:
        super().__init__(KeyPointArchitecture())
        self.first = 0 if region == "C" else N_MAPS // 2

    def forward(self, films: torch.Tensor, patches: object = None) -> torch.Tensor:
        """Dot k of the film has its own grey; the map of k is hot where that grey is."""
        small = torch.nn.functional.avg_pool2d(films, STRIDE)
        # The rim of a brighter dot passes through the greys of darker ones: take flat places only
        span = torch.nn.functional.max_pool2d(films, STRIDE) + torch.nn.functional.max_pool2d(
            -films, STRIDE
        )
        maps = torch.full((len(films), N_MAPS, 64, 48), -20.0)
        for k in range(12):
            grey = 0.25 + 0.06 * k
            maps[:, self.first + k] = 20 - 4000 * (small[:, 0] - grey) ** 2 - 400 * span[:, 0]
        return maps


class Upright(Drawn):
    """Sees the dots only where they run down the film, the first near the top."""

    def forward(self, films: torch.Tensor, patches: object = None) -> torch.Tensor:
        """As `Drawn`; nothing where the darkest dot is not above the brightest."""
        maps = super().forward(films)
        first, last = maps[:, self.first].amax(2), maps[:, self.first + 10].amax(2)
        below = last.argmax(1) - first.argmax(1)
        return torch.where((below > 12)[:, None, None, None], maps, torch.full_like(maps, -20.0))


def dotted_film() -> tuple[np.ndarray, list[tuple[float, float]]]:
    film = np.zeros((1024, 768), np.uint16)
    film[0, 0], film[1023, 767] = 4000, 1
    places = []
    for k in range(12):
        x, y = (440 if k % 2 == 0 else 380), 240 + 90 * (k // 2)
        film[y - 14 : y + 15, x - 14 : x + 15] = round(4000 * (0.25 + 0.06 * k))
        places.append((float(x), float(y)))
    return film, places


@pytest.fixture(autouse=True)
def plain_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dots keep the greys they were drawn in."""
    monkeypatch.setattr(
        film_views, "windowed", lambda film, _: (film / 4000 * 255).astype(np.uint8)
    )


def both(found: Found) -> np.ndarray:
    return np.array([p for disc in found.discs.values() for p in (disc.center, disc.anterior)])


@pytest.mark.parametrize("region", ["C", "L"])
def test_the_finder_puts_points_into_film_pixels_and_names_the_region(region: Region) -> None:
    film, places = dotted_film()
    found = KeyPointFinder(Drawn(region), torch.device("cpu")).find(film, region)
    assert found.seen == region
    assert tuple(found.discs) == (LEVELS[:6] if region == "C" else LEVELS[6:])
    assert both(found) == pytest.approx(np.array(places), abs=6)
    assert found.margin > 20
    assert found.apart < 0.2


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_film_is_looked_at_from_the_right_side(turns: int) -> None:
    film, places = dotted_film()
    turned = np.ascontiguousarray(np.rot90(film, turns))
    finder = KeyPointFinder(Upright("C"), torch.device("cpu"))
    alone, beside = (
        finder.find_many(list(films))[0]
        for films in ([Film(turned, "C")], [Film(turned, "C"), Film(film, "C")])
    )
    moved = quarter_turn(film.shape, turns)
    expected = np.array(places) @ moved[:, :2].T + moved[:, 2]
    assert both(alone) == pytest.approx(expected, abs=6)
    assert both(beside) == pytest.approx(both(alone))


def test_no_films_no_points() -> None:
    assert KeyPointFinder(Drawn("C"), torch.device("cpu")).find_many([]) == []


def test_the_third_look_moves_points_a_little_and_never_to_another_disc() -> None:
    before = {
        d: DiscPoints(d, (100.0, 100.0 * i), (60.0, 100.0 * i), 0.9)
        for i, d in enumerate(DISCS["C"])
    }
    near = np.array([[104.0, 203.0, 0.8], [58.0, 205.0, 0.7]])
    moved = point_finder._moved(before, "C4/C5", near)
    assert (moved.center, moved.anterior, moved.confidence) == ((104, 203), (58, 205), 0.7)
    far = np.array([[100.0, 260.0, 0.99], [60.0, 200.0, 0.99]])
    stayed = point_finder._moved(before, "C4/C5", far)
    assert stayed == replace(before["C4/C5"], confidence=0.0)
