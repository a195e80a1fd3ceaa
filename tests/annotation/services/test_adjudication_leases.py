"""Two adjudicators never get the same case; a hold that ran out frees it."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, InternalError, connection, transaction
from django.utils import timezone

from annotation.errors import Conflict
from annotation.models import AdjudicationCase, Study
from annotation.services import adjudication
from annotation.services.adjudication_leases import next_free, take_next
from annotation.services.ledger import Mark
from tests.annotation.at_once import at_once
from tests.annotation.conftest import MakeStudy, MakeUser, Read


@pytest.fixture
def judges(adjudicator: MakeUser) -> list[User]:
    return [adjudicator("judge"), adjudicator("other-judge")]


@pytest.fixture
def differing(study: MakeStudy, judges: list[User], reader: MakeUser, read: Read) -> Study:
    """Two cases, on L2 and L3."""
    made = study(films=1, adjudicators=judges)
    read(made.rounds.get(), reader("ada"), grades={"L2_INF": 2, "L3_INF": 2})
    read(made.rounds.get(), reader("ben"))
    return made


def site(case: AdjudicationCase | None) -> str | None:
    return case.site if case else None


def test_each_adjudicator_has_an_own_case_and_gets_it_again(
    differing: Study, judges: list[User]
) -> None:
    taken = [site(take_next(adjudicator=judge, study=differing)) for judge in judges * 2]
    assert taken == ["L2_INF", "L3_INF", "L2_INF", "L3_INF"]


def test_what_others_hold_is_not_handed_out_and_not_decided(
    differing: Study, judges: list[User], adjudicator: MakeUser
) -> None:
    case = take_next(adjudicator=judges[0], study=differing)
    take_next(adjudicator=judges[1], study=differing)
    third = adjudicator("third-judge")
    differing.adjudicators.add(third)
    assert take_next(adjudicator=third, study=differing) is None
    ends = AdjudicationCase.objects.earliest("lease_until").lease_until
    assert next_free(differing) == ends
    assert case is not None
    with pytest.raises(Conflict, match="Another adjudicator holds"):
        adjudication.decide(
            adjudicator=third, case_id=case.pk, key=uuid.uuid4(), mark=Mark(grade=2)
        )


def test_a_hold_that_ran_out_frees_the_case(differing: Study, judges: list[User]) -> None:
    take_next(adjudicator=judges[0], study=differing)
    AdjudicationCase.objects.update(lease_until=timezone.now())
    assert site(take_next(adjudicator=judges[1], study=differing)) == "L2_INF"


def test_only_the_hold_of_a_case_can_change(differing: Study) -> None:
    refused = (IntegrityError, InternalError)
    with pytest.raises(refused, match="pgtrigger"), transaction.atomic():
        AdjudicationCase.objects.update(site="L5_INF")
    with pytest.raises(refused, match="pgtrigger"), transaction.atomic():
        connection.cursor().execute("DELETE FROM annotation_adjudicationcase")


@pytest.mark.django_db(transaction=True)
def test_two_adjudicators_at_the_same_moment_get_two_cases(
    differing: Study, judges: list[User]
) -> None:
    def take(judge: User) -> str | None:
        try:
            return site(take_next(adjudicator=judge, study=differing))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as clients:
        assert set(clients.map(take, judges)) == {"L2_INF", "L3_INF"}


@pytest.mark.django_db(transaction=True)
def test_who_comes_as_the_last_case_is_taken_is_told_until_when(
    differing: Study, judges: list[User]
) -> None:
    """Passed over, it would look as if every corner were settled."""
    take_next(adjudicator=judges[0], study=differing)
    AdjudicationCase.objects.filter(held_by=None).update(
        held_by=judges[0], lease_until=timezone.now()
    )
    is_taken, is_asked = threading.Event(), threading.Event()
    third = User.objects.create(username="third-judge")

    def takes() -> None:
        with transaction.atomic():
            assert site(take_next(adjudicator=judges[1], study=differing)) == "L3_INF"
            is_taken.set()
            is_asked.wait(1)  # it waits for us

    def asks() -> tuple[str | None, bool]:
        is_taken.wait(30)
        case = take_next(adjudicator=third, study=differing)
        is_asked.set()
        ends = next_free(differing)
        return site(case), ends is not None and ends > timezone.now()

    assert at_once(takes, asks)[1] == (None, True)
