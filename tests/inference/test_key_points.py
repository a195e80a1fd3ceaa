"""Heat maps to points: sub-cell places, honest confidence, the region they belong to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inference import checkpoint, key_points
from inference.checkpoint import CheckpointError
from inference.corner_regions import LEVELS
from inference.key_points import (
    N_MAPS,
    STRIDE,
    KeyPointArchitecture,
    KeyPointFinder,
    KeyPointNet,
    decode,
    heat,
    place_log_mass,
)

torch.set_num_threads(1)


def bell(x: float, y: float, sigma: float = 1.5) -> np.ndarray:
    """Heat [1, 64, 48] of mass one around a place given in input pixels."""
    cx, cy = (x - (STRIDE - 1) / 2) / STRIDE, (y - (STRIDE - 1) / 2) / STRIDE
    rows, cols = np.mgrid[:64, :48]
    one = np.exp(-((cols - cx) ** 2 + (rows - cy) ** 2) / (2 * sigma**2))
    return (one / one.sum())[None].astype(np.float32)


@given(st.floats(30, 160), st.floats(30, 220))
def test_a_bell_is_found_at_its_place_to_a_fraction_of_a_cell(x: float, y: float) -> None:
    found = decode(bell(x, y), "mass")[0]
    assert found[:2] == pytest.approx([x, y], abs=0.3)
    assert found[2] > 0.9


def test_mass_that_lies_nowhere_is_no_confidence() -> None:
    assert decode(0.1 * bell(100, 100), "mass")[0, 2] == pytest.approx(0.1, abs=0.01)


def test_two_rival_places_halve_the_confidence() -> None:
    found = decode(0.55 * bell(60, 60) + 0.45 * bell(60, 140), "mass")[0]
    assert found[:2] == pytest.approx([60, 60], abs=0.5)
    assert found[2] == pytest.approx(0.53, abs=0.03)


def test_plain_heat_has_the_height_of_its_peak_as_confidence() -> None:
    heights = bell(80, 80)
    assert decode(heights / heights.max() * 0.7, "height")[0, 2] == pytest.approx(0.7)


def test_empty_heat_has_no_confidence() -> None:
    assert decode(np.zeros((2, 64, 48), np.float32), "height")[:, 2].tolist() == [0, 0]


def test_the_mass_of_a_map_and_of_nowhere_is_one() -> None:
    maps = torch.randn(2, N_MAPS, 64, 48)
    assert place_log_mass(maps).exp().sum(dim=2) == pytest.approx(1, abs=1e-4)


def test_strongly_negative_maps_mean_nowhere() -> None:
    maps = torch.full((1, N_MAPS, 64, 48), -20.0)
    assert heat(maps, KeyPointArchitecture()).max() < 1e-6


@pytest.mark.parametrize("branches", [True, False])
def test_the_network_gives_24_maps_at_stride_4(branches: bool) -> None:
    network = KeyPointNet(KeyPointArchitecture(branches=branches)).eval()
    with torch.inference_mode():
        assert network(torch.rand(1, 1, 256, 192)).shape == (1, N_MAPS, 64, 48)


def test_weights_come_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = KeyPointNet(KeyPointArchitecture()).eval()
    path = tmp_path / "w.safetensors"
    checkpoint.save(path, network, key_points.metadata(network.architecture))
    again = key_points.build(checkpoint.load(path, "key_points"))
    view = torch.rand(1, 1, 256, 192)
    with torch.inference_mode():
        assert torch.allclose(again(view), network(view), atol=0.05)


def test_incomplete_metadata_is_refused(tmp_path: Path) -> None:
    network = KeyPointNet(KeyPointArchitecture())
    checkpoint.save(tmp_path / "w.safetensors", network, {"task": "key_points"})
    with pytest.raises(CheckpointError, match="incomplete"):
        key_points.build(checkpoint.load(tmp_path / "w.safetensors"))


class Drawn(KeyPointNet):
    """A network that finds bright dots of its own making: maps follow the picture's grey."""

    def __init__(self, region: str) -> None:
        super().__init__(KeyPointArchitecture())
        self.first = 0 if region == "C" else N_MAPS // 2

    def forward(self, films: torch.Tensor) -> torch.Tensor:
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


def dotted_film() -> tuple[np.ndarray, list[tuple[float, float]]]:
    film = np.zeros((1024, 768), np.uint16)
    film[0, 0], film[1023, 767] = 4000, 1
    places = []
    for k in range(12):
        x, y = (440 if k % 2 == 0 else 380), 240 + 90 * (k // 2)
        film[y - 14 : y + 15, x - 14 : x + 15] = round(4000 * (0.25 + 0.06 * k))
        places.append((float(x), float(y)))
    return film, places


@pytest.mark.parametrize("region", ["C", "L"])
def test_the_finder_puts_points_into_film_pixels_and_names_the_region(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_points, "windowed", lambda film: (film / 4000 * 255).astype(np.uint8))
    film, places = dotted_film()
    finder = KeyPointFinder(Drawn(region), torch.device("cpu"))
    discs, seen = finder.find(film, region)  # type: ignore[arg-type]
    assert seen == region
    names = LEVELS[:6] if region == "C" else LEVELS[6:]
    assert tuple(discs) == names
    found = [p for disc in discs.values() for p in (disc.center, disc.anterior)]
    assert np.array(found) == pytest.approx(np.array(places), abs=6)
