"""``manage.py pregrade``: pre-grade films now, in this process."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation import tasks
from annotation.errors import BadInput
from annotation.models import Job
from annotation.services import begun_films, corner_grades, jobs


class Command(BaseCommand):
    help = "Find key points and grade corners of the films that the serving models have not seen."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--all", action="store_true", help="every film that waits")
        which.add_argument(
            "--radiograph", metavar="ID", type=int, nargs="+", action="extend", help="these films"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        films = options["radiograph"]
        try:
            if films:
                job = corner_grades.request_pregrading(films=films, actor=None)
            else:
                begun_films.ask_again()
                job = jobs.create(kind=Job.Kind.PREGRADE, arguments={}, actor=None)
        except BadInput as problem:
            raise CommandError(str(problem)) from problem
        tasks.pregrade(job.pk)
        job.refresh_from_db()
        if job.state != Job.State.SUCCEEDED:
            raise CommandError(job.error or job.message)
        if options["json"]:
            self.stdout.write(json.dumps(job.result))
            return
        self.stdout.write(job.message)
        for film in job.result["failed"]:
            self.stdout.write(f"Film {film['radiograph']}: {film['reason']}")
