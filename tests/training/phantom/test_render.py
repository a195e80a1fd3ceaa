"""What a grade must look like: strengths rise with the latent and the film shows them."""

from dataclasses import replace

import numpy as np
import pytest

from inference.msasss import Region
from training.phantom import geometry, lesions, render
from training.phantom.canvas import Canvas

PX_PER_MM = 4.0


def _spine() -> geometry.Spine:
    streams = np.random.default_rng(1), np.random.default_rng(2)
    return geometry.build("L", *streams, np.full((6, 2), -1.0))


def _drawn(
    look: lesions.Corner = render.HEALTHY, bridge_mm: float = 0.0
) -> tuple[Canvas, geometry.Disc]:
    """The bones of a spine whose disc 2 has `look` at its cranial corner, or a bridge."""
    spine = _spine()
    disc = spine.disc(2)
    offset = 120 - PX_PER_MM * disc.anterior
    matrix = np.array([[PX_PER_MM, 0, offset[0]], [0, PX_PER_MM, offset[1]]])
    canvas = Canvas(np.zeros((240, 240), dtype=np.float32), matrix, PX_PER_MM)
    corners = [(render.HEALTHY, render.HEALTHY)] * 6
    corners[2] = (look, render.HEALTHY)
    bridges = [lesions.Bridge(0, 0, 0, 0)] * 6
    bridges[2] = lesions.Bridge(bridge_mm, 0.8, 0.9, 0.0)
    render.draw_spine(canvas, spine, corners, bridges, np.random.default_rng(3))
    return canvas, disc


def _joined(canvas: Canvas, disc: geometry.Disc) -> bool:
    """Whether every height between the facing corners holds new bone near the anterior margin."""
    (_, top), (_, bottom) = canvas.pixels(disc.cranial), canvas.pixels(disc.caudal)
    x = round(canvas.pixels(disc.anterior)[0])
    strip = canvas.bone[round(top) : round(bottom), x - 24 : x + 16]
    return bool((strip.max(axis=1) > 0.4).all())


def test_only_a_bridge_joins_the_corners() -> None:
    long_spur = replace(render.HEALTHY, spur=0.8, spur_width_mm=1.8)
    assert _joined(*_drawn(bridge_mm=1.2))
    assert not _joined(*_drawn())
    assert not _joined(*_drawn(long_spur))


@pytest.mark.parametrize(
    ("finding", "more"),
    [("erosion", False), ("sclerosis", True), ("squaring", True), ("spur", True)],
)
def test_each_finding_changes_the_bone_at_its_corner(finding: str, more: bool) -> None:
    healthy, disc = _drawn()
    sick, _ = _drawn(replace(render.HEALTHY, **{finding: 0.8}))
    x, y = np.round(healthy.pixels(disc.cranial)).astype(int)
    near = (slice(y - 40, y + 40), slice(x - 30, x + 40))
    difference = float((sick.bone[near] - healthy.bone[near]).sum())
    assert (difference > 20) if more else (difference < -20)


@pytest.mark.parametrize("region", ["C", "L"])
def test_strength_rises_with_the_latent_without_a_jump_at_a_threshold(region: Region) -> None:
    def looks(latent: float) -> lesions.Corner:
        return lesions.corners(region, np.full((6, 2), latent), np.random.default_rng(8))[3][0]

    before, after = looks(0.99), looks(1.01)
    for name in ("erosion", "sclerosis", "squaring"):
        assert abs(getattr(after, name) - getattr(before, name)) < 0.1
    spurs = [looks(latent).spur for latent in np.linspace(0.0, 2.99, 60)]
    assert spurs == sorted(spurs)
    assert max(np.diff(spurs)) < 0.1
    assert looks(1.5).spur == 0


def test_squaring_is_no_lesion_where_healthy_necks_are_square() -> None:
    for seed in range(40):
        found = lesions.corners("C", np.full((6, 2), 1.6), np.random.default_rng(seed))
        assert all(corner.squaring == 0 for corner in (*found[0], *found[1], found[2][0]))


def test_two_long_spurs_leave_a_gap_and_no_bridge_has_width_below_grade_3() -> None:
    latent = np.full((6, 2), 2.95)
    assert all(b.width_mm == 0 for b in lesions.bridges("L", latent, np.random.default_rng(1)))
    latent[:] = 3.05
    assert all(b.width_mm >= 1 for b in lesions.bridges("L", latent, np.random.default_rng(1)))
