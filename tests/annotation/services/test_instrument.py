"""The findings of a study: squaring where it counts, and a finding with every adjudicated 1."""

import uuid

import pytest

from annotation.errors import BadInput
from annotation.models import Study
from annotation.services import adjudication, instrument
from annotation.services.ledger import Mark
from tests.annotation.conftest import MakeFilm, MakeStudy, MakeUser, Read

SQUARING = Mark(grade=1, findings=("squaring",))


@pytest.mark.parametrize(
    ("squaring", "counted"),
    [
        ("all", {"L1_INF", "C2_INF", "C5_SUP", "C6_INF", "T1_SUP"}),
        ("C5_C6", {"L1_INF", "C5_SUP", "C6_INF"}),
        ("none", {"L1_INF"}),
    ],
)
def test_cervical_squaring_counts_where_the_study_says(squaring: str, counted: set[str]) -> None:
    made = Study(cervical_squaring=squaring, finding_flags=True)
    for site in ("L1_INF", "C2_INF", "C5_SUP", "C6_INF", "T1_SUP"):
        assert ("squaring" in instrument.findings_at(made, site)) == (site in counted)
        if site in counted:
            instrument.check_read(made, site, SQUARING)
            continue
        with pytest.raises(BadInput, match="squaring"):
            instrument.check_read(made, site, SQUARING)


def test_a_study_without_flags_takes_no_finding() -> None:
    with pytest.raises(BadInput, match="without findings"):
        instrument.check_read(Study(), "L1_INF", SQUARING)


@pytest.mark.parametrize(
    ("mark", "sentence"), [(Mark(grade=1), "erosion, sclerosis"), (SQUARING, "does not count")]
)
def test_an_adjudicated_grade_1_says_what_was_seen_and_keeps_to_the_instrument(
    study: MakeStudy,
    film: MakeFilm,
    reader: MakeUser,
    read: Read,
    adjudicator: MakeUser,
    mark: Mark,
    sentence: str,
) -> None:
    made = study(films=[film(region="C")], adjudicators=[adjudicator("judge")])
    read(made.rounds.get(), reader("ada"), grades={"C3_INF": 1})
    read(made.rounds.get(), reader("ben"))
    case = made.cases.get()
    judge = {"adjudicator": adjudicator("judge"), "case_id": case.pk}
    with pytest.raises(BadInput, match=sentence):
        adjudication.decide(**judge, key=uuid.uuid4(), mark=mark)
    seen = Mark(grade=1, findings=("erosion",))
    assert adjudication.decide(**judge, key=uuid.uuid4(), mark=seen) == 1
