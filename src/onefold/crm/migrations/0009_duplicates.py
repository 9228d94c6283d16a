"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """What people who may be one have in common, and who they are."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("crm", "0008_pieces"), ("profiles", "0003_people_list")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8")),
    ]
