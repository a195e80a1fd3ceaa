"""`manage.py phantom OUT`: write synthetic radiographs as DICOM files with their truth."""

import argparse
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from training import phantom


class Command(BaseCommand):
    help = "Write synthetic cervical and lumbar radiographs (DICOM) and truth.csv into a folder."
    requires_system_checks = ()  # works without a database

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("out", type=Path, help="folder for the films and truth.csv")
        parser.add_argument("--patients", type=int, default=10)
        parser.add_argument(
            "--visits", type=int, default=1, help="films per patient and region, two years apart"
        )
        parser.add_argument("--preset", choices=sorted(phantom.PRESETS), default="clinic")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument(
            "--scale", type=float, default=1.0, help="0.5: half the pixels in each direction"
        )
        parser.add_argument(
            "--plain",
            action="store_true",
            help="no film turned, cut short or with letters burnt in: intake doubts none",
        )

    def handle(self, *args: object, **options: object) -> None:
        out = Path(str(options["out"]))
        if int(str(options["patients"])) < 1:
            raise CommandError("Ask for at least one patient.")
        if (out / "truth.csv").exists():
            raise CommandError(f"{out} holds phantoms already: choose a folder of their own.")
        wanted = {name: options[name] for name in ("patients", "visits", "preset", "seed", "scale")}
        wanted["mishaps"] = not options["plain"]
        try:
            count = phantom.write(out, phantom.generate(**wanted))  # type: ignore[arg-type]
        except ValueError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"Wrote to {out}: truth.csv, and this many films: {count}.")
