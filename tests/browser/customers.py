"""What the installation of the browser tests knows: a small shop's customers, and some whose data is awful."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

Event = dict[str, Any]

NAMES: Final = (
    "Astrid Lindqvist", "Jonas Berg", "Freja Holm", "Elias Sandström", "Ingrid Dahl", "Oskar Nyström", "Maja Ek",
    "Nils Forsberg", "Saga Åkesson", "Lukas Wikström", "Ebba Norén", "Aino Virtanen", "Mikko Laine", "Sigrid Haugen",
    "Lars Bakke", "Þóra Ægisdóttir", "Søren Bæk", "Zofia Żuławska", "Siobhán O'Connor", "佐藤 美咲",
)  # fmt: skip
PRODUCTS: Final = (
    ("TENT-2", "Tundra tent, two persons", 349.0),
    ("BOOT-41", "Fjell boots", 189.5),
    ("MUG-ENAMEL", "Enamel mug", 12.9),
    ("SHELL-M", "Storm shell jacket", 259.0),
)
ASTRID: Final = "C-1000"
AWFUL: Final = "awful-1"
COMPANY: Final = "acme-outdoor"
MARKUP: Final = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{ 7*7 }}</dialog>"
WORD: Final = "Donaudampfschifffahrtsgesellschaftskapitänskajütentürschloss" * 6


def customers(now: datetime) -> Iterator[Event]:
    """Twenty people with visits and orders of the last weeks; the same ones every time."""
    chance = random.Random(3)  # noqa: S311 invented people
    for number, name in enumerate(NAMES):
        user_id, browser = f"C-{1000 + number}", f"browser-{number}"
        began = now - timedelta(days=chance.uniform(2, 40))
        email = f"{name.split()[0].lower()}.{number}@example.com"
        for step in range(chance.randrange(2, 8)):
            yield _event("page", began + timedelta(minutes=step), browser, name=f"Page {step}", properties=_page(step))
        yield _event(
            "identify", began + timedelta(hours=1), browser, user_id,
            traits={"name": name, "email": email, "phone": f"+4670{1740600 + number}", "city": "Umeå"},
        )  # fmt: skip
        for order in range(chance.randrange(3)):
            sku, title, price = chance.choice(PRODUCTS)
            yield _event(
                "track", began + timedelta(days=1 + order), browser, user_id, event="Order Completed",
                properties={"order_id": f"{number}-{order}", "total": price, "currency": "EUR",
                            "products": [{"sku": sku, "name": title, "price": price, "quantity": 1}]},
            )  # fmt: skip
        if number % 5 == 0:
            company = {"name": "Acme Outdoor AB", "industry": "Retail", "employees": 48}
            yield _event("group", began + timedelta(hours=2), browser, user_id, groupId=COMPANY, traits=company)


def awful(now: datetime, traits: int = 300, identifiers: int = 40) -> Iterator[Event]:
    """What senders really send: names of 10,000 characters, markup, right to left, emoji, hundreds of everything."""
    began = now - timedelta(days=3)
    many = {f"custom_field_number_{number}": f"value {number}" for number in range(traits)}
    yield _event(
        "identify", began, "awful-browser", AWFUL,
        traits={"name": "A" * 10_000, "email": f"{'x' * 60}@{'y' * 60}.example.com", "company": {"name": WORD},
                "bio": MARKUP * 20, WORD[:200]: WORD, "nested": {"deep": {"deeper": [1, {"x": None}]}}, **many},
    )  # fmt: skip
    for number, name in enumerate((MARKUP, "مرحبا بالعالم \u202e evil", "👩‍👩‍👧‍👦🏳️‍🌈" * 30, WORD, "\u200b", "-"), 2):
        yield _event(
            "identify", began, f"awful-browser-{number}", f"awful-{number}",
            traits={"name": name, "email": f"awful{number}@example.com", "title": MARKUP, "city": WORD},
        )  # fmt: skip
    for number in range(identifiers):
        yield _event("track", began + timedelta(minutes=number), f"device-{number}-{WORD[:80]}", AWFUL, event=WORD)
    yield _event("track", began, "awful-browser", AWFUL, event=MARKUP, properties={MARKUP: MARKUP, "long": WORD * 20})
    yield _event("group", began, "awful-browser", AWFUL, groupId="<b>", traits={"name": MARKUP, "about": WORD})
    yield {"type": "track", "event": "No identifier", "messageId": "awful-nobody"}
    yield {"type": "unheard of", "userId": AWFUL, "messageId": "awful-kind"}


def _event(kind: str, at: datetime, browser: str, user_id: str = "", **fields: Any) -> Event:
    event: Event = {"type": kind, "timestamp": at.astimezone(UTC).isoformat(), "anonymousId": browser, **fields}
    if user_id:
        event["userId"] = user_id
    event["context"] = {"userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"}
    return event


def _page(step: int) -> dict[str, str]:
    path = ("/", "/tents", "/tents/tundra", "/cart", "/checkout")[step % 5]
    return {"path": path, "url": f"https://norrland.example{path}", "title": f"Norrland Outfitters {path}"}
