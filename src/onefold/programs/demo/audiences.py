"""What the sample shop's marketing asks of its people: audiences and computed traits, made as users make them."""

import time
from typing import Any, Final, NamedTuple

from psycopg import Connection

from onefold.audiences.api import Computed, Wanted, create_audience, create_computed, start_audience
from onefold.filters.api import (
    AllOf,
    Anniversary,
    AtCompany,
    Did,
    EventMatch,
    InAudience,
    Node,
    OneOf,
    Recent,
    Sequence,
    Span,
    Step,
    ThenNot,
    TopShare,
    Window,
    to_json,
)
from onefold.infra.postgres import load_queries
from onefold.programs.demo.access import ACTING_USER

QUERIES: Final = load_queries("onefold.programs.demo", "audiences.sql")
FILLS_S: Final = 60.0
LETTERS: Final = "email_marketing"
ORDERED: Final = EventMatch("Order Completed")
COMPUTED: Final = {
    "orders_90_days": Computed(ORDERED, "count", window=Window(Span(90))),
    "total_spent": Computed(ORDERED, "sum", "total"),
    "favourite_category": Computed(EventMatch("Product Added"), "most_frequent", "category", "text"),
    "days_since_order": Computed(ORDERED, "days_since"),
}
BEST: Final = "Best customers"


class Audience(NamedTuple):
    """One that is made; a draft unless it starts. Of those that ask for others, `within` names the other."""

    name: str
    rule: Node
    description: str
    purpose: str = LETTERS
    starts: bool = True
    within: str = ""


def _ordered(days: int, times: int = 1) -> Did:
    return Did(ORDERED, window=Window(Span(days)), value=times)


def _has_not_ordered(days: int) -> Did:
    return Did(ORDERED, window=Window(Span(days)), op="eq", value=0)


AUDIENCES: Final = (
    Audience(
        "Buyers going quiet",
        AllOf((_ordered(90, times=2), _has_not_ordered(30))),
        "Bought twice in 90 days, nothing in the last 30. The letter with the socks goes to them.",
    ),
    Audience("Bought in the last 30 days", AllOf((_ordered(30),)), "Who gets the letter on how to care for it."),
    Audience(
        "Left at the checkout",
        AllOf(
            (
                Sequence(
                    (Step(EventMatch("Product Added")), Step(EventMatch("Checkout Started"), Span(1, "hours"))),
                    ThenNot(ORDERED, Span(1)),
                ),
            )
        ),
        "Something in the cart, the checkout begun, and no order within a day.",
    ),
    Audience(
        BEST,
        AllOf((TopShare("computed:total_spent", 25),)),
        "The quarter of all customers that has spent most. Invited to try new gear first.",
        "personalisation",
    ),
    Audience(
        "Best customers, away for 30 days",
        _has_not_ordered(30),
        "For a letter written by hand.",
        within=BEST,
    ),
    Audience(
        "Lapsed customers",
        AllOf((Did(ORDERED), _has_not_ordered(60))),
        "Ordered once or more, and nothing in the last 60 days.",
    ),
    Audience(
        "New this week",
        AllOf((Recent("first_seen", "within", 7),)),
        "Seen for the first time in the last seven days, and known since.",
        "analytics",
    ),
    Audience(
        "Buyers for lodges and guides",
        AllOf((AtCompany(OneOf("trait:industry", "is", ("Lodging", "Guiding"))),)),
        "People of companies that let rooms or lead walks.",
    ),
    Audience(
        "Birthday this month",
        AllOf((Anniversary("trait:birthday", 30),)),
        "Not decided yet: a small present, or only a letter?",
        starts=False,
    ),
)


def ensure_audiences(conn: Connection[Any]) -> None:
    """Makes and starts all of them in one transaction, unless there is or was an audience or a computed trait.

    The worker fills them; nobody waits for it. Safe to repeat. Cost: 0.1 s, then one query.
    """
    with conn.transaction():
        (has_some,) = conn.execute(QUERIES["has_some"]).fetchone() or (True,)
        if has_some:
            return
        for name, computed in COMPUTED.items():
            create_computed(conn, name, computed, acting_user=ACTING_USER)
        ids: dict[str, int] = {}
        for one in AUDIENCES:
            rule = AllOf((InAudience(ids[one.within]), one.rule)) if one.within else one.rule
            wanted = Wanted(one.name, one.purpose, to_json(rule), one.description)
            ids[one.name] = create_audience(conn, wanted, acting_user=ACTING_USER)
            if one.starts:
                start_audience(conn, ids[one.name], acting_user=ACTING_USER)


def wait_until_filled(conn: Connection[Any], timeout_s: float = FILLS_S) -> None:
    """Returns when no audience is being filled, or after so long: whoever waits goes on all the same."""
    deadline = time.monotonic() + timeout_s
    while conn.execute(QUERIES["is_filling"]).fetchone() and time.monotonic() < deadline:
        time.sleep(0.1)
