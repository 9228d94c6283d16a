"""The processor asks with every batch when the last request was done."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """An index on `privacy_request.done_at`."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("privacy", "0001_initial")]
    operations: ClassVar[list[Operation]] = [migrations.RunSQL("create index on privacy_request (done_at)")]
