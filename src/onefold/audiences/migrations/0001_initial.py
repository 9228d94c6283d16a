"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Audiences, computed traits, what is kept for them of people's events, and who is in."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("events", "0006_position"),
        ("identity", "0001_initial"),
        ("profiles", "0006_company_index"),
        ("privacy", "0006_meanings_moved"),
    ]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8")),
    ]
