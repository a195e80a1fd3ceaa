"""Two short schedules that both networks have: a refinement of minutes, and a proof of seconds."""

from __future__ import annotations

from dataclasses import replace

from training.loop import Schedule


def quick(schedule: Schedule, *, steps: int, validate_every: int) -> Schedule:
    """At a rate at which the weights that it starts from are refined and not forgotten."""
    return replace(
        schedule, steps=steps, learning_rate=4e-4, validate_every=validate_every, average=0.99
    )


def tiny(schedule: Schedule, *, batch: int) -> Schedule:
    """Proves the way from snapshot to candidate, not the model."""
    return replace(
        schedule,
        steps=4,
        batch=batch,
        learning_rate=5e-5,
        validate_every=4,
        average=0.5,
        report_every_s=0.2,
    )
