"""What the installation of the browser tests has of audiences: some that are live, and some whose data is awful."""

from typing import Any, Final

from psycopg import Connection

from onefold.audiences import actions
from onefold.audiences.rules import Computed
from onefold.filters import api as f
from tests.browser.customers import MARKUP, WORD
from tests.scenarios.installation import Installation
from tests.waiting import wait_until
from tests.web.audiences import document

LIVE: Final = "Ordered, or from Umeå"
AWFUL: Final = f"{MARKUP} \u202e مرحبا 👩‍👩‍👧‍👦 {WORD}"[:120]
ALLOWING: Final = tuple(f"C-{number}" for number in range(1010, 1020))
"""Customers who allow analytics."""
ORDERED: Final = f.EventMatch("Order Completed")
_DEEP: Final = f.AllOf(
    (
        f.AnyOf((f.OneOf(f"trait:{WORD[:300]}", "is", (WORD, MARKUP)), f.Contains("name", "contains", MARKUP))),
        f.NoneOf((f.Did(f.EventMatch(WORD, where=f.OneOf(WORD[:60], "is", (MARKUP,)))), f.AnyOf(()))),
        f.AllOf((f.AllOf((f.NoneOf((f.AnyOf((f.Present("trait:مرحبا"), f.Flag("trait:👩‍👩‍👧‍👦", True))),)),)),)),
    )
)


def consents() -> list[dict[str, Any]]:
    """Events in which they allow it."""
    properties = {"purposes": {"analytics": True}}
    return [
        {
            "type": "track",
            "event": "Consent Updated",
            "userId": user,
            "messageId": f"allows-{user}",
            "properties": properties,
        }
        for user in ALLOWING
    ]


def add_audiences(installation: Installation) -> None:
    """One that is live, an awful one with two versions, a draft, one that was removed; computed traits, a list."""
    with installation.connection() as conn:
        rule = f.AnyOf((f.Did(ORDERED), f.OneOf("trait:city", "is", ("Umeå",))))
        live = _make(conn, LIVE, rule, "For whoever looks at tests.")
        actions.start_audience(conn, live, acting_user="user:alice")
        awful = _make(conn, AWFUL, _DEEP, f"{MARKUP}\n{WORD}"[:2_000], user=f"api_key:3:{WORD[:60]}")
        actions.change_rule(
            conn, awful, document(f.AllOf((*_DEEP.of, f.InAudience(live)))), "advertising", acting_user="user:alice"
        )
        _make(conn, "Draft", f.Did(ORDERED))
        removed = _make(conn, f"Removed {WORD}"[:120], f.Did(ORDERED))
        actions.trash_audience(conn, removed, acting_user="user:alice")
        actions.create_computed(conn, "orders", Computed(ORDERED, "count"), acting_user="user:alice")
        event = f.EventMatch(WORD, where=f.Contains(WORD[:200], "contains", MARKUP))
        computed = Computed(event, "most_frequent", WORD[:300], "text")
        actions.create_computed(conn, AWFUL.replace(":", ""), computed, acting_user="user:alice")
        actions.create_list(conn, AWFUL, [1, 2, 3], acting_user=f"user:{WORD[:60]}")
    wait_until(lambda: _is_live(installation, live), 60, "a live audience")


def _make(conn: Connection[Any], name: str, rule: Any, description: str = "", user: str = "user:alice") -> int:
    wanted = actions.Wanted(name, "analytics", document(rule), description)
    return actions.create_audience(conn, wanted, acting_user=user)


def _is_live(installation: Installation, number: int) -> bool:
    return bool(installation.value("select state = 'live' from audience where id = %s", number))
