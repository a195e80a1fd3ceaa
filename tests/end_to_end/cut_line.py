"""A line between browser and server that breaks in the middle of a transfer, and can be mended."""

import contextlib
import socket
import threading
from collections.abc import Callable
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
        self._ends: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
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
        self._runs(self._serve)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        # A close alone wakes no thread that waits in `accept`: it would take one connection more.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        self._break()
        for thread in self._threads:
            thread.join()

    def _runs(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return
            self._runs(self._carry, browser)

    def _carry(self, browser: socket.socket) -> None:
        """One connection of the browser, until either end lets go of it or the line is cut."""
        with (
            contextlib.suppress(OSError),  # of a server that does not take it
            browser,
            socket.create_connection(self._server) as server,
        ):
            with self._lock:
                if self.is_cut.is_set():
                    return
                self._ends |= {browser, server}
            back = threading.Thread(target=self._copy, args=(server, browser), daemon=True)
            back.start()
            self._copy(browser, server, self._counts)
            back.join()
            with self._lock:
                self._ends -= {browser, server}

    def _copy(
        self,
        source: socket.socket,
        target: socket.socket,
        passes: Callable[[int], bool] = lambda size: True,
    ) -> None:
        with contextlib.suppress(OSError):
            while (data := source.recv(_CHUNK)) and passes(len(data)):
                target.sendall(data)
        for end in (source, target):
            _shut(end)

    def _counts(self, sent: int) -> bool:
        """Whether the line still holds after so many bytes more from the browser."""
        with self._lock:
            if self._left is None:
                return True
            self._left -= sent
            if self._left >= 0:
                return True
        self._break()
        return False

    def _break(self) -> None:
        with self._lock:
            self.is_cut.set()
            for end in self._ends:
                _shut(end)


def _shut(end: socket.socket) -> None:
    """Wake whoever waits for this end; the connection's own thread closes it."""
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
