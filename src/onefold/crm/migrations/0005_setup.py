"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Names of own fields and objects that nothing else has, and what lists by a custom object's deal need."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("crm", "0004_people")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8")),
    ]
