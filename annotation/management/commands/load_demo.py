"""``manage.py load_demo``: accounts, phantom films and two studies to try the product with."""

import os
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from annotation import tasks
from annotation.models import Radiograph, Study
from annotation.permissions import ADJUDICATOR, ADMIN, COORDINATOR, DATA, READER
from annotation.services import dicom_import, imported_reads, model_versions, studies
from training import phantom
from training.phantom.readers import read

PASSWORD = "syndesmo-demo"  # noqa: S105 - of a demonstration on this machine, printed at its start
ACCOUNTS = {
    "reader": ("Ada Reader", READER),
    "reader2": ("Ben Reader", READER),
    "adjudicator": ("Cleo Adjudicator", ADJUDICATOR),
    "coordinator": ("Dan Coordinator", COORDINATOR),
    "admin": ("Eve Admin", ADMIN),
    "data": ("Finn Data", DATA),
}
# Two synthetic readers of different leaning, so that agreement has something to show.
SYNTHETIC_READERS = {"synthetic-a": 0.0, "synthetic-b": 0.08}
CENTRE = "Phantom"
SEED = 20_22
TO_READ = 5  # patients whose first films wait for the person who tries the product

Films = dict[int, phantom.PhantomFilm]


class Command(BaseCommand):
    help = "Create the demonstration's accounts, phantom films and studies, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--patients", type=int, default=24, help="0: accounts and model only")
        parser.add_argument("--visits", type=int, default=2)
        parser.add_argument("--on-real-servers", action="store_true")
        parser.add_argument("--scale", type=float, default=0.5, help="1: full-size films")

    def handle(self, *args: Any, **options: Any) -> None:
        if "DATABASE_URL" in os.environ and not options["on_real_servers"]:
            raise CommandError(
                "DATABASE_URL is set, and the demonstration's accounts have a password that "
                "everybody knows. Unset it, or add --on-real-servers for a database that holds "
                "nothing else."
            )
        self._accounts()
        for version in model_versions.install_starter():
            self._say(f"{version.name} serves {version.task}.")
        if not options["patients"] or Study.objects.exists():
            return
        films = self._import(options["patients"], options["visits"], options["scale"])
        with transaction.atomic():  # both or none: a start that was broken off begins again
            self._synthetic_study(films)
            self._reading_study(films)
        # Once their studies stand: of films that are read nothing is set aside any more.
        tasks.pregrade_new_films()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _accounts(self) -> None:
        """The sign-ins that the demo prints; existing ones keep their password."""
        for username, (name, role) in ACCOUNTS.items():
            first, last = name.split()
            user, created = User.objects.get_or_create(
                username=username, defaults={"first_name": first, "last_name": last}
            )
            if created:
                user.set_password(PASSWORD)
                user.is_staff = user.is_superuser = role == ADMIN
                user.save()
                user.groups.add(Group.objects.get(name=role))

    def _import(self, patients: int, visits: int, scale: float) -> Films:
        """Through the same door as every film: DICOM files, de-identified."""
        total = patients * visits * 2
        self._say(f"Drawing and importing {total} phantom films")
        films: Films = {}
        with tempfile.TemporaryDirectory() as folder:
            made = phantom.generate(patients, visits, "clinic", SEED, scale)
            for number, film in enumerate(made, start=1):
                path = Path(folder) / film.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(phantom.encode(film))
                result = dicom_import.import_film(path, name=film.file, centre=CENTRE)
                path.unlink()
                if result.radiograph is None:
                    raise CommandError(f"{film.file}: {result.reason}")
                films[result.radiograph] = film
                if number % 16 == 0 or number == total:
                    self._say(f"  {number} of {total} films imported")
        ready = Radiograph.objects.ready().filter(pk__in=films).values_list("pk", flat=True)
        return {pk: films[pk] for pk in ready}

    def _synthetic_study(self, films: Films) -> None:
        """A study that two synthetic readers have read: every page has something to show."""
        readers = [self._synthetic_reader(name) for name in SYNTHETIC_READERS]
        study = studies.create(
            actor=User.objects.get(username="coordinator"),
            design=studies.Design(
                name="Phantom cohort, read by two synthetic readers",
                readers=readers,
                adjudicators=[User.objects.get(username="adjudicator")],
                radiographs=list(films),
            ),
        )
        self._say("Two synthetic readers read the cohort")
        for seed, (reader, bias) in enumerate(
            zip(readers, SYNTHETIC_READERS.values(), strict=True)
        ):
            imported_reads.import_reads(
                into=study.rounds.get(),
                reader=reader,
                films=[
                    imported_reads.ImportedFilm(radiograph=pk, corners=_grades(film, seed, bias))
                    for pk, film in films.items()
                ],
                actor=None,
            )

    def _synthetic_reader(self, username: str) -> User:
        """An account that nobody can sign in to."""
        names = {"first_name": "Synthetic", "last_name": username[-1:].upper()}
        user = User.objects.create_user(username, **names)
        user.set_unusable_password()
        user.save()
        user.groups.add(Group.objects.get(name=READER))
        return user

    def _reading_study(self, films: Films) -> None:
        """A study that waits for the person who tries the product."""
        first = [
            pk for pk, film in films.items() if film.patient_index < TO_READ and film.visit == 0
        ]
        studies.create(
            actor=User.objects.get(username="coordinator"),
            design=studies.Design(
                name="First reading",
                readers=[User.objects.get(username=name) for name in ("reader", "reader2")],
                adjudicators=[User.objects.get(username="adjudicator")],
                radiographs=first,
                assist_mode=Study.Assist.SECOND_LOOK,
            ),
        )


def _grades(film: phantom.PhantomFilm, seed: int, bias: float) -> dict[str, int | str]:
    """A synthetic reader's marks; what the shoulders hide is not assessable, never 0."""
    marks = read(film.corners, seed, film=film.file, bias=bias)
    return {site: "obscured" if grade is None else grade for site, grade in marks.items()}
