"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Endpoints, messages to them, and what became of each attempt."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = [("accounts", "0002_roles")]
    operations: ClassVar[list[Operation]] = [migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8"))]
