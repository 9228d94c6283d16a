"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Forms, their versions and drafts, what was sent by them, and how often they were seen."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = [("events", "0001_initial")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8")),
    ]
