"""The calibrated picture against pydicom's own steps, and against values worked out by hand."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from inference.dicom import FilmUndecodable, read_film
from tests.inference.dicom_files import as_bytes, film, lut, stored

BITS = [8, 10, 12, 14, 15, 16]


def picture(ds: FileDataset) -> NDArray[np.int64]:
    return read_film(as_bytes(ds)).pixels.astype(np.int64)


def pydicoms(ds: FileDataset, pixels: NDArray[Any], top: int) -> NDArray[np.float64]:
    """pydicom's modality and VOI steps, its output range laid over 0 .. top."""
    values = apply_voi_lut(apply_modality_lut(pixels, ds), ds).astype(np.float64)
    every = np.arange(1 << ds.BitsStored)
    if ds.PixelRepresentation:
        every = every - (1 << (ds.BitsStored - 1))
    ends = apply_modality_lut(every, ds)
    return (values - ends.min()) / (ends.max() - ends.min()) * top


@pytest.mark.parametrize("bits", BITS)
def test_a_plain_film_keeps_its_stored_values(bits: int) -> None:
    assert np.array_equal(picture(film(bits=bits)), stored(bits=bits))


@pytest.mark.parametrize("bits", BITS)
def test_monochrome1_is_turned_over_so_that_bone_is_bright(bits: int) -> None:
    ds = film(bits=bits, PhotometricInterpretation="MONOCHROME1")
    assert np.array_equal(picture(ds), (1 << bits) - 1 - stored(bits=bits).astype(int))


def test_monochrome1_with_inverse_shape_is_turned_over_once() -> None:
    ds = film(PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE")
    assert np.array_equal(picture(ds), 4095 - stored().astype(int))


def test_inverse_shape_alone_turns_the_film_over() -> None:
    assert np.array_equal(
        picture(film(PresentationLUTShape="INVERSE")), 4095 - stored().astype(int)
    )


@pytest.mark.parametrize("bits", [10, 12, 15])
def test_signed_values_keep_their_order(bits: int) -> None:
    signed = (stored(bits=bits).astype(np.int32) - (1 << (bits - 1))).astype(np.int16)
    assert np.array_equal(picture(film(signed, bits=bits)), stored(bits=bits))


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT"])
@pytest.mark.parametrize(("center", "width"), [(2000, 1000), (1800, 3000), (2048, 4096)])
@pytest.mark.parametrize("bits", [12, 15])
def test_a_linear_window_is_pydicoms(function: str, center: int, width: int, bits: int) -> None:
    ds = film(bits=bits, WindowCenter=center, WindowWidth=width, VOILUTFunction=function)
    expected = pydicoms(ds, stored(bits=bits), (1 << bits) - 1)
    assert np.abs(picture(ds) - expected).max() <= 0.5


def test_a_sigmoid_window_is_pydicoms() -> None:
    ds = film(WindowCenter=2000, WindowWidth=1500, VOILUTFunction="SIGMOID")
    assert np.abs(picture(ds) - pydicoms(ds, stored(), 65535)).max() <= 0.5


def test_a_window_wider_than_the_film_merges_no_values() -> None:
    ds = film(WindowCenter=2048, WindowWidth=30000)
    values = stored()
    assert len(np.unique(picture(ds))) == len(np.unique(values))
    order = np.argsort(values.ravel(), kind="stable")
    assert (np.diff(picture(ds).ravel()[order]) >= 0).all()


def test_the_window_is_one_of_rescaled_values() -> None:
    ds = film(RescaleSlope=0.5, RescaleIntercept=-100, RescaleType="US")
    ds.WindowCenter, ds.WindowWidth = 800, 900
    assert np.abs(picture(ds) - pydicoms(ds, stored(), 4095)).max() <= 0.5


def test_the_first_of_several_windows_that_fits_is_taken() -> None:
    fits = picture(film(WindowCenter=2000, WindowWidth=1000))
    assert np.array_equal(picture(film(WindowCenter=[2000, 900], WindowWidth=[1000, 90])), fits)
    beside = film(WindowCenter=[90000, 2000], WindowWidth=[10, 1000])
    assert np.array_equal(picture(beside), fits)


@pytest.mark.parametrize("width", [0, -5, 1])
def test_a_senseless_window_is_passed_over(width: int) -> None:
    assert np.array_equal(picture(film(WindowCenter=2000, WindowWidth=width)), stored())


def test_a_negative_slope_turns_the_values_over() -> None:
    ds = film(RescaleSlope=-1, RescaleIntercept=4095)
    assert np.array_equal(picture(ds), 4095 - stored().astype(int))


def test_a_slope_of_nought_is_a_placeholder() -> None:
    assert np.array_equal(picture(film(RescaleSlope=0, RescaleIntercept=0)), stored())


def test_a_voi_lut_is_pydicoms_and_wins_over_a_window() -> None:
    ds = film(WindowCenter=2000, WindowWidth=1000)
    ds.VOILUTSequence = [lut([int(4095 * (i / 3000) ** 2) for i in range(3001)], 500, 12)]
    assert np.array_equal(picture(ds), apply_voi_lut(stored(), ds))


def test_a_modality_lut_comes_before_the_voi_lut() -> None:
    ds = film()
    ds.ModalityLUTSequence = [lut([65535 - 16 * i for i in range(4096)], 0, 16)]
    ds.VOILUTSequence = [lut([i // 4 for i in range(4096)], 20000, 10)]
    expected = apply_voi_lut(apply_modality_lut(stored(), ds), ds)
    assert np.array_equal(picture(ds), expected)


def test_an_8_bit_voi_lut_over_4096_values_maps_each_of_them() -> None:
    """By hand, because pydicom's own index overflows 8 bits here."""
    ds = film()
    ds.VOILUTSequence = [lut([i // 16 for i in range(4096)], 0, 8)]
    assert np.array_equal(picture(ds), stored() // 16)


def test_a_lut_shorter_than_it_says_sets_the_film_aside() -> None:
    ds = film()
    ds.VOILUTSequence = [lut([1, 2, 3], 0, 12)]
    ds.VOILUTSequence[0].LUTDescriptor = [4096, 0, 12]
    with pytest.raises(FilmUndecodable, match="look-up table"):
        read_film(as_bytes(ds))


def test_padding_is_black_on_either_polarity() -> None:
    values = stored()
    values[:5] = 4000
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        ds = film(values, PhotometricInterpretation=photometric, PixelPaddingValue=4000)
        assert (picture(ds)[:5] == 0).all()


@pytest.mark.parametrize(
    ("bits", "padding", "written"),
    [
        (16, -2000, (-2000, None)),
        (16, -2000, (63536, None)),
        (12, -2000, (2096, None)),
        (12, -2000, (63536, None)),
        (16, -2000, (63500, 63540)),
    ],
)
def test_padding_of_signed_pixels_may_be_written_unsigned(
    bits: int, padding: int, written: tuple[int, int | None]
) -> None:
    values = np.random.default_rng(0).integers(0, 1000, (64, 48)).astype("<i2")
    values[:5] = padding
    ds = film(values, bits=bits, PhotometricInterpretation="MONOCHROME1")
    for tag, value in zip((0x00280120, 0x00280121), written, strict=True):
        if value is not None:
            ds.add_new(tag, "SS" if value < 0 else "US", value)
    shown = picture(ds)
    assert (shown[:5] == 0).all()
    assert shown[5:].min() > 0


def test_an_overlay_in_unused_bits_does_not_show() -> None:
    values = stored()
    values[::3] |= 0x8000
    ds = film(values)
    ds.add_new(0x60000010, "US", 64)
    ds.add_new(0x60000100, "US", 16)
    ds.add_new(0x60000102, "US", 15)
    assert np.array_equal(picture(ds), stored())


def test_values_that_sit_high_in_the_word_are_shifted_down() -> None:
    ds = film(stored() << 4, HighBit=15)
    assert np.array_equal(picture(ds), stored())


def test_a_lying_bit_depth_is_told() -> None:
    with pytest.raises(
        FilmUndecodable, match="Bits stored by the header: 12, but the pixels use 14"
    ):
        read_film(as_bytes(film(stored(bits=14), bits=12)))
