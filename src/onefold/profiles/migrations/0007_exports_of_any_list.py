"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Lists of any kind of record are taken out, in more formats than CSV."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("profiles", "0006_company_index")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8")),
    ]
