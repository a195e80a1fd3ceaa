"""A line between browser and server that breaks in the middle of a transfer, and can be mended."""

import contextlib
import socket
import threading
from types import TracebackType
from urllib.parse import urlsplit

_CHUNK = 16_384


class CutLine:
    """``with CutLine(server_address) as line``: browse `line.address`; bytes go both ways."""

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        self._server = (str(parts.hostname), int(parts.port or 80))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._left: int | None = None
        self.is_cut = threading.Event()

    def cut_after(self, sent: int) -> None:
        """Break every connection, and refuse new ones, once the browser has sent so many bytes."""
        self._left = sent

    def mend(self) -> None:
        """As if nothing had been."""
        self._left = None
        self.is_cut.clear()

    def __enter__(self) -> "CutLine":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._listener.close()
        self._break()

    def _serve(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return
            if self.is_cut.is_set():
                browser.close()
                continue
            server = socket.create_connection(self._server)
            self._open += [browser, server]
            threading.Thread(target=self._copy, args=(browser, server, True), daemon=True).start()
            threading.Thread(target=self._copy, args=(server, browser, False), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                if counted and self._left is not None:
                    self._left -= len(data)
                    if self._left < 0:
                        self.is_cut.set()
                        self._break()
                        return
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _break(self) -> None:
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()
