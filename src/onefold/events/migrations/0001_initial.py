"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Sources, the log, accepted events, and what became of the rest."""

    initial = True
    operations: ClassVar[list[Operation]] = [migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8"))]
