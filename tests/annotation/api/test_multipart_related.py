"""A multipart body in pieces of any size: every byte arrives, and what is broken is said so."""

from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.api.multipart_related import BodyDamaged, parts_of

HEADER = b"Content-Type: application/dicom\r\n\r\n"


def body(*contents: bytes, end: bytes = b"\r\n--b--\r\n") -> bytes:
    return b"--b\r\n" + b"\r\n--b\r\n".join(HEADER + content for content in contents) + end


def slowly(data: bytes, step: int) -> Callable[[int], bytes]:
    stream = BytesIO(data)
    return lambda count: stream.read(min(step, count))


# Bytes that keep coming close to a boundary.
tricky = st.lists(st.sampled_from([b"\r", b"\n", b"-", b"--", b"\r\n--", b"x", b"\0"])).map(
    b"".join
)


@given(contents=st.lists(tricky, min_size=1, max_size=4), step=st.integers(1, 40))
def test_every_part_arrives_byte_for_byte(contents: list[bytes], step: int) -> None:
    parts = parts_of(slowly(b"preamble\r\n" + body(*contents), step), "b", 1000)
    assert [part.content for part in parts] == contents


@pytest.mark.parametrize(
    ("header", "content_type"),
    [
        (HEADER, "application/dicom"),
        (b"content-type: Application/DICOM; transfer-syntax=*\r\n\r\n", "application/dicom"),
        (b"Content-Type: text/plain\r\nContent-ID: <1>\r\n\r\n", "text/plain"),
        (b"\r\n", None),
    ],
)
def test_a_part_says_what_it_is(header: bytes, content_type: str | None) -> None:
    (part,) = parts_of(BytesIO(b"--b\r\n" + header + b"data\r\n--b--").read, "b", 10)
    assert (part.content_type, part.content) == (content_type, b"data")


def test_a_part_that_is_too_large_is_not_kept_and_the_next_one_is() -> None:
    parts = parts_of(slowly(body(b"x" * 500_000, b"small"), 1000), "b", 400_000)
    assert [part.content for part in parts] == [None, b"small"]


def test_no_more_than_a_part_is_ever_read_ahead() -> None:
    stream = BytesIO(body(*[b"x" * 1_000_000] * 5))
    next(iter(parts_of(stream.read, "b", 2_000_000)))
    assert stream.tell() < 1_200_000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no boundary at all",
        b"--b\r\n",
        b"--b\r\nContent-Type: application/dicom",
        body(b"cut", end=b""),
        body(b"cut", end=b"\r\n--b"),
        body(b"one", end=b"\r\n--bc--"),
        b"--b\r\n" + b"X: y\r\n" * 3000 + b"\r\n\r\n--b--",
    ],
)
def test_a_damaged_body_is_said_to_be_one(data: bytes) -> None:
    with pytest.raises(BodyDamaged):
        list(parts_of(BytesIO(data).read, "b", 1000))


def test_a_connection_that_breaks_is_a_damaged_body() -> None:
    def read(count: int) -> bytes:
        raise ConnectionResetError

    with pytest.raises(BodyDamaged, match="broke off"):
        list(parts_of(read, "b", 1000))
