"""What `onefold rebuild --check` takes for a difference."""

import json
from typing import Any

from psycopg import Connection

from onefold.events.api import LogRow, Trust
from onefold.programs.processor.accept import prepare
from onefold.programs.processor.context import load_context
from onefold.programs.processor.steps import process
from tests.processor.driving import check_rebuild


def test_numbers_that_jsonb_writes_otherwise_are_no_difference(db: Connection[Any]) -> None:
    db.execute("insert into source (id, slug, name, kind) values (2, 'shop', 'Shop', 'server')")
    traits = {"huge": 1e308, "exact": 1.2345678901234568e18, "list": [1e23, {"zero": -0.0}], "yes": True, "one": 1}
    body = json.dumps({"batch": [{"type": "identify", "userId": "u1", "traits": traits}]}).encode()
    with db.transaction():
        context = load_context(db)
        row = LogRow(1, 1000, 1, 0, 2, Trust.SECRET, 1_700_000_000_000_000, 1, "", "", body)
        process(db, context, prepare([row], context))
        assert check_rebuild(db) == []
        db.execute("update profile set traits = jsonb_set(traits, '{huge}', '2')")
        assert len(check_rebuild(db)) == 1
