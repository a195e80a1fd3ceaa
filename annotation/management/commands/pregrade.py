"""``manage.py pregrade``: pre-grade films now, in this process."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation import tasks
from annotation.models import Job
from annotation.services import jobs


class Command(BaseCommand):
    help = "Find key points and grade corners of the films that the serving models have not seen."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--all", action="store_true", help="every film that waits")
        which.add_argument("--radiograph", type=int, action="append", help="this film (repeat)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        films = options["radiograph"]
        job = jobs.create(
            kind=Job.Kind.PREGRADE,
            arguments={"radiographs": films} if films else {},
            actor=None,
        )
        tasks.pregrade(job.pk)
        job.refresh_from_db()
        if job.state != Job.State.SUCCEEDED:
            raise CommandError(job.error or job.message)
        self.stdout.write(json.dumps(job.result) if options["json"] else job.message)
