"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Profiles, companies and their members; the search needs trigrams."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = [("identity", "0001_initial")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL("create extension if not exists pg_trgm"),
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8")),
    ]
