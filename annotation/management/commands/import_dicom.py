"""Import radiographs from files, folders and zip archives."""

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandParser

from annotation import tasks
from annotation.services.dicom_import import FileResult, Status, import_paths
from annotation.services.film_files import films_in

# How the four outcomes are counted in the JSON answer.
COUNTED_AS = {
    "imported": Status.IMPORTED,
    "duplicates": Status.DUPLICATE,
    "quarantined": Status.QUARANTINED,
    "refused": Status.REFUSED,
}
_BAR = 30  # characters
_SECONDS_BETWEEN = 0.2


class Command(BaseCommand):
    help = (
        "Import lateral radiographs (DICOM), de-identified. Exits with 1 when a file was refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--centre", help="name of the hospital, as results should show it")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        total = sum(1 for _ in films_in(options["paths"]))
        progress = Progress(total, sys.stderr)
        results: list[FileResult] = []
        for result in import_paths(options["paths"], centre=options["centre"]):
            results.append(result)
            progress.show(len(results))
        progress.end()
        counts = Counter(result.status for result in results)
        if counts[Status.IMPORTED]:
            tasks.pregrade_new_films()
        if options["json"]:
            self.stdout.write(json.dumps(_answer(results, counts), indent=1))
        else:
            for result in results:
                if result.status != Status.IMPORTED:
                    self.stdout.write(f"{result.status}: {result.path}: {result.reason}")
            self.stdout.write(
                ", ".join(f"{counts[status]} {name}" for name, status in COUNTED_AS.items())
            )
        if counts[Status.REFUSED]:
            sys.exit(1)


class Progress:
    """A bar on a terminal's standard error; nothing where nobody looks."""

    def __init__(self, total: int, out: TextIO) -> None:
        self.total, self.out, self.last = total, out, 0.0
        self.visible = out.isatty()

    def show(self, done: int) -> None:
        """Draw, at most five times a second."""
        now = time.monotonic()
        if not self.visible or (now - self.last < _SECONDS_BETWEEN and done < self.total):
            return
        self.last = now
        filled = _BAR * done // max(self.total, done, 1)
        bar = "#" * filled + "." * (_BAR - filled)
        self.out.write(f"\r[{bar}] {done} of {self.total}")
        self.out.flush()

    def end(self) -> None:
        """Leave the line."""
        if self.visible:
            self.out.write("\n")


def _answer(results: list[FileResult], counts: Counter[Status]) -> dict[str, Any]:
    return {
        **{name: counts[status] for name, status in COUNTED_AS.items()},
        "files": [
            {
                "path": result.path,
                "status": result.status.value,
                "reason": result.reason or None,
                "radiograph": result.radiograph,
            }
            for result in results
        ],
    }
