"""Phantom films that several tests look at: both vendors, both facings, both polarities."""

from functools import cache

from training.phantom import PhantomFilm, take

SEED = 908  # derived no mean picture and set no limit


@cache
def films() -> tuple[PhantomFilm, ...]:
    """Six patients, a neck and a back of each, at a quarter of the size."""
    return tuple(take(i, 0, region, seed=SEED, scale=0.25) for i in range(6) for region in "CL")


def named(film: PhantomFilm) -> str:
    """For a test's name."""
    return f"{film.region}-{film.vendor}-{film.facing}-{film.photometric[-1]}"


def spread() -> set[str]:
    """What the films differ in, to prove that the six patients are mixed enough."""
    return {word for film in films() for word in named(film).split("-")}
