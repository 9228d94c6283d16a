"""The people of a company are found by it."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """When a company changes, its people are looked at; without the index that would read everybody."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("profiles", "0005_people_export")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL("create index profile_company on profile (company) where company is not null"),
    ]
