"""Two requests of the office at the same moment: both are carried out, one after the other."""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_django.fixtures import Settings
from rest_framework.authtoken.models import Token
from safetensors.numpy import save_file

from annotation.models import ModelVersion, Snapshot
from annotation.services import model_versions
from tests.annotation.at_once import at_once
from tests.annotation.conftest import MakeModel, MakeStudy, MakeUser

pytestmark = pytest.mark.django_db(transaction=True)


def together(step: Callable[..., Any]) -> Callable[..., Any]:
    """The step, done when the other one is there too; or after a second, if it has to wait."""
    both = threading.Barrier(2)

    def stepped(*what: Any, **how: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            both.wait(1)
        return step(*what, **how)

    return stepped


def test_a_double_click_makes_one_token_that_works(
    data_scientist: MakeUser, signed_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [signed_in(data_scientist()) for _ in range(2)]
    slowly = together(Token.generate_key)
    monkeypatch.setattr(Token, "generate_key", staticmethod(slowly))
    answers = at_once(*(lambda one=one: one.post("/api/v1/export/token") for one in clients))
    assert [one.status_code for one in answers] == [201, 201]
    assert Token.objects.get().key in {one.json()["token"] for one in answers}


def test_starter_weights_that_are_installed_twice_at_once_serve_once(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two containers that start together."""
    settings.WEIGHTS = tmp_path / "store"
    monkeypatch.setattr(model_versions, "_register", together(model_versions._register))
    installed = at_once(*[model_versions.install_starter] * 2)
    assert sorted(len(versions) for versions in installed) == [0, 2]
    serving = ModelVersion.objects.filter(state="serving").values_list("task", flat=True)
    assert sorted(serving) == ["corner_grades", "key_points"]


def test_two_candidates_that_come_at_once_get_two_names(
    model_version: MakeModel,
    study: MakeStudy,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One is trained here, the other one is registered from elsewhere."""
    settings.WEIGHTS = tmp_path / "store"
    beside = model_version("starter")
    frozen = Snapshot.objects.create(study=study(), name="s", sha256="0" * 64, counts={})
    files = [tmp_path / f"{number}.safetensors" for number in range(2)]
    for number, file in enumerate(files):
        header = json.dumps({"format": "syndesmo-checkpoint/1", "recipe": "quick"})
        save_file({"w": np.full(2, number, np.float32)}, file, {"syndesmo": header})

    def comes(file: Path) -> ModelVersion:
        return model_versions.register_candidate(
            task="corner_grades",
            weights=file,
            snapshot=frozen,
            metrics={},
            compared_with=beside,
            compared_metrics={},
            comparison={},
        )

    monkeypatch.setattr(model_versions, "_register", together(model_versions._register))
    found = at_once(*(lambda file=file: comes(file) for file in files))
    assert {one.name for one in found} == {"corner_grades-2", "corner_grades-3"}
