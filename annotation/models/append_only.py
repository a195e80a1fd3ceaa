"""Tables whose rows the database itself refuses to change or remove."""

import pgtrigger

FIRE_ALWAYS = """
DO $$ DECLARE it record; BEGIN
    FOR it IN SELECT tgrelid::regclass AS of, tgname FROM pg_trigger
              WHERE tgname LIKE 'pgtrigger_append_only%' OR tgname LIKE 'pgtrigger_never_emptied%'
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', it.of, it.tgname);
    END LOOP;
END $$;
"""
"""For the migration that makes such a table: a session may silence other triggers, not these."""


def append_only() -> list[pgtrigger.Trigger]:
    """The triggers of an append-only table: UPDATE, DELETE and TRUNCATE fail, whoever asks.

    They hold for the table's owner and for superusers too. Only who may alter the table can take
    them off, and that is no slip; `FIRE_ALWAYS` has them hold even where
    ``session_replication_role`` silences the others.
    """
    return [
        pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name="never_emptied",
            when=pgtrigger.Before,
            operation=pgtrigger.Truncate,
            level=pgtrigger.Statement,
            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate table %', TG_TABLE_NAME;",
        ),
    ]


def immutable(*fields: str) -> pgtrigger.Trigger:
    """The trigger that refuses a change of some columns while the rest of the row may move."""
    return pgtrigger.Protect(
        name="immutable", operation=pgtrigger.Update, condition=pgtrigger.AnyChange(*fields)
    )


def immutable_unless(state: str, *fields: str) -> pgtrigger.Trigger:
    """The trigger that lets some columns change in rows of one state only."""
    changes = " OR ".join(f'OLD."{field}" IS DISTINCT FROM NEW."{field}"' for field in fields)
    return pgtrigger.Protect(
        name=f"immutable_unless_{state}",
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(f"OLD.\"state\" <> '{state}' AND ({changes})"),
    )
