"""Ordinary days of the sample shop: visits, baskets, orders. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Final

from onefold.programs.demo.calls import (
    Call,
    app_sign_in,
    consent,
    customer_card,
    from_app,
    from_backend,
    from_browser,
    sign_up,
)
from onefold.programs.demo.catalogue import CATEGORIES, CURRENCY, PRODUCTS, Product
from onefold.programs.demo.people import Browser, Person

DAYS: Final = 90
_SEARCHES: Final = ("tent", "wool socks", "rain jacket", "läderkänga", "4 season bag", "kåsa")
_CAMPAIGNS: Final = (None, None, None, "autumn-sale", "newsletter-41", "first-snow")


class Day:
    """Moments of the past `DAYS` days, seen from the moment `now`."""

    def __init__(self, rng: Random, now: datetime) -> None:
        self.rng = rng
        self.now = now

    def moment(self, days_ago: float) -> datetime:
        """An hour in which people shop, about so many days ago; never later than ten minutes ago."""
        midnight = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        hour = self.rng.triangular(6, 23.5, 19)
        moment = midnight - timedelta(days=int(days_ago)) + timedelta(hours=hour, milliseconds=self.rng.randint(0, 999))
        return moment if moment < self.now - timedelta(hours=1) else moment - timedelta(days=1)

    def moments(self, count: int, oldest: float) -> list[datetime]:
        """`count` of them, oldest first, the first about `oldest` days ago."""
        days = sorted([self.rng.uniform(0, oldest) for _ in range(count - 1)] + [oldest], reverse=True)
        return sorted(self.moment(ago) for ago in days)


def customer_life(rng: Random, now: datetime, person: Person) -> Iterator[Call]:
    """From the first anonymous visit over the sign-up to orders, on all of somebody's devices."""
    moments = Day(rng, now).moments(rng.randint(3, 8), rng.uniform(4, DAYS))
    first_known = rng.randrange(0, len(moments) - 1)
    known: set[str] = set()
    points = 0
    for number, begins_at in enumerate(moments):
        browser = person.browsers[number % len(person.browsers)]
        at, looked_at, calls = browse(rng, browser, begins_at)
        yield from calls
        if number < first_known:
            continue
        if browser.anonymous_id not in known:
            known.add(browser.anonymous_id)
            yield from signs_up(rng, person, browser, at) if len(known) == 1 else [sign_in(person, browser, at)]
        if looked_at and rng.random() < 0.5:
            yield from order(rng, person, browser, at, looked_at)
            points += sum(product.price_minor for product in looked_at) // 10_000
            interests = sorted({product.category for product in looked_at})
            yield customer_card(person, at + timedelta(minutes=5), points=points, interests=interests)
    if rng.random() < 0.4:
        yield from _app_life(rng, now, person)
    if rng.random() < 0.06:
        at = moments[-1] + timedelta(minutes=25)
        yield consent(person.browsers[0], at, {"email_marketing": False}, "account", userId=person.user_id)


def visitor(rng: Random, now: datetime, browser: Browser) -> Iterator[Call]:
    """Somebody who looks around and never says who they are."""
    for at in Day(rng, now).moments(rng.choice((1, 1, 2)), rng.uniform(0, DAYS)):
        yield from browse(rng, browser, at)[2]


def browse(rng: Random, browser: Browser, at: datetime) -> tuple[datetime, list[Product], list[Call]]:
    """One visit: its end, what was looked at last, its calls."""
    campaign = rng.choice(_CAMPAIGNS)
    context = {"campaign": {"source": "email", "name": campaign}} if campaign else {}
    calls = [from_browser(browser, at, "page", name="Home", properties={"path": "/"}, context=context)]
    if rng.random() < 0.25:
        query = rng.choice(_SEARCHES)
        at += timedelta(seconds=rng.randint(5, 40))
        calls.append(
            from_browser(browser, at, "track", event="Products Searched", path="/search", properties={"query": query})
        )
    category = rng.choice(CATEGORIES)
    at += timedelta(seconds=rng.randint(4, 60))
    path = f"/{category.lower()}"
    calls.append(from_browser(browser, at, "page", name=category, path=path, properties={"path": path}))
    looked_at = rng.sample(PRODUCTS, rng.choice((0, 1, 1, 2, 3)))
    for product in looked_at:
        at += timedelta(seconds=rng.randint(8, 150))
        path = f"/p/{product.sku.lower()}"
        calls.append(
            from_browser(browser, at, "track", event="Product Viewed", path=path, properties=product.properties())
        )
    return at + timedelta(seconds=20), looked_at[-2:], calls


def signs_up(rng: Random, person: Person, browser: Browser, at: datetime) -> Iterator[Call]:
    """Somebody becomes a customer, and says what the shop may do with what it knows."""
    granted = {"analytics": True, "email_marketing": rng.random() < 0.6, "personalisation": rng.random() < 0.5,
               "advertising": rng.random() < 0.3}  # fmt: skip
    yield from sign_up(person, browser, at, has_letters=granted["email_marketing"])
    yield consent(browser, at + timedelta(seconds=2), granted, "sign-up", userId=person.user_id)


def sign_in(person: Person, browser: Browser, at: datetime) -> Call:
    """On a second device the website knows no more than who it is."""
    return from_browser(browser, at, "identify", path="/account", userId=person.user_id, traits={"email": person.email})


def order(rng: Random, person: Person, browser: Browser, at: datetime, products: list[Product]) -> Iterator[Call]:
    """A basket; mostly it is bought, and sometimes given back."""
    basket = {"products": [product.properties() | {"quantity": 1} for product in products], "currency": CURRENCY}
    for product in products:
        at += timedelta(seconds=15)
        yield from_browser(
            browser, at, "track", event="Product Added", userId=person.user_id, properties=product.properties()
        )
    yield from_browser(
        browser, at, "track", event="Checkout Started", path="/checkout", userId=person.user_id, properties=basket
    )
    if rng.random() < 0.2:
        return  # left the basket behind
    total = sum(product.price_minor for product in products) / 100
    paid = {"order_id": f"N{rng.randrange(10**7):07}", "total": total, "revenue": total, "currency": CURRENCY}
    at += timedelta(minutes=2)
    yield from_backend(at, "track", event="Order Completed", userId=person.user_id, properties=basket | paid)
    if rng.random() < 0.06:
        at += timedelta(hours=30)
        yield from_backend(at, "track", event="Order Refunded", userId=person.user_id, properties=paid)


def _app_life(rng: Random, now: datetime, person: Person) -> Iterator[Call]:
    for number, at in enumerate(Day(rng, now).moments(rng.randint(1, 4), rng.uniform(1, 40))):
        yield from_app(person.app, at, "screen", name="Start")
        if number == 0:
            yield app_sign_in(person, at + timedelta(seconds=30))
        product = rng.choice(PRODUCTS)
        yield from_app(
            person.app,
            at + timedelta(minutes=1),
            "track",
            event="Product Viewed",
            userId=person.app_id,
            properties=product.properties(),
        )
