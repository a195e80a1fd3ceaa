"""What enters the figures: committed, blind, of one round; totals by visit or by film."""

from typing import Any

from annotation.models import Study
from annotation.services.round_reads import blind_reads, scores
from tests.annotation.conftest import MakeFilm, MakeModel, MakeStudy, MakeUser, Read


def test_only_committed_reads_count(study: MakeStudy, reader: MakeUser, read: Read) -> None:
    round_ = study(films=2).rounds.get()
    done = read(round_, reader("ada"), grades={"L1_INF": 2, "L5_INF": "implant"})
    reads = blind_reads(round_)
    assert list(reads["ada"]) == [done.radiograph_id]
    assert reads["ada"][done.radiograph_id].grades["L1_INF"] == 2
    assert reads["ada"][done.radiograph_id].grades["L5_INF"] is None
    assert reads["ben"] == {}


def test_a_read_after_the_model_was_seen_does_not_count(
    study: MakeStudy, reader: MakeUser, read: Read, model_version: MakeModel, pregraded: Any
) -> None:
    made = study(films=1, assist_mode="second_look", washouts=(0, 0))
    pregraded(made.films.get(), model_version())
    for number in (1, 2):
        read(made.rounds.get(number=number), reader("ada"))
    assert len(blind_reads(made.rounds.get(number=1))["ada"]) == 1
    assert blind_reads(made.rounds.get(number=2))["ada"] == {}


def two_regions(study: MakeStudy, film: MakeFilm) -> Study:
    visit = {"patient": "somebody", "day": 3}
    return study(films=[film(region="C", **visit), film(region="L", **visit), film(region="L")])


def test_the_msasss_is_the_sum_of_both_films_of_a_visit(
    study: MakeStudy, film: MakeFilm, reader: MakeUser, read: Read
) -> None:
    made = two_regions(study, film)
    cervical, lumbar, alone = made.films.order_by("pk")
    read(made.rounds.get(), reader("ada"), cervical, {"C3_SUP": 2})
    read(made.rounds.get(), reader("ada"), lumbar, {"L1_INF": 3, "L2_SUP": 3})
    read(made.rounds.get(), reader("ada"), alone, {"S1_SUP": 1})
    mine = blind_reads(made.rounds.get())["ada"]
    assert scores(mine, "mSASSS", "R3") == {cervical.visit_id: 8.0}
    assert scores(mine, "cervical", "R3") == {cervical.pk: 2.0}
    assert scores(mine, "lumbar", "R3") == {lumbar.pk: 6.0, alone.pk: 1.0}


def test_the_policy_of_missing_sites_decides_whether_there_is_a_score(
    study: MakeStudy, reader: MakeUser, read: Read
) -> None:
    made = study(films=1)
    done = read(made.rounds.get(), reader("ada"), grades={"L1_INF": "rotated", "L2_SUP": 1})
    mine = blind_reads(made.rounds.get())["ada"]
    assert scores(mine, "lumbar", "R3") == {done.radiograph_id: 12 / 11}
    assert scores(mine, "lumbar", "strict") == {done.radiograph_id: None}
