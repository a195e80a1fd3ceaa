"""What the tests of the product are made of: users, films, studies, readings. No pictures inside.

Every fixture is a factory: ``reader("ada")``, ``film(region="L")``, ``study(films=3)``.
"""

import hashlib
import itertools
import uuid
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from annotation.models import (
    Centre,
    CornerPrediction,
    DiscPoint,
    ModelVersion,
    Patient,
    Radiograph,
    Reading,
    Round,
    Study,
    Visit,
)
from annotation.permissions import ADJUDICATOR, ADMIN, COORDINATOR, DATA, READER
from annotation.services import reader_commit, reader_grades, reading_queue, studies
from annotation.services.ledger import Mark
from inference.msasss import DISCS, SITES

MakeUser = Callable[..., User]
MakeFilm = Callable[..., Radiograph]
MakeStudy = Callable[..., Study]
MakeModel = Callable[..., ModelVersion]
Read = Callable[..., Reading]

_number = itertools.count(1)
_NORMAL = Mark(grade=0)


@pytest.fixture
def pictures(settings: Settings, tmp_path: Path) -> Path:
    """The picture store is the test's own folder."""
    settings.PICTURES = tmp_path
    return tmp_path


@pytest.fixture
def user(db: None) -> MakeUser:
    """``user("ada", "reader", "data")``: the account of that name, with these roles added."""

    def make(name: str, *roles: str) -> User:
        account, _ = User.objects.get_or_create(
            username=name, defaults={"first_name": name.title(), "last_name": "Person"}
        )
        # A transactional test before this one has emptied the table of groups.
        account.groups.add(*(Group.objects.get_or_create(name=role)[0] for role in roles))
        return account

    return make


@pytest.fixture
def reader(user: MakeUser) -> MakeUser:
    return lambda name="reader": user(name, READER)


@pytest.fixture
def adjudicator(user: MakeUser) -> MakeUser:
    return lambda name="adjudicator": user(name, ADJUDICATOR)


@pytest.fixture
def coordinator(user: MakeUser) -> MakeUser:
    return lambda name="coordinator": user(name, COORDINATOR)


@pytest.fixture
def admin(user: MakeUser) -> MakeUser:
    return lambda name="admin": user(name, ADMIN)


@pytest.fixture
def data_scientist(user: MakeUser) -> MakeUser:
    return lambda name="data-scientist": user(name, DATA)


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """``signed_in(reader("ada"))``: a browser with that user's session."""

    def make(account: User) -> Client:
        client = Client()
        client.force_login(account)
        return client

    return make


@pytest.fixture
def film(db: None) -> MakeFilm:
    """``film(region="L", patient="p1", day=700)``: a ready film without a picture file.

    The same ``patient`` and ``day`` are the same visit; without them each film has its own.
    """

    def make(region: str = "L", patient: str = "", day: int = 0, **fields: Any) -> Radiograph:
        number = next(_number)
        centre, _ = Centre.objects.get_or_create(name="a-centre")
        person, _ = Patient.objects.get_or_create(
            pseudonym=patient or f"patient-{number}",
            defaults={"centre": centre, "split": fields.pop("split", Patient.Split.TRAIN)},
        )
        visit, _ = Visit.objects.get_or_create(
            patient=person, date=date(2001, 2, 3) + timedelta(days=day)
        )
        facts = {
            "sop_uid": f"uid-{number}",
            "pixel_sha256": f"{number:064d}",
            "width": 800,
            "height": 1200,
            "spacing_mm": 0.25,
            "spacing_plane": "detector",
            "window_center": 1800.0,
            "window_width": 2600.0,
            "recipe": "film/1",
        }
        return Radiograph.objects.create(visit=visit, region=region, **(facts | fields))

    return make


@pytest.fixture
def study(film: MakeFilm, reader: MakeUser, coordinator: MakeUser) -> MakeStudy:
    """``study(films=3, readers=["ada", "ben"], washouts=[0, 28], assist_mode="blind")``.

    ``films`` is a number of lumbar films to make, or the films themselves.
    """

    def make(
        films: int | list[Radiograph] = 2,
        readers: tuple[str, ...] | list[str] = ("ada", "ben"),
        adjudicators: list[User] | None = None,
        washouts: tuple[int, ...] | list[int] = (0,),
        **design: Any,
    ) -> Study:
        chosen = [film() for _ in range(films)] if isinstance(films, int) else films
        return studies.create(
            actor=coordinator(),
            design=studies.Design(
                name=design.pop("name", f"study {next(_number)}"),
                readers=[reader(name) for name in readers],
                adjudicators=adjudicators or [],
                radiographs=[one.pk for one in chosen],
                washouts=list(washouts),
                **design,
            ),
        )

    return make


@pytest.fixture
def pairs(study: MakeStudy, film: MakeFilm) -> MakeStudy:
    """``pairs(patients=2)``: each with two lumbar films, two years apart, to be read together."""

    def make(patients: int = 2, chronology: str = "paired_blinded", **design: Any) -> Study:
        films = [
            film(patient=f"pair-{n}-{chronology}", day=day, pixel_sha256=f"{n}{day}{chronology}")
            for n in range(patients)
            for day in (731, 0)
        ]
        return study(films=films, chronology=chronology, **design)

    return make


@pytest.fixture
def read() -> Read:
    """``read(round_, ada, film, {"L1_INF": 2, "L5_INF": "obscured"})``: read and commit a film.

    Corners that are not named are graded 0. Without ``film``, the reader's next place is read. A
    second look at it ends at once, with nothing changed.
    """

    def make(
        round_: Round,
        reader: User,
        film: Radiograph | None = None,
        grades: Mapping[str, int | str] | None = None,
    ) -> Reading:
        reading = _held(round_, reader, film)
        named = {site: _mark(value) for site, value in (grades or {}).items()}
        for site in reading.sites:
            reader_grades.grade(
                reader=reader,
                reading_id=reading.pk,
                key=uuid.uuid4(),
                site=site,
                mark=named.get(site, _NORMAL),
                partner=_NORMAL,
            )
        done = reader_commit.commit(reader=reader, reading_id=reading.pk, key=uuid.uuid4())[0]
        if look := Reading.objects.filter(revises=done).first():
            reader_commit.commit(reader=reader, reading_id=look.pk, key=uuid.uuid4())
        return done

    return make


def _mark(value: int | str) -> Mark:
    return Mark(grade=value) if isinstance(value, int) else Mark(not_assessable=value)


def _held(round_: Round, reader: User, film: Radiograph | None) -> Reading:
    if film is None:
        taken = reading_queue.take_next(reader=reader, round_id=round_.pk).reading
        assert taken is not None
        return taken
    reading = Reading.objects.get(round=round_, reader=reader, radiograph=film, arm="main")
    reading.opened_at = timezone.now()
    reading.lease_until = reading.opened_at + timedelta(hours=1)
    reading.save()
    return reading


@pytest.fixture
def model_version(db: None, settings: Settings) -> MakeModel:
    """``model_version("grader-1", state="serving")``: a registry row; its file is no network."""

    def make(name: str = "grader-1", task: str = "corner_grades", **fields: Any) -> ModelVersion:
        weights = Path(settings.WEIGHTS) / f"{name}.safetensors"
        if "weights" not in fields:
            weights.parent.mkdir(parents=True, exist_ok=True)
            weights.write_text(name)
        facts = {
            "recipe": "quick",
            "state": ModelVersion.State.SERVING,
            "weights": weights.name,
            "weights_sha256": hashlib.sha256(name.encode()).hexdigest(),
            "code_version": "test",
        }
        return ModelVersion.objects.create(name=name, task=task, **(facts | fields))

    return make


@pytest.fixture
def pregraded(model_version: MakeModel) -> Callable[..., None]:
    """``pregraded(film, grader, key_points)``: probabilities and disc points of all its corners.

    ``without`` names a disc that the grader could not see. Without ``key_points`` the grades are at
    the serving version's, whose points are not stored.
    """

    def make(
        film: Radiograph,
        grader: ModelVersion,
        key_points: ModelVersion | None = None,
        p: tuple[float, float, float, float] = (0.7, 0.2, 0.1, 0.0),
        without: str = "",
    ) -> None:
        found = ModelVersion.objects.filter(task="key_points", state="serving").first()
        points_version = key_points or found or model_version("points", task="key_points")
        CornerPrediction.objects.bulk_create(
            CornerPrediction(
                radiograph=film,
                site=site.code,
                model_version=grader,
                points_version=points_version,
                **dict(zip(("p0", "p1", "p2", "p3"), p, strict=True)),
            )
            for site in SITES
            if site.region == film.region and site.disc != without
        )
        if key_points:
            DiscPoint.objects.bulk_create(
                DiscPoint(
                    radiograph=film,
                    disc=disc,
                    center_x=400,
                    center_y=150 * (n + 1),
                    anterior_x=320,
                    anterior_y=150 * (n + 1),
                    confidence=0.9,
                    model_version=key_points,
                )
                for n, disc in enumerate(DISCS[film.region])
            )

    return make
