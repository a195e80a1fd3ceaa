"""``manage.py register_weights``: weights that were trained elsewhere, as a candidate."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.errors import ProductError
from annotation.services import model_versions, training_process


class Command(BaseCommand):
    help = (
        "Judge a weights file of `python -m training` on the test patients of the snapshot that "
        "it was trained on, beside what serves, and keep it as a candidate."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("weights", type=Path, help="the file that the training wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        weights = options["weights"]
        try:
            task, snapshot = model_versions.trained_elsewhere(weights)
            beside = model_versions.serving(task)
            report = training_process.followed(
                training_process.evaluation(
                    snapshot=snapshot.folder,
                    weights=weights.resolve(),
                    compare=model_versions.sound_weights(beside),
                )
            )
            version = model_versions.register_candidate(
                task=task,
                weights=weights,
                snapshot=snapshot,
                metrics=report["metrics"],
                compared_with=beside,
                compared_metrics=report["compared"],
                comparison=report["comparison"],
            )
        except ProductError as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{version.name} waits for a decision on the models page.")
        self.stdout.write(report["comparison"]["sentence"])
