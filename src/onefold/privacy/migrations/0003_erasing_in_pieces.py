"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """How far an erasure is."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("privacy", "0002_requests_by_time"),
        ("events", "0005_withheld"),
    ]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8")),
    ]
