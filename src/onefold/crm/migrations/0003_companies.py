"""Runs the SQL file beside it."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Lists of companies in order, companies by domain and parent, people by the domain of their e-mail; joining."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("crm", "0002_teams_and_rights"),
        ("events", "0006_position"),
        ("profiles", "0006_company_index"),
    ]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text("utf-8")),
    ]
