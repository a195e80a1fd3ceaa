"""``manage.py install_starter_weights``: let the weights that ship with the product serve."""

from typing import Any

from django.core.management.base import BaseCommand

from annotation.services import model_versions


class Command(BaseCommand):
    help = "Register the starter weights and let them serve where no model serves yet."

    def handle(self, *args: Any, **options: Any) -> None:
        for version in model_versions.install_starter():
            self.stdout.write(f"{version.name} serves {version.task}.")
