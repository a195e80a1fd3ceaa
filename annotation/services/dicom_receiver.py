"""Films over the network: a C-STORE receiver (PS3.4 B), the second door to the one intake.

Each film is received into memory, handed to `import_film`, and answered only when it is stored or
refused; the original is never written down. An AE title is a name that anybody can claim: who may
reach the port is for TLS with client certificates, or a private network, to say.
"""

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from django.db import DatabaseError, connections
from pydicom.dataset import Dataset
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from annotation.services.dicom_import import FileResult, Status, import_film
from inference.dicom import MAX_BYTES
from inference.dicom_decoders import SYNTAXES
from inference.film_kinds import FILM_CLASSES, FOR_PROCESSING

log = logging.getLogger(__name__)

# Its own log lines quote the header; ours say what happened.
_config.LOG_HANDLER_LEVEL = "none"
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)

# Raw detector data are taken so that they can be refused with a sentence, not with a negotiation.
_CLASSES: Final = (*FILM_CLASSES, FOR_PROCESSING)
# Received side by side, stored one by one: four senders of the largest films stay below 1.5 GB.
_MOST_ASSOCIATIONS = 4
_PDU_BYTES = 1 << 20
_PDU_HEADER = 1 << 10
# Commands and PDU headers beside the film itself.
_OVERHEAD = 1 << 24
_LAST_FILM_SECONDS = 8.0
# In the middle of what it began to say; between messages pynetdicom has limits of its own.
_SILENT_SECONDS = 60.0

# C-STORE status (PS3.4 B.2.3)
_SUCCESS = 0x0000
_OUT_OF_RESOURCES = 0xA700
_CANNOT_UNDERSTAND = 0xC000
_COMMENT_LETTERS = 64  # Error Comment (0000,0902) is LO


class _LateHandshake(ssl.SSLContext):
    """Each sender's handshake is done by the thread that reads it: where connections are accepted,
    one that says nothing would keep all others out."""

    def wrap_socket(self, sock: socket.socket, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """As asked, but for the handshake."""
        return super().wrap_socket(sock, *args, **(kwargs | {"do_handshake_on_connect": False}))


@dataclass(frozen=True)
class Tls:
    """Files in PEM: our certificate and key; with `ca`, senders need a certificate of it."""

    certificate: str
    key: str
    ca: str | None = None

    def context(self) -> ssl.SSLContext:
        """Raises OSError (ssl.SSLError included) when a file cannot be used."""
        context = _LateHandshake(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.key)
        if self.ca:
            context.load_verify_locations(self.ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class Receiver:
    """Listens from `start` to `stop`; `imported` is called after each film that is ready.

    `senders` are the AE titles that may send, each with its hospital's name in results, or None
    for that of all, `centre`, or, when that is None too, the institution's pseudonym.
    """

    def __init__(
        self,
        *,
        title: str,
        senders: Mapping[str, str | None],
        imported: Callable[[], object],
        centre: str | None = None,
        tls: Tls | None = None,
    ) -> None:
        self._entity = AE(title)
        self._entity.require_called_aet = True
        self._entity.require_calling_aet = list(senders)
        self._entity.maximum_associations = _MOST_ASSOCIATIONS
        self._entity.maximum_pdu_size = _PDU_BYTES
        self._entity.add_supported_context(Verification)
        for sop_class in _CLASSES:
            self._entity.add_supported_context(sop_class, list(SYNTAXES))
        self._imported = imported
        self._centres = {title: own or centre for title, own in senders.items()}
        self._tls = tls.context() if tls else None
        self._at_work = threading.Lock()

    def start(self, host: str, port: int) -> int:
        """Listen in threads of its own; the port (of a free one when 0 was asked). OSError."""
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, _bound),
            (evt.EVT_REJECTED, _say_rejected),
            (evt.EVT_ACCEPTED, _say_no_film_classes),
            (evt.EVT_C_STORE, self._store),
        ]
        server = self._entity.start_server(
            (host, port), block=False, ssl_context=self._tls, evt_handlers=handlers
        )
        return int(cast(Any, server).socket.getsockname()[1])

    def stop(self) -> None:
        """Let the film at work be stored, take no other, close every connection."""
        self._at_work.acquire(timeout=_LAST_FILM_SECONDS)
        self._entity.shutdown()

    def _store(self, event: evt.Event) -> int | Dataset:
        """One film of one sender: store it, say what became of it, answer."""
        with self._at_work:
            result = self._import(event)
        _Bound.of(event.assoc).received = 0
        sender = _sender(event)
        if result is None:
            return _failure(_OUT_OF_RESOURCES, "Films cannot be stored now; send it again later.")
        said = f": {result.reason}" if result.reason else ""
        number = f" {result.radiograph}" if result.radiograph else ""
        log.info("%s radiograph%s from %s%s", result.status.value, number, sender, said)
        if result.radiograph is None:  # nothing is kept: the sender must keep it
            return _failure(_CANNOT_UNDERSTAND, result.reason)
        return _SUCCESS

    def _import(self, event: evt.Event) -> FileResult | None:
        """None when the database or the disk fails; the sender may try again."""
        try:
            data = event.encoded_dataset()
            centre = self._centres.get(event.assoc.requestor.ae_title)
            result = import_film(data, name="a received film", centre=centre)
            if result.status == Status.IMPORTED:
                self._imported()
        except (DatabaseError, OSError):
            log.exception("A film of %s could not be stored.", _sender(event))
            return None
        finally:
            connections.close_all()  # the thread ends with its sender, the next has its own
        return result


class _Bound:
    """Reads a connection for pynetdicom, which would keep whatever a sender claims to send.

    When a PDU or a film is too large the connection ends, before the memory does.
    """

    def __init__(self, receive: Callable[[int], bytearray], sender: str) -> None:
        self._receive, self._sender = receive, sender
        self.received = 0

    @classmethod
    def of(cls, association: Association) -> "_Bound":
        """That of the association; a new one when its connection is gone."""
        found = getattr(association.dul.socket, "recv", None)
        return found if isinstance(found, cls) else cls(lambda _: bytearray(), "")

    def __call__(self, count: int) -> bytearray:
        self.received += count
        if count > _PDU_BYTES + _PDU_HEADER or self.received > MAX_BYTES + _OVERHEAD:
            log.warning("closed the connection of %s: more bytes than a film has.", self._sender)
            raise OSError
        try:
            return self._receive(count)
        except ssl.SSLError as error:
            log.warning("closed the connection of %s: TLS failed (%s).", self._sender, error.reason)
            raise
        except TimeoutError:
            log.warning("closed the connection of %s: it fell silent.", self._sender)
            raise


def _bound(event: evt.Event) -> None:
    line = event.assoc.dul.socket
    if line is not None and line.socket is not None:
        # A sender that lost its power says no goodbye, and would be connected for ever.
        line.socket.settimeout(_SILENT_SECONDS)
        bound = _Bound(line.recv, event.assoc.requestor.address)
        line.recv = bound  # type: ignore[assignment, method-assign]


def _say_rejected(event: evt.Event) -> None:
    entity, claimed = event.assoc.ae, event.assoc.requestor.primitive
    if event.assoc.requestor.ae_title not in entity.require_calling_aet:
        why = "its AE title is not on the list"
    elif claimed and claimed.called_ae_title != entity.ae_title:
        why = "it called another AE title than this receiver's"
    else:
        why = f"{_MOST_ASSOCIATIONS} senders are connected already"
    log.warning("rejected %s: %s.", _sender(event), why)


def _say_no_film_classes(event: evt.Event) -> None:
    """A sender is told of each class by the negotiation alone, which few people ever see."""
    others = {
        context.abstract_syntax.name
        for context in event.assoc.rejected_contexts
        if context.abstract_syntax and context.abstract_syntax not in _CLASSES
    }
    if others:
        log.warning(
            "refused from %s: %s, no radiograph.", _sender(event), ", ".join(sorted(others))
        )


def _sender(event: evt.Event) -> str:
    who = event.assoc.requestor
    return f"{who.ae_title!a} at {who.address}"


def _failure(status: int, sentence: str) -> Dataset:
    answer = Dataset()
    answer.Status = status
    answer.ErrorComment = (
        sentence
        if len(sentence) <= _COMMENT_LETTERS
        else sentence[: _COMMENT_LETTERS - 3].rpartition(" ")[0] + "..."
    )
    return answer
