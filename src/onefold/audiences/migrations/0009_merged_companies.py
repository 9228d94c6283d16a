"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """A company that is merged into another, or is itself again, is looked at."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("audiences", "0008_back"), ("profiles", "0008_company_heads")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8")),
    ]
