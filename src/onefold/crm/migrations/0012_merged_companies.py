"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Companies that may be one; records follow those that are."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("crm", "0011_assignment"), ("profiles", "0008_company_heads")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8")),
    ]
