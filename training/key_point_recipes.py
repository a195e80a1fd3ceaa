"""Recipes of the key point network, each number with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from inference.key_points import KeyPointArchitecture
from training.film_views import FilmAugmentation
from training.loop import Schedule
from training.short_schedules import quick, tiny


@dataclass(frozen=True)
class KeyPointRecipe:
    """Everything that decides a key point run, but for the films and the seed."""

    architecture: KeyPointArchitecture
    schedule: Schedule
    augmentation: FilmAugmentation = field(default_factory=FilmAugmentation)
    patches: int = 5  # disc patches beside each film of a batch, where there is a third look
    third_look_alone: bool = False  # leave what looks at the film as the given weights have it
    refines: bool = False  # keep the architecture of the weights it starts from
    seed: int = 1
    about: str = field(default="", repr=False)  # for people; a run's state does not go by it


_STARTER = KeyPointRecipe(
    KeyPointArchitecture(looks=3),
    # 8 films and 40 patches a step: 12,000 looks at a film, 60,000 at a disc. Without bfloat16:
    # processors that do not know it take eight times as long
    Schedule(
        steps=1500,
        batch=8,
        learning_rate=1.2e-3,
        validate_every=100,
        average=0.99,
        bfloat16=False,
    ),
    about="the network that ships, from scratch; a CPU is enough",
)

RECIPES: dict[str, KeyPointRecipe] = {
    # Koo et al. 2022: HRNet as for human pose, batch 32, Adam at 0.001, plain heat maps
    # (as in the official code); 1080 films, 210 epochs
    "paper": KeyPointRecipe(
        KeyPointArchitecture("hrnet_w32", branches=False, heat="height", looks=1),
        Schedule(
            steps=7100,
            batch=32,
            learning_rate=1e-3,
            weight_decay=0.0,
            one_cycle=False,
            average=0.0,
            patience=50,
        ),
        about="as Koo et al. 2022 trained; for a GPU",
    ),
    "starter": _STARTER,
    # From weights that find the discs well: half an hour on a busy core gives them the third
    # look, at 32 patches a step
    "third_look": replace(
        _STARTER,
        about="adds the third look to given weights; half an hour on a CPU",
        third_look_alone=True,
        patches=4,
        schedule=replace(_STARTER.schedule, steps=800, learning_rate=2e-3),
    ),
    # For a GPU: the wide network and a longer run
    "best": KeyPointRecipe(
        KeyPointArchitecture("hrnet_w32", looks=3),
        Schedule(steps=10_000, batch=64, learning_rate=1e-3, validate_every=500),
        about="the wide network, a longer run; for a GPU",
    ),
    # Minutes on a CPU, from the serving weights
    "quick": replace(
        _STARTER,
        about="refines given weights; minutes on a CPU",
        refines=True,
        schedule=quick(_STARTER.schedule, steps=150, validate_every=50),
    ),
    "tiny": replace(
        _STARTER,
        about="seconds; proves the way, not the model",
        refines=True,
        schedule=tiny(_STARTER.schedule, batch=8),
    ),
}
