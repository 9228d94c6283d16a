"""How many people are new in a stretch of time, without reading their rows."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """An index that holds all that the overview asks."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("profiles", "0001_initial")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL("create index profile_first_seen on profile (first_seen) include (is_known)")
    ]
