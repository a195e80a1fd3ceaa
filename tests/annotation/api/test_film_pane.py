"""What a film pane is told: a reader's own points, and the model's to go back to."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from annotation.models import ModelVersion
from tests.annotation.conftest import MakeModel, MakeStudy, MakeUser


def test_a_moved_disc_keeps_the_models_points_to_go_back_to(
    signed_in: Callable[[User], Client],
    reader: MakeUser,
    study: MakeStudy,
    model_version: MakeModel,
    pregraded: Any,
) -> None:
    made = study(films=1)
    points = model_version("points", task=ModelVersion.Task.KEY_POINTS)
    pregraded(made.films.get(), model_version("grader"), points)
    client = signed_in(reader("ada"))
    reading = client.post(f"/api/v1/rounds/{made.rounds.get().pk}/next").json()["reading"]
    before = {disc["disc"]: disc for disc in reading["discs"]}
    assert all(disc["model"] is None for disc in before.values())
    body = {"disc": "L1/L2", "center": [400.5, 300.0], "anterior": [310.0, 290.0]}
    answer = client.post(
        f"/api/v1/readings/{reading['id']}/disc_points",
        {**body, "idempotency_key": str(uuid.uuid4())},
        content_type="application/json",
    )
    after = {disc["disc"]: disc for disc in answer.json()["discs"]}
    model = {key: before["L1/L2"][key] for key in ("center", "anterior")}
    own = {**body, "confidence": None, "source": "reader", "model": model}
    assert after.pop("L1/L2") == own
    assert after == {name: disc for name, disc in before.items() if name != "L1/L2"}
