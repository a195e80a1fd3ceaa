"""The design of a study is fixed once its first grade is in: the database refuses the change.

Reads made under two designs cannot be told apart afterwards, so neither a page, a script nor the
back office may change one that has been read under. Name, open or closed, adjudicators and relabel
batches are no part of it.
"""

import pgtrigger

_GRADED = """EXISTS (
        SELECT 1 FROM annotation_round r
        JOIN annotation_reading p ON p.round_id = r.id
        JOIN annotation_gradeevent e ON e.reading_id = p.id
        WHERE r.study_id IN (OLD.{study}, NEW.{study})
    )"""

# A first grade that is not committed yet is seen by nobody. But its reading is locked, by whoever
# saves it and by its foreign key: all readings are waited for, in the order in which a place is
# locked, its films by their slots. Where a grade is in already, nobody is kept waiting.
_REFUSE = f"""
    IF NOT {_GRADED} THEN
        PERFORM p.id FROM annotation_reading p JOIN annotation_round r ON p.round_id = r.id
        WHERE r.study_id IN (OLD.{{study}}, NEW.{{study}})
        ORDER BY p.slot, p.id FOR UPDATE OF p;
    END IF;
    IF {_GRADED} THEN
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
