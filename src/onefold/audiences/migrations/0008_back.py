"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """What was removed comes back as it was."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("audiences", "0007_others")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(Path(__file__).with_name("0008_back.sql").read_text("utf-8"))
    ]
