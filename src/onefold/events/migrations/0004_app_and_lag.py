"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Apps as a kind of source; how far the lanes were behind."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("events", "0003_event_tail")]
    operations: ClassVar[list[Operation]] = [migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8"))]
