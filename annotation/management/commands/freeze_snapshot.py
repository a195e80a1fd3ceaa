"""``manage.py freeze_snapshot``: the labels of a study as a folder that trains on any machine."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.errors import ProductError
from annotation.models import Study
from annotation.services import dataset_snapshots


class Command(BaseCommand):
    help = "Freeze the films and labels of a study into a snapshot folder for training."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--study", required=True, help="name or number of the study")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            snapshot = dataset_snapshots.freeze(_study(options["study"]))
        except ProductError as problem:
            raise CommandError(str(problem)) from problem
        if options["json"]:
            facts = {"snapshot": str(snapshot.folder), "sha256": snapshot.sha256}
            self.stdout.write(json.dumps({**facts, "counts": snapshot.counts}))
            return
        self.stdout.write(f"{snapshot.folder}\nsha256 {snapshot.sha256}")
        for split, count in snapshot.counts.items():
            told = ", ".join(f"{number} {what}" for what, number in count.items())
            self.stdout.write(f"{split}: {told}")


def _study(named: str) -> Study:
    found = Study.objects.filter(name=named).first()
    if found is None and named.isdecimal():
        found = Study.objects.filter(pk=int(named)).first()
    if found is None:
        names = ", ".join(Study.objects.values_list("name", flat=True)) or "none yet"
        raise CommandError(f"There is no study {named}. There are: {names}.")
    return found
