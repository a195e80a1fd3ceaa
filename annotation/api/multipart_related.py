"""A multipart body (RFC 2046, 2387) read as it arrives: one part in memory at a time.

Django's own parser takes forms only, and keeps what they hold.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.parser import BytesHeaderParser

_READ_BYTES = 1 << 16
_HEADER_BYTES = 1 << 13
_LINE_BYTES = 1 << 8
_CRLF = b"\r\n"


class BodyDamaged(ValueError):
    """The body ends early or is no multipart body; the sentence says where."""


@dataclass(frozen=True)
class Part:
    """One part. `content` is None when it was too large to be kept."""

    content_type: str | None
    content: bytes | None


def parts_of(read: Callable[[int], bytes], boundary: str, most: int) -> Iterator[Part]:
    """Each part in turn; `read` gives up to that many bytes, none at the end.

    Raises BodyDamaged where the body ends before its closing boundary.
    """
    stream = _Stream(read)
    stream.put_back(_CRLF)  # the first boundary may stand at the very beginning
    delimiter = _CRLF + b"--" + boundary.encode("ascii")
    stream.until(delimiter, 0)
    while not stream.begins_with(b"--"):
        rest = stream.until(_CRLF, _LINE_BYTES)
        if rest is None or rest.strip(b" \t"):
            raise BodyDamaged("A boundary is followed by other text.")
        stream.put_back(_CRLF)  # a part without headers begins with an empty line
        headers = stream.until(_CRLF + _CRLF, _HEADER_BYTES)
        if headers is None:
            raise BodyDamaged("The headers of a part are too long.")
        yield Part(_content_type(headers.lstrip()), stream.until(delimiter, most))


def _content_type(headers: bytes) -> str | None:
    message = BytesHeaderParser().parsebytes(headers)
    return message.get_content_type() if "content-type" in message else None


class _Stream:
    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._buffer = bytearray()

    def put_back(self, data: bytes) -> None:
        self._buffer[:0] = data

    def begins_with(self, mark: bytes) -> bool:
        while len(self._buffer) < len(mark):
            self._more()
        return self._buffer.startswith(mark)

    def until(self, mark: bytes, most: int) -> bytes | None:
        """What stands before the mark, which is passed; None, and nothing kept, beyond `most`."""
        kept, is_too_large = bytearray(), False
        while (at := self._buffer.find(mark)) < 0:
            # All but what may be the beginning of the mark.
            kept += self._take(max(0, len(self._buffer) - len(mark) + 1))
            if len(kept) > most:
                kept, is_too_large = bytearray(), True
            self._more()
        kept += self._take(at)
        self._take(len(mark))
        return None if is_too_large or len(kept) > most else bytes(kept)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _more(self) -> None:
        try:
            more = self._read(_READ_BYTES)
        except OSError as error:
            raise BodyDamaged("The connection broke off.") from error
        if not more:
            raise BodyDamaged("The body ends before its closing boundary.")
        self._buffer += more
