from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0020_places_are_kept")]

    operations = [
        migrations.AddField(
            model_name="radiograph",
            name="let_in",
            field=models.BooleanField(
                default=False, help_text="a person let it in: no network sets it aside again"
            ),
        ),
        # What a person let in before there was this column stays in too.
        migrations.RunSQL(
            """
            UPDATE annotation_radiograph SET let_in = TRUE
            WHERE 'Radiograph ' || id IN (
                SELECT subject FROM annotation_auditrecord WHERE action = 'radiograph.accepted'
            )
            """,
            migrations.RunSQL.noop,
        ),
    ]
