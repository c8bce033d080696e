"""The two tables."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """As `makemigrations` writes it."""

    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.CreateModel(
            name="Seen",
            fields=[
                ("name", models.CharField(max_length=512, primary_key=True, serialize=False)),
                ("until", models.FloatField()),
            ],
        ),
        migrations.CreateModel(
            name="SignIn",
            fields=[
                ("session_key", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("sub", models.CharField(db_index=True, max_length=255)),
                ("sid", models.CharField(db_index=True, max_length=255, null=True)),
            ],
        ),
    ]
