"""A film's files beside its row: the 16-bit picture and the preview, both there or neither."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from django.db import transaction

from annotation.models import Radiograph
from annotation.services import named_locks
from inference.picture import (
    Picture,
    Window,
    encode_picture,
    preview_jpeg,
    write_whole,
)

PREVIEW_LONGEST = 1024  # pixels: light enough to show at once, sharp enough to know the film


def nobody_writes(film: int) -> bool:
    """Whether no open transaction has written the film's picture; none does until this one ends.

    A row that is not committed yet cannot be seen, however long ago its picture was written: the
    machine may have slept in between.
    """
    return named_locks.try_to_hold(_picture_of(film))


def _picture_of(film: int) -> str:
    return f"picture of film {film}"


class FilmPictures:
    """Enter it outside the transaction: when that fails, what was written is removed again.

    The picture is coded in a second thread, which costs as much as all the rest of an import:
    `begin` as soon as its pixels are known, `write` when the film has its number.
    """

    def __init__(self) -> None:
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="picture")
        self._coded: Future[bytes] | None = None
        self._written: list[Path] = []

    def begin(self, pixels: Picture) -> None:
        """Start coding uint16 [rows, cols]."""
        self._coded = self._beside.submit(encode_picture, pixels)

    def write(self, film: Radiograph, glance: Picture, window: Window) -> None:
        """Write both files under the film's names: what was begun, and `glance` as the preview.

        Once the caller's transaction is committed they stay, whatever fails after it.
        """
        if self._coded is None:
            raise ValueError("No picture was begun.")
        preview = preview_jpeg(glance, window, PREVIEW_LONGEST)
        named_locks.share(_picture_of(film.pk))
        for path, data in (
            (film.preview_path, preview),
            (film.picture_path, self._coded.result()),
        ):
            self._written.append(path)
            write_whole(path, data)
        transaction.on_commit(self._written.clear)

    def remove(self) -> None:
        """Take back what was written: its transaction failed."""
        for path in self._written:
            path.unlink(missing_ok=True)
        self._written.clear()

    def __enter__(self) -> "FilmPictures":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._beside.shutdown(cancel_futures=True)
        if kind is not None:
            self.remove()
