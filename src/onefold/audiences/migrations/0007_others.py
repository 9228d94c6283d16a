"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Erasure finds changes of others by whom they name."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("audiences", "0006_series")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(Path(__file__).with_name("0007_others.sql").read_text("utf-8"))
    ]
