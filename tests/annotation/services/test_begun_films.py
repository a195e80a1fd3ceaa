"""Films under which workers die: who counts as dead, and what comes of the film."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.errors import BadInput
from annotation.models import BegunFilm, Job, Radiograph
from annotation.services import begun_films, corner_grades, jobs
from tests.annotation.conftest import MakeFilm


def claimed() -> Job:
    job = jobs.claim(jobs.create(kind="pregrade", arguments={}, actor=None).pk)
    assert job is not None
    return job


def dies(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def died_in_the_middle_of(*films: Radiograph) -> None:
    """A worker, killed: nothing was written down after it began."""
    job = claimed()
    begun_films.Hand(job.worker).begin([film.pk for film in films])
    dies(job)


def test_a_film_in_the_hand_of_a_living_worker_is_like_any_other(film: MakeFilm) -> None:
    one, job = film(), claimed()
    begun_films.Hand(job.worker).begin([one.pk])
    assert begun_films.in_company([one.pk]) == [[one.pk]]
    dies(job)
    assert begun_films.in_company([one.pk]) == [[], [one.pk]]


def test_the_worker_that_took_the_job_over_does_not_bring_the_dead_one_back(film: MakeFilm) -> None:
    one, job = film(), claimed()
    begun_films.Hand(job.worker).begin([one.pk])
    dies(job)
    assert jobs.claim(job.pk) is not None
    assert begun_films.in_company([one.pk]) == [[], [one.pk]]


def test_those_under_which_a_worker_died_come_last_and_one_by_one(film: MakeFilm) -> None:
    films = [film() for _ in range(4)]
    died_in_the_middle_of(films[0], films[2])
    first, second, third, fourth = (one.pk for one in films)
    assert begun_films.in_company([first, second, third, fourth]) == [
        [second, fourth],
        [first],
        [third],
    ]


def test_a_film_that_two_workers_died_under_is_set_aside(film: MakeFilm) -> None:
    deadly, beside = film(), film()
    died_in_the_middle_of(deadly, beside)
    assert not begun_films.set_aside()
    died_in_the_middle_of(deadly)
    assert list(begun_films.set_aside()) == [deadly.pk]


def test_a_film_that_a_worker_outlived_is_like_any_other_again(film: MakeFilm) -> None:
    one, job = film(), claimed()
    died_in_the_middle_of(one)
    with begun_films.in_hand(job) as hand:
        hand.begin([one.pk])
        hand.end([one.pk])
    assert not BegunFilm.objects.exists()


@pytest.mark.parametrize("end", [SystemExit, jobs.JobLost, ZeroDivisionError])
def test_a_worker_that_can_still_say_so_did_not_die(
    film: MakeFilm, end: type[BaseException]
) -> None:
    one, job = film(), claimed()
    died_in_the_middle_of(one)

    def ends() -> None:
        with begun_films.in_hand(job) as hand:
            hand.begin([one.pk])
            raise end

    with pytest.raises(end):
        ends()
    assert BegunFilm.objects.count() == 1  # of the other one


def test_a_person_may_ask_for_it_once_more_and_then_it_is_set_aside_again(film: MakeFilm) -> None:
    asked, other = film(), film()
    for _ in range(2):
        died_in_the_middle_of(asked)
        died_in_the_middle_of(other)
    corner_grades.request_pregrading(films=[asked.pk], actor=None)
    assert list(begun_films.set_aside()) == [other.pk]
    assert begun_films.in_company([asked.pk]) == [[], [asked.pk]]
    begun_films.ask_again()
    assert not begun_films.set_aside()
    died_in_the_middle_of(asked)
    assert list(begun_films.set_aside()) == [asked.pk]


def test_a_request_that_is_refused_asks_for_nothing(film: MakeFilm) -> None:
    deadly = film()
    for _ in range(2):
        died_in_the_middle_of(deadly)
    with pytest.raises(BadInput):
        corner_grades.request_pregrading(films=[deadly.pk, 0], actor=None)
    assert list(begun_films.set_aside()) == [deadly.pk]
