"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Audiences of companies, and how many of a company's people are in an audience of people."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("audiences", "0003_forgetting")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8")),
    ]
