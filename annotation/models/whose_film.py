"""What the database checks of whose a film is."""

import pgtrigger

_ASKS_NOBODY = """
    IF EXISTS (SELECT 1 FROM annotation_personasked WHERE radiograph_id = NEW.id) THEN
        RAISE EXCEPTION 'Nobody has said whose this film is.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
"""
_ITS_PATIENT = """
    IF NOT EXISTS (
        SELECT 1 FROM annotation_patientnumber AS row
        JOIN annotation_visit AS visit ON visit.patient_id = row.patient_id
        WHERE row.id = NEW.known_by_id AND visit.id = NEW.visit_id
    ) THEN
        RAISE EXCEPTION 'The film is known to be of another patient.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
"""


def ready_asks_nobody() -> pgtrigger.Trigger:
    """The trigger that lets no film in while a person is asked whose it is."""
    return pgtrigger.Trigger(
        name="ready_asks_nobody",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(new__state="ready") & ~pgtrigger.Q(old__state="ready"),
        func=_ASKS_NOBODY,
    )


def known_by_its_patient() -> pgtrigger.Trigger:
    """The trigger that holds a film under the patient by whose number it is known."""
    return pgtrigger.Trigger(
        name="known_by_its_patient",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        condition=pgtrigger.Q(new__known_by__isnull=False),
        func=_ITS_PATIENT,
    )
