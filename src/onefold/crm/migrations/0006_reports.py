"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """What reports ask of a period: deals closed, stages left, tasks done, activities by owner and kind."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("crm", "0005_setup")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8")),
    ]
