"""What the database itself knows of a place: its drawn id, and that its films move together."""

import pgtrigger
from django.db import models
from django.db.models import Func

_REFUSE = """
    IF EXISTS (
        SELECT 1 FROM annotation_reading other
        JOIN annotation_reading mine ON mine.id = NEW.id
        WHERE other.round_id = mine.round_id AND other.reader_id = mine.reader_id
          AND other.position = mine.position AND other.arm = mine.arm
          AND (other.opened_at IS DISTINCT FROM mine.opened_at
               OR other.committed_at IS DISTINCT FROM mine.committed_at)
    ) THEN
        RAISE EXCEPTION 'The films of a place are opened and committed together.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
"""


class DrawnId(Func):
    """A random whole number below 2**53, which a browser still reads exactly.

    Two of a million places meet with a chance of 1 in 18,000; the study is then made again.
    """

    template = "(floor(random() * 9007199254740992))::bigint"
    output_field = models.BigIntegerField()


def place_moves_together() -> pgtrigger.Trigger:
    """The trigger that looks, when a transaction ends, whether a pair was moved by half."""
    return pgtrigger.Trigger(
        name="place_moves_together",
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        timing=pgtrigger.Deferred,
        condition=pgtrigger.AnyChange("opened_at", "committed_at"),
        func=_REFUSE,
    )


def stays_committed() -> pgtrigger.Trigger:
    """The trigger that refuses to un-commit a reading, or to forget which model it showed."""
    return pgtrigger.Protect(
        name="stays_committed",
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(old__committed_at__isnull=False, new__committed_at__isnull=True)
        | pgtrigger.Q(
            old__model_version_shown__isnull=False, new__model_version_shown__isnull=True
        ),
    )
