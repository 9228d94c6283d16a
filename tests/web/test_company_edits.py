"""Companies by hand: made, corrected, undone, people put into them; where values come from; the company's timeline."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection

from onefold.events.api import NewSource, create_source
from onefold.kernel.errors import NotFound
from onefold.kernel.hashing import identifier_hash
from onefold.profiles.api import (
    CorrectionRejected,
    company_timeline,
    correct_company,
    find_company,
    names_in_force,
    new_company,
    put_into_company,
    undo_company_correction,
    why_company_trait,
)
from onefold.profiles.standing import standing
from tests.processor.driving import check_rebuild
from tests.web.conftest import Shop

ALICE = "user:alice"


def traits_of(conn: Connection[Any], space: str, key: str) -> str:
    company = find_company(conn, space, key)
    assert company is not None
    return company.traits


def put(conn: Connection[Any], user: str, space: str, key: str) -> UUID:
    names = names_in_force(conn)
    whom = standing(conn, names, identifier_hash("user_id", user))
    assert whom is not None
    event, is_processed = put_into_company(conn, names, whom, space, key, acting_user=ALICE)
    assert is_processed
    return event


def whole(conn: Connection[Any]) -> None:
    with conn.transaction():
        assert check_rebuild(conn) == []


@pytest.mark.usefixtures("processor")
class TestByHand:
    """A processor runs."""

    def test_a_company_is_made_once_and_told(self, shop: Shop) -> None:
        once = uuid4()
        made = {"name": "Acme", "size": 8, "tags": ["a"]}
        space, key = new_company(shop.conn, traits=made, acting_user=ALICE, once=once)
        assert (space, key) == new_company(shop.conn, traits=made, acting_user=ALICE, once=once)
        company = find_company(shop.conn, space, key)
        assert company is not None
        assert (company.name, company.n) == ("Acme", 1)
        assert traits_of(shop.conn, space, key) == '{"name": "Acme", "size": 8, "tags": ["a"]}'
        told = shop.conn.execute("select actor, action, target, details from audit order by 1 desc limit 1").fetchone()
        assert told is not None
        assert told[:2] == (ALICE, "group.logged")
        assert told[2] == f"company:{company.h % (1 << 64):016x}"
        assert "Acme" not in str(told[3])
        assert shop.conn.execute("select count(*) from profile").fetchone() == (0,)
        whole(shop.conn)

    def test_a_correction_outranks_says_who_made_it_and_is_undone(self, shop: Shop) -> None:
        shop.send({"type": "group", "userId": "1", "groupId": "acme", "traits": {"size": 9, "city": "Oslo"}})
        first, is_processed = correct_company(shop.conn, "", "acme", name=" size ", value=8, acting_user=ALICE)
        assert is_processed
        assert traits_of(shop.conn, "", "acme") == '{"city": "Oslo", "size": 8}'
        names = names_in_force(shop.conn)
        why = why_company_trait(shop.conn, names, "", "acme", "size")
        assert (why.value, why.counts and why.counts.claim.value) == (8, 8)
        assert [(one.claim.value, one.lost_by, one.event and one.event.acting_user) for one in why.said] == [
            (8, "", ALICE),
            (9, "priority", ""),
        ]
        assert why.said[0].event is not None
        assert UUID(bytes=why.said[0].event.id) == first
        second, _ = correct_company(shop.conn, "", "acme", name="size", value=7, acting_user=ALICE)
        assert undo_company_correction(shop.conn, second, acting_user=ALICE) == ("", "acme", True)
        assert traits_of(shop.conn, "", "acme") == '{"city": "Oslo", "size": 8}'
        undo_company_correction(shop.conn, second, acting_user=ALICE)
        undo_company_correction(shop.conn, first, acting_user=ALICE)
        assert traits_of(shop.conn, "", "acme") == '{"city": "Oslo", "size": 9}'
        why = why_company_trait(shop.conn, names, "", "acme", "size")
        assert [(one.claim.value, one.lost_by) for one in why.said] == [(9, ""), (None, "withdrawn")]
        whole(shop.conn)

    def test_a_person_is_put_into_it_and_taken_out_again(self, shop: Shop) -> None:
        app = create_source(
            shop.conn, NewSource(slug="app", name="App", kind="app", user_space="app"), acting_user="test"
        )
        shop.send({"type": "group", "userId": "1", "groupId": "acme", "traits": {"name": "Acme"}}, source=app)
        shop.identify("2", name="Ben")
        event = put(shop.conn, "2", "app", "acme")
        assert shop.conn.execute("select count(distinct company), count(company) from profile").fetchone() == (1, 2)
        ((message_id,),) = shop.conn.execute("select message_id from event where id = %s", [event]).fetchall()
        back = {"type": "retract", "source": 1, "messageIds": [message_id]}
        shop.send(back, source=shop.internal, at=datetime.now(UTC))
        assert shop.conn.execute("select count(company) from profile").fetchone() == (1,)
        whole(shop.conn)

    def test_the_timeline_has_the_companys_own_in_pages(self, shop: Shop) -> None:
        space, key = new_company(shop.conn, traits={"name": "Acme"}, acting_user=ALICE)
        shop.identify("1", name="Ana")
        put(shop.conn, "1", space, key)
        for size in (1, 2, 3):
            correct_company(shop.conn, space, key, name="size", value=size, acting_user=ALICE)
        page = company_timeline(shop.conn, space, key, limit=2)
        rest = company_timeline(shop.conn, space, key, page.next_place, limit=9)
        sizes = [msg for entry in (*page.entries, *rest.entries) for msg in (b'"size": 3', b'"size": 2', b'"size": 1')
                 if msg in entry.body.partition(b'"context"')[0]]  # fmt: skip
        assert (len(page.entries), len(rest.entries), rest.next_place) == (2, 2, None)
        assert sizes == [b'"size": 3', b'"size": 2', b'"size": 1']


class TestRefused:
    """Nothing is logged."""

    def test_of_no_company_nothing_is_corrected(self, shop: Shop) -> None:
        with pytest.raises(NotFound):
            correct_company(shop.conn, "", "nowhere", name="size", value=1, acting_user=ALICE)
        with pytest.raises(NotFound):
            put(shop.conn, self._known(shop), "", "nowhere")
        with pytest.raises(NotFound):
            why_company_trait(shop.conn, names_in_force(shop.conn), "", "nowhere", "size")
        with pytest.raises(NotFound):
            undo_company_correction(shop.conn, uuid4(), acting_user=ALICE)

    def test_a_persons_correction_is_no_companys(self, shop: Shop) -> None:
        shop.send(
            {"type": "identify", "userId": "1", "traits": {"a": 1}, "context": {"replaced": {"a": 2}}},
            source=shop.internal,
        )
        ((event,),) = shop.conn.execute("select id from event").fetchall()
        with pytest.raises(NotFound):
            undo_company_correction(shop.conn, event, acting_user=ALICE)

    @pytest.mark.parametrize(
        "traits",
        [
            {"": 1}, {" ": 1}, {"x" * 201: 1}, {"a\0": 1}, {"big": "x" * 20_000}, {"n": 2**63},
            {f"t{n}": n for n in range(301)},
        ],
    )  # fmt: skip
    def test_what_the_processor_would_refuse_is_refused_here(self, shop: Shop, traits: dict[str, Any]) -> None:
        with pytest.raises(CorrectionRejected):
            new_company(shop.conn, traits=traits, acting_user=ALICE)
        assert shop.conn.execute("select count(*) from event_log").fetchone() == (0,)

    def _known(self, shop: Shop) -> str:
        shop.identify("1", name="Ana")
        return "1"
