"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Who entered and left: one row for a person and a look; and the same by audience, and counted by the day."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("audiences", "0004_companies")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8")),
    ]
