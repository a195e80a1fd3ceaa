"""Receive radiographs that a hospital's archive sends (DICOM C-STORE)."""

import logging
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from kombu.exceptions import OperationalError

from annotation import tasks
from annotation.services.dicom_receiver import Receiver, Tls
from annotation.services.dicom_receiver import log as receiver_log
from annotation.settings import env

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    help = "Receive radiographs by C-STORE until it is told to stop; one log line per film."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
        parser.add_argument("--port", type=int, default=env.int("DICOM_PORT", default=11112))
        parser.add_argument(
            "--title",
            default=env.str("DICOM_TITLE", default="SYNDESMO"),
            help="the AE title that senders have to call",
        )
        parser.add_argument(
            "--from",
            dest="senders",
            default=env.str("DICOM_SENDERS", default=""),
            help="AE titles that may send, separated by commas, each alone or as TITLE=CENTRE: the "
            "hospital that it sends for, as results should show it",
        )
        parser.add_argument("--centre", help="the hospital of the titles without one of their own")
        for part, what in (
            ("cert", "our certificate (PEM); with it the receiver speaks TLS only"),
            ("key", "its key (PEM)"),
            ("ca", "authority (PEM) that the senders' certificates must come from"),
        ):
            variable = f"DICOM_TLS_{part.upper()}"
            parser.add_argument(f"--tls-{part}", default=env.str(variable, default=""), help=what)

    def handle(self, *args: Any, **options: Any) -> None:
        receiver_log.setLevel(logging.INFO)
        try:
            receiver = Receiver(
                title=options["title"],
                senders=_senders(options["senders"]),
                imported=_pregrade,
                centre=options["centre"],
                tls=_tls(options),
            )
            port = receiver.start(options["host"], options["port"])
        except ValueError as error:
            raise CommandError(f"An AE title has 1 to 16 plain letters ({error}).") from error
        except OSError as error:
            raise CommandError(
                f"{options['host']}:{options['port']} cannot be listened at, or a TLS file cannot "
                f"be used ({error.strerror or error}): change --host, --port or --tls-..."
            ) from error
        told_to_stop = threading.Event()
        for number in _STOP_SIGNALS:
            signal.signal(number, lambda *_: told_to_stop.set())
        spoken = "with TLS" if options["tls_cert"] else "without TLS"
        receiver_log.info(
            "receives at %s:%s as %s, %s.", options["host"], port, options["title"], spoken
        )
        told_to_stop.wait()
        receiver.stop()
        receiver_log.info("stopped.")


def _senders(given: str) -> dict[str, str | None]:
    """Each AE title with its centre, or None; a title has no '=' in practice, a centre may."""
    pairs = [one.partition("=") for one in given.split(",") if one.strip()]
    senders = {title.strip(): centre.strip() or None for title, _, centre in pairs}
    if not senders or "" in senders:
        raise CommandError(
            "Name the AE titles that may send: --from PACS,XRAY2=CENTRE or DICOM_SENDERS."
        )
    if len(senders) < len(pairs):
        raise CommandError("An AE title stands twice in --from: it can send for one centre only.")
    return senders


def _tls(options: dict[str, Any]) -> Tls | None:
    certificate, key, ca = (options[f"tls_{part}"] for part in ("cert", "key", "ca"))
    if not (certificate or key or ca):
        return None
    if not (certificate and key):
        raise CommandError("TLS needs both --tls-cert and --tls-key.")
    return Tls(certificate, key, ca or None)


def _pregrade() -> None:
    """The film is stored whether or not the broker hears of it; its job waits in the database."""
    try:
        tasks.pregrade_new_films()
    except OperationalError:
        receiver_log.warning("the broker does not answer; pre-grading waits for the scheduler.")
