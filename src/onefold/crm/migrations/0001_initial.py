"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Pipelines, deals, products, tasks, activities, files, custom fields and objects, and what was changed."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("accounts", "0004_lockout_by_axes"),
        ("identity", "0001_initial"),
        ("profiles", "0006_company_index"),
    ]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8")),
    ]
