"""A reader who works over real HTTP: signs in, takes places, saves grades, commits."""

import time
import uuid
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import httpx2

from inference.msasss import NOT_ASSESSABLE

REASON = next(iter(NOT_ASSESSABLE))


class WebReader:
    """``with WebReader(address, name, password) as reader``: one connection, kept open.

    With ``session``, the key of a session that is there already, nobody has to sign in.
    """

    def __init__(
        self, address: str, name: str = "", password: str = "", session: str | None = None
    ) -> None:
        self._client = httpx2.Client(base_url=f"{address}/api/v1/", timeout=60, trust_env=False)
        self._name, self._password, self._session = name, password, session
        self.seconds = 0.0
        """How long the newest answer took."""

    def __enter__(self) -> "WebReader":
        self.sign_in()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def sign_in(self) -> None:
        if self._session:
            self._client.cookies.set("sessionid", self._session)
        self._take_token(self._client.get("session"))
        if self._session:
            return
        who = {"username": self._name, "password": self._password}
        self._take_token(self._client.post("session", json=who).raise_for_status())

    def _take_token(self, answer: httpx2.Response) -> None:
        self._client.headers["X-CSRFToken"] = answer.json()["csrf_token"]

    def send(self, path: str, **body: Any) -> httpx2.Response:
        """POST; every refused connection or answer of no server is the caller's to handle."""
        began = time.perf_counter()
        answer = self._client.post(path, json=body)
        self.seconds = time.perf_counter() - began
        return answer

    def _done(self, path: str, **body: Any) -> Any:
        return self.send(path, **body).raise_for_status().json()

    def take(self, round_id: int) -> dict[str, Any]:
        """The next place: ``reading`` (None when there is none), ``state``, ``sentence``."""
        answer: dict[str, Any] = self._done(f"rounds/{round_id}/next")
        return answer

    def grade(
        self, reading: int, site: str, mark: Mapping[str, Any], key: str | None = None
    ) -> uuid.UUID:
        """Save one corner; its key, once the server has acknowledged it."""
        key = key or str(uuid.uuid4())
        body = {
            "idempotency_key": key,
            "client_time": "2026-01-02T03:04:05.678Z",
            "ms_spent": 1234,
            "window": {"center": 1800.5, "width": 2600.25},
            "site": site,
            **mark,
        }
        self._done(f"readings/{reading}/grades", **body)
        return uuid.UUID(key)

    def commit(self, reading: int, key: str | None = None) -> dict[str, Any]:
        """The committed reading's answer, with the ``next`` place taken."""
        answer: dict[str, Any] = self._done(
            f"readings/{reading}/commit", idempotency_key=key or str(uuid.uuid4())
        )
        return answer

    def decide(self, case: int, mark: Mapping[str, Any]) -> None:
        """An adjudicator settles a case."""
        self._done(f"adjudication/{case}/decision", idempotency_key=str(uuid.uuid4()), **mark)
