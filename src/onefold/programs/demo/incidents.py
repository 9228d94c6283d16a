"""What goes wrong, or is out of the ordinary, in the sample shop: the reason why Onefold is needed. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from onefold.programs.demo.calls import (
    APP,
    Call,
    app_sign_in,
    from_app,
    from_backend,
    from_browser,
    sign_up,
)
from onefold.programs.demo.catalogue import PRODUCTS
from onefold.programs.demo.people import Browser, Person, make_browser, make_phone, random_id
from onefold.programs.demo.visits import Day, signs_up

COMPANIES: Final = (
    ("fjellguide", "Fjellguide AS", "Guiding", 14, "NO"),
    ("kvikkjokk", "Kvikkjokk Fjällstation AB", "Lodging", 32, "SE"),
    ("rescue-trondelag", "Trøndelag Mountain Rescue", "Public", 120, "NO"),
    ("saga-tours", "Sögufélag Tours ehf.", "Travel", 8, "IS"),
    ("hytteservice", "Hytteservice Nord", "Lodging", 5, "NO"),
)
BOTS: Final = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
    "UptimeRobot/2.0; http://www.uptimerobot.com/",
)


def family_tablet(rng: Random, now: datetime, two: list[Person]) -> Iterator[Call]:
    """Two people sign in on one tablet: it belongs to neither, and they stay two."""
    tablet = make_browser(rng)
    for person, oldest in zip(two, (41, 23), strict=True):
        for number, at in enumerate(Day(rng, now).moments(3, oldest)):
            product = rng.choice(PRODUCTS)
            if number == 0:
                yield from sign_up(person, tablet, at)
            yield from_browser(
                tablet,
                at + timedelta(minutes=1),
                "track",
                event="Product Viewed",
                userId=person.user_id,
                properties=product.properties(),
            )
            yield from_browser(tablet, at + timedelta(minutes=9), "page", name="Home", properties={"path": "/"})


def kiosk(rng: Random, now: datetime, people: list[Person]) -> Iterator[Call]:
    """The tablet in the Tromsø shop, on which every customer looks up their points."""
    device = make_phone(rng)
    device = replace(device, device_id="KIOSK-TROMSO-1", anonymous_id="kiosk-tromso-1")
    day = Day(rng, now)
    for person in people:
        at = day.moment(rng.uniform(1, 60))
        yield from_app(device, at, "screen", name="Kiosk")
        yield from_app(
            device,
            at + timedelta(seconds=20),
            "track",
            event="Points Looked Up",
            userId=person.app_id,
            properties={},
            context={"traits": {"email": person.email}},
        )


def registered_twice(rng: Random, now: datetime, person: Person, second_id: str) -> Iterator[Call]:
    """One address, two customer numbers: the second is refused and shown, not merged in silence."""
    first, second = Day(rng, now).moments(2, 70)
    yield from sign_up(person, person.browsers[0], first)
    yield from sign_up(replace(person, user_id=second_id), make_browser(rng), second)
    yield from_backend(second + timedelta(hours=1), "track", event="Order Completed", userId=second_id, properties={})


def companies(rng: Random, now: datetime, staff: list[Person]) -> Iterator[Call]:
    """Customers that are firms; their buyers share an address that belongs to none of them."""
    day = Day(rng, now)
    for number, person in enumerate(staff):
        key, name, industry, employees, country = COMPANIES[number % len(COMPANIES)]
        at = day.moment(rng.uniform(15, 85))
        yield from signs_up(rng, person, person.browsers[0], at)
        traits = {"name": name, "industry": industry, "employees": employees, "country": country, "isCustomer": True}
        yield from_backend(at + timedelta(hours=1), "group", userId=person.user_id, groupId=key, traits=traits)
        if number % len(COMPANIES) == 0:
            shared = {"email": "post@fjellguide.example"}
            yield from_backend(at + timedelta(hours=2), "track", event="Quote Requested", userId=person.user_id,
                               properties={"amount": 48_600}, context={"traits": shared})  # fmt: skip


def named_twice(now: datetime, person: Person) -> Iterator[Call]:
    """A firm that the back end knows, signed up again by its own website under another key: to be merged by hand."""
    key, name, *_rest = COMPANIES[0]
    traits = {"name": name.partition(" AS")[0].upper(), "city": "Bergen"}
    at = now - timedelta(days=12, hours=3)
    yield from_backend(at, "group", userId=person.user_id, groupId=f"{key}-web", traits=traits)


def corrected(rng: Random, now: datetime, person: Person) -> Iterator[Call]:
    """A name mistyped at sign-up, put right by customer care, whose word counts more than the website's."""
    signs_up, calls_in, comes_back = Day(rng, now).moments(3, 50)
    given, _, family = person.name.partition(" ")
    mistyped = f"{given} {family[1:2].upper()}{family[:1].lower()}{family[2:]}"
    yield from sign_up(person, person.browsers[0], signs_up, name=mistyped)
    yield from_backend(
        calls_in,
        "identify",
        userId=person.user_id,
        traits={"email": person.email, "name": person.name, "nickname": None, "careNote": "Name corrected by phone"},
    )
    # the website still has the old one, and says so later
    yield from sign_up(person, person.browsers[0], comes_back, name=mistyped)[:1]


def aliases(rng: Random, now: datetime, visitor: Person, renumbered: Person) -> Iterator[Call]:
    """Two alias calls: the first names the visitor's own anonymous id, the second another customer's number."""
    day = Day(rng, now)
    at = day.moment(33)
    browser = visitor.browsers[0]
    yield from_browser(browser, at, "page", name="Home", properties={"path": "/"})
    yield from_browser(
        browser, at + timedelta(minutes=3), "alias", userId=visitor.user_id, previousId=browser.anonymous_id
    )
    yield from sign_up(visitor, browser, at + timedelta(minutes=4))
    at = day.moment(28)
    yield from sign_up(renumbered, renumbered.browsers[0], at)
    old = f"OLD-{renumbered.user_id[2:]}"
    yield from_backend(at, "track", event="Order Completed", userId=old, properties={"order_id": "P000412"})
    yield from_backend(at + timedelta(days=1), "alias", userId=renumbered.user_id, previousId=old)


def bots(rng: Random, now: datetime) -> Iterator[Call]:
    """Programs that read the shop's pages; their events are marked."""
    day = Day(rng, now)
    for user_agent in BOTS:
        browser = Browser(anonymous_id=random_id(rng), user_agent=user_agent)
        for ago in range(3, 63, 4):
            path = f"/p/{rng.choice(PRODUCTS).sku.lower()}"
            yield from_browser(browser, day.moment(ago), "page", name="Product", path=path, properties={"path": path})


def offline(rng: Random, now: datetime, hikers: list[Person]) -> Iterator[Call]:
    """Telephones without network for days, one of them with a clock three hours ahead, one of 2031."""
    day = Day(rng, now)
    clocks = (timedelta(), timedelta(hours=3), timedelta(days=1_900))
    for number, person in enumerate(hikers):
        at = day.moment(7 + number)
        yield app_sign_in(person, at)
        for step in range(1, 6):
            moment = at + timedelta(days=step / 2)
            screen = from_app(person.app, moment, "screen", name="Offline map", userId=person.app_id)
            yield replace(screen, late_by=timedelta(days=6), clock=clocks[number % len(clocks)])


def faulty(rng: Random, now: datetime) -> Iterator[Call]:
    """What a tag manager, an old release and a hurried intern sent: each is refused or mended, with its reason."""
    day = Day(rng, now)
    browser = make_browser(rng)

    def sent(kind: str, **fields: Any) -> Call:  # noqa: ANN401 wrong on purpose
        return from_browser(browser, day.moment(rng.uniform(0, 30)), kind, **fields)

    for _ in range(3):
        nameless = sent("page", name="Home")
        del nameless.message["anonymousId"]
        yield nameless
    yield sent("track", properties={"value": 12})
    yield sent("track", event=["Product Viewed"])
    yield sent("purchase", event="Order Completed")
    yield sent("identify", traits=["newsletter"])
    yield sent("track", event="Cart Shared", properties={"html": "<div>" * 8_000})
    yield sent("identify", traits={"balance": 10**20})
    yield replace(sent("page", name="Home"), timestamp="31.12.2025 18:04")
    yield replace(sent("page", name="Home"), timestamp="2099-01-01T00:00:00Z")
    yield sent("group", traits={"name": "Nobody AB"})
    for value in ("undefined", "null", "0000", "[object Object]", "undefined", "undefined"):
        yield sent("track", event="Product Viewed", userId=value, properties=PRODUCTS[0].properties())
    yield sent("identify", traits={"email": "ingrid(at)example.com", "phone": "ring me"})
    yield sent("track", event="Newsletter Opened", context={"externalIds": [{"id": "77", "type": "mailerId"}]})


def answers_lost(rng: Random, calls: list[Call]) -> list[Call]:
    """`calls`, some of which are sent twice: the answer to the first got lost on its way."""
    unlucky = {index for index in rng.sample(range(len(calls)), 12) if calls[index].source != APP}
    return [replace(call, repeats=1) if index in unlucky else call for index, call in enumerate(calls)]
