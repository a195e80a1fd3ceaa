"""Labels from elsewhere are kept as they came: a one-sided bridge is named, not repaired."""

import pytest

from annotation.errors import BadInput
from annotation.models import AuditRecord, GradeEvent, Reading
from annotation.services import imported_reads
from annotation.services.imported_reads import ImportedFilm
from inference.msasss import sites_of
from tests.annotation.conftest import MakeStudy, MakeUser

NORMAL: dict[str, int | str] = {site.code: 0 for site in sites_of("L")}


def test_a_bridge_on_one_side_is_kept_as_it_came_and_flagged(
    study: MakeStudy, reader: MakeUser, coordinator: MakeUser
) -> None:
    made = study(films=2)
    broken, sound = (film.pk for film in made.films.order_by("pk"))
    labels = NORMAL | {"L2_INF": 3, "L5_INF": "rotated"}
    imported = imported_reads.import_reads(
        into=made.rounds.get(),
        reader=reader("ada"),
        films=[
            ImportedFilm(broken, labels),
            ImportedFilm(sound, NORMAL | {"L1_INF": 3, "L2_SUP": 3}),
        ],
        actor=coordinator(),
    )
    assert imported.one_sided == ((broken, "L2/L3"),)
    kept = GradeEvent.objects.filter(reading__radiograph=broken).current()
    assert {one.site: one.not_assessable or one.grade for one in kept} == labels
    record = AuditRecord.objects.get(action="reads.imported")
    assert record.detail["one_sided_bridges"] == [[broken, "L2/L3"]]


@pytest.mark.parametrize(
    ("odd", "sentence"),
    [
        ({"L2_INF": 4}, "4 is no grade"),
        ({"L2_INF": "tired"}, "'tired' is no grade"),
        ({"C3_INF": 0}, "C3_INF"),
    ],
)
def test_labels_that_are_none_are_refused_whole(
    study: MakeStudy, reader: MakeUser, odd: dict[str, int | str], sentence: str
) -> None:
    made = study(films=2)
    good, bad = (film.pk for film in made.films.order_by("pk"))
    with pytest.raises(BadInput, match=sentence):
        imported_reads.import_reads(
            into=made.rounds.get(),
            reader=reader("ada"),
            films=[ImportedFilm(good, NORMAL), ImportedFilm(bad, NORMAL | odd)],
            actor=None,
        )
    assert not GradeEvent.objects.exists()
    assert not Reading.objects.committed().exists()
