import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0026_patient_numbers"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="radiograph",
            name="immutable_unless_quarantined",
        ),
        migrations.AddField(
            model_name="radiograph",
            name="corrections",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="how many times a person changed the picture"
            ),
        ),
        migrations.RunSQL(
            "UPDATE annotation_radiograph SET corrections = 1 WHERE corrected",
            migrations.RunSQL.noop,
        ),
        migrations.RemoveField(
            model_name="radiograph",
            name="corrected",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="radiograph",
            trigger=pgtrigger.compiler.Trigger(
                name="immutable_unless_quarantined",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."state" <> \'quarantined\' AND (OLD."visit_id" IS DISTINCT FROM NEW."visit_id" OR OLD."width" IS DISTINCT FROM NEW."width" OR OLD."height" IS DISTINCT FROM NEW."height" OR OLD."inverted" IS DISTINCT FROM NEW."inverted" OR OLD."mirrored" IS DISTINCT FROM NEW."mirrored" OR OLD."turned" IS DISTINCT FROM NEW."turned" OR OLD."corrections" IS DISTINCT FROM NEW."corrections"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="b36afc1b127c13053d803a275e7143a9244cfc8f",
                    operation="UPDATE",
                    pgid="pgtrigger_immutable_unless_quarantined_29f7f",
                    table="annotation_radiograph",
                    when="BEFORE",
                ),
            ),
        ),
    ]
