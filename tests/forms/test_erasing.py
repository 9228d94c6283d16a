"""Who is erased is erased from forms, too: also what never became an event."""

import json
from uuid import uuid4

from django.test import Client

from onefold.forms import store
from onefold.kernel.hashing import identifier_hash
from tests.web.conftest import Shop, _pool, _quick_passwords, processor, robot, shop, transactional_users

__all__ = ["_pool", "_quick_passwords", "processor", "robot", "shop", "transactional_users"]


def test_an_erasure_takes_what_waits_and_what_was_let_in(shop: Shop, robot: Client, processor: None) -> None:
    form = store.create_form(shop.conn, name="F", template="contact", source_id=None, acting_user="user:alice")
    for email, state in (("ada@example.com", "accepted"), ("nobody@example.com", "held"), ("bela@example.com", "held")):
        held = json.dumps({"answers": {"email": email}}) if state == "held" else None
        shop.conn.execute(
            "insert into form_submission (id, form_id, version, at, state, person, held)"
            " values (%s, %s, 1, now(), %s, %s, %s)",
            [uuid4(), form.id, state, identifier_hash("email", email), held],
        )
    shop.identify("1", email="ada@example.com")
    for email in ("ada@example.com", "nobody@example.com"):  # the second has no profile
        body = json.dumps({"identifier": f"email:{email}"})
        answer = robot.post("/api/privacy/erasures", body, "application/json").json()
        assert answer["done_at"]
    left = shop.conn.execute("select held->'answers'->>'email' from form_submission").fetchall()
    assert left == [("bela@example.com",)]
