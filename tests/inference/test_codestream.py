"""What a compressed frame claims is read from its first bytes."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.encaps import generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

from inference.codestream import Claim, claim_of
from tests.inference.dicom_files import film, stored


def frame(syntax: str) -> bytes:
    ds = film()
    ds.compress(syntax)
    return next(generate_frames(ds.PixelData, number_of_frames=1))


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
def test_a_whole_frame_claims_its_own_size(syntax: str) -> None:
    assert claim_of(frame(syntax)) == Claim(rows=64, cols=48, components=1, is_whole=True)


@pytest.mark.parametrize(("extension", "components"), [(".jpg", 3), (".jp2", 3)])
def test_a_picture_of_another_program_is_understood(extension: str, components: int) -> None:
    colour = np.repeat(stored(bits=8).astype(np.uint8)[:, :, None], components, axis=2)
    done, data = cv2.imencode(extension, colour)
    assert done
    assert claim_of(data.tobytes()) == Claim(64, 48, components, is_whole=True)


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
def test_a_frame_cut_short_is_not_whole(syntax: str) -> None:
    claim = claim_of(frame(syntax)[:-200])
    assert claim
    assert not claim.is_whole


@given(st.sampled_from([b"\xff\xd8", b"\xff\x4f\xff\x51", b""]), st.binary(max_size=200))
def test_any_bytes_are_a_claim_or_nothing(start: bytes, junk: bytes) -> None:
    claim = claim_of(start + junk)
    assert claim is None or claim.components >= 0
