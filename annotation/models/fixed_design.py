"""The design of a study is fixed once its first grade is in: the database refuses the change.

Reads made under two designs cannot be told apart afterwards, so neither a page, a script nor the
back office may change one that has been read under. Name, open or closed, adjudicators and relabel
batches are no part of it.
"""

import pgtrigger

_REFUSE = """
    IF EXISTS (
        SELECT 1 FROM annotation_round r
        JOIN annotation_reading p ON p.round_id = r.id
        JOIN annotation_gradeevent e ON e.reading_id = p.id
        WHERE r.study_id IN (OLD.{study}, NEW.{study})
    ) THEN
        RAISE EXCEPTION 'The design of a study is fixed once its first grade is in.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
"""


def fixed_design(
    name: str,
    operation: pgtrigger.Operation,
    *,
    condition: pgtrigger.Condition | None = None,
    study: str = "study_id",
) -> pgtrigger.Trigger:
    """The trigger that refuses `operation` on a row whose column `study` has graded readings."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=operation,
        condition=condition,
        func=_REFUSE.format(study=study),
    )
