"""``manage.py sweep_pictures``: what the scheduler does every hour, at once."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from annotation.services.picture_sweep import LEAST_AGE_SECONDS, sweep


class Command(BaseCommand):
    help = "Remove pictures that no film stands for, and name films whose picture is missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than", type=float, default=LEAST_AGE_SECONDS, metavar="SECONDS",
            help="leave younger files alone: an import may be at work (default: one hour)",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        found = sweep(older_than=options["older_than"])
        if options["json"]:
            self.stdout.write(json.dumps(asdict(found)))
            return
        self.stdout.write(f"Pictures removed: {len(found.removed)}.")
        for number in found.missing:
            self.stdout.write(f"Film {number} has no picture: bring it back from the backup.")
