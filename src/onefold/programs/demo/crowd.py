"""The sample shop's many people, a hundred at a time: a year and a half of visits, orders, letters and calls. Pure.

Each hundred is a world of its own by its number, so that any of them can be made again without the others.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from typing import Final

from onefold.programs.demo.calls import (
    CARE,
    Call,
    app_sign_in,
    consent,
    customer_card,
    from_app,
    from_backend,
    from_browser,
    from_care,
)
from onefold.programs.demo.history import Request, marked, packed
from onefold.programs.demo.letters import letters_to
from onefold.programs.demo.names import COMPANY_FIRST, COMPANY_SECOND
from onefold.programs.demo.people import Browser, Person, make_browser, make_person, make_phone
from onefold.programs.demo.visits import browse, order, sign_in, signs_up

SEED: Final = 20_240_301
HUNDRED: Final = 100
DAYS: Final = 548
CALLS_A_SLICE: Final = 2_000
FIRST_NUMBER: Final = 1_000  # those before are people of history.py
_VISITORS: Final = 44  # of a hundred: they never say who they are
_READERS: Final = 14  # give an address for the newsletter, no more
_FAMILIES: Final = 2  # share a tablet
_STAFF: Final = 4  # buy for a company
# by month: what people buy for is the mountains in summer, the skis in winter, and presents
_MONTHS: Final = (0.8, 0.85, 0.9, 0.8, 1.05, 1.35, 1.25, 1.0, 0.9, 0.85, 1.45, 1.9)
_GROWTH: Final = 0.7  # more of them now than a year and a half ago
_TOPICS: Final = ("Where is my order?", "Size of boots", "Return", "Repair of a tent", "Invoice", "Advice on skis")
_AGENTS: Final = ("Elin", "Jon Anders", "Sunniva", "Petteri")
_OUTCOMES: Final = ("connected", "connected", "connected", "left_voicemail", "no_answer")


def hundred(number: int, now: datetime) -> list[Request]:
    """What a hundred people did, about 2,700 events, in the order of arrival. Cost: 0.15 s."""
    rng = Random(world(number))  # noqa: S311 an invented history, always the same
    calls = sorted(_calls(rng, Season(rng, now), number), key=lambda call: call.arrives_at)
    some = [_disturbed(rng, call) for call in calls if call.arrives_at < now - timedelta(minutes=10)]
    return marked(list(packed(rng, some, CALLS_A_SLICE, is_bulk=True)), world(number))


def world(number: int) -> str:
    """The name of a hundred, from which everything about it is drawn."""
    return f"{SEED} {number}"


class Season:
    """Moments of the past `DAYS` days: more in some months, at weekends and lately."""

    def __init__(self, rng: Random, now: datetime) -> None:
        self._rng = rng
        self._now = now
        self._midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self._weights = _weights(now.date().toordinal())

    def moment(self) -> datetime:
        """Some moment at which people shop."""
        (ago,) = self._rng.choices(range(DAYS), cum_weights=self._weights)
        return self._at(ago)

    def moments(self, count: int) -> list[datetime]:
        """`count` of them, oldest first."""
        return sorted(self._at(ago) for ago in self._rng.choices(range(DAYS), cum_weights=self._weights, k=count))

    def after(self, moment: datetime, days: float) -> datetime:
        """About so many days later; may lie ahead of now, where nothing is sent."""
        return moment + timedelta(days=self._rng.expovariate(1 / days), minutes=5)

    def _at(self, ago: int) -> datetime:
        hours = self._rng.triangular(6, 23.5, 19)
        return self._midnight - timedelta(days=ago) + timedelta(hours=hours, milliseconds=self._rng.randint(0, 999))


@cache
def _weights(today: int) -> list[float]:
    """Cumulative, of each day by its age."""
    found = []
    for ago in range(DAYS):
        day = datetime.fromordinal(today - ago)
        weekend = 1.25 if day.weekday() >= 5 else 1.0
        found.append(_MONTHS[day.month - 1] * weekend * (1 - _GROWTH * ago / DAYS))
    return list(accumulate(found))


def _calls(rng: Random, season: Season, number: int) -> Iterator[Call]:
    first = FIRST_NUMBER + number * HUNDRED
    for _ in range(_VISITORS):
        browser = make_browser(rng)
        for at in season.moments(rng.choice((1, 1, 1, 2, 3))):
            yield from browse(rng, browser, at)[2]
    people = [make_person(rng, first + index) for index in range(HUNDRED - _VISITORS)]
    readers, people = people[:_READERS], people[_READERS:]
    for person in readers:
        yield from _reader(rng, season, person)
    family, customers = people[:_FAMILIES], people[_FAMILIES:]
    yield from _tablet(rng, season, family)
    for person in customers:
        yield from _customer(rng, season, person)
    yield from _company(rng, season, number, customers[:_STAFF])
    if number % 12 == 5:
        yield from _kiosk(rng, season, number, customers[-12:])


def _reader(rng: Random, season: Season, person: Person) -> Iterator[Call]:
    """Looks around, subscribes, reads some letters; never becomes a customer."""
    browser = person.browsers[0]
    moments = season.moments(rng.randint(1, 4))
    for number, at in enumerate(moments):
        ends_at, _, calls = browse(rng, browser, at)
        yield from calls
        if number == 0:
            yield from _subscribes(rng, browser, ends_at, person.email)
            yield from letters_to(rng, person, ends_at, moments[-1] + timedelta(days=240), is_customer=False)


def _customer(rng: Random, season: Season, person: Person) -> Iterator[Call]:
    """From the first visit, nobody known, over the sign-up to orders, on all of somebody's devices."""
    moments = season.moments(min(2 + int(rng.paretovariate(1.1)) + rng.randint(0, 4), 40))
    first_known = rng.choices((0, 1, 2), (50, 35, 15))[0] % len(moments)
    known: set[str] = set()
    points = 0
    if rng.random() < 0.06:
        yield from _subscribes(rng, person.browsers[0], moments[0] - timedelta(minutes=3), _mistyped(rng, person.email))
    for number, begins_at in enumerate(moments):
        browser = person.browsers[number % len(person.browsers)]
        at, looked_at, calls = browse(rng, browser, begins_at)
        yield from calls
        if number < first_known:
            continue
        if browser.anonymous_id not in known:
            known.add(browser.anonymous_id)
            yield from signs_up(rng, person, browser, at) if len(known) == 1 else [sign_in(person, browser, at)]
        if looked_at and rng.random() < 0.4:
            yield from order(rng, person, browser, at, looked_at)
            points += sum(product.price_minor for product in looked_at) // 10_000
            interests = sorted({product.category for product in looked_at})
            yield customer_card(person, at + timedelta(minutes=5), points=points, interests=interests)
    signed_up_at = moments[first_known]
    if rng.random() < 0.55:
        yield from letters_to(rng, person, signed_up_at, moments[-1] + timedelta(days=365), is_customer=True)
    if rng.random() < 0.16:
        yield from _calls_care(rng, season, person, signed_up_at)
    if rng.random() < 0.3:
        yield from _app(rng, season, person, signed_up_at)


def _subscribes(rng: Random, browser: Browser, at: datetime, email: str) -> Iterator[Call]:
    yield from_browser(browser, at, "identify", path="/", traits={"email": email, "newsletter": True})
    granted = {"email_marketing": True, "advertising": rng.random() < 0.25}
    yield consent(browser, at + timedelta(seconds=1), granted, "newsletter")


def _mistyped(rng: Random, email: str) -> str:
    """As people do: two letters changed places, or one is missing."""
    local, _, domain = email.partition("@")
    if rng.random() < 0.5:
        return f"{local}@{domain.replace('exam', 'exma').replace('post', 'psot')}"
    place = rng.randrange(1, len(local) - 1)
    return f"{local[:place]}{local[place + 1 :]}@{domain}"


def _calls_care(rng: Random, season: Season, person: Person, since: datetime) -> Iterator[Call]:
    for _ in range(rng.choice((1, 1, 2, 4))):
        outcome = rng.choice(_OUTCOMES)
        talked = {"duration_s": int(rng.lognormvariate(5, 0.8))} if outcome == "connected" else {}
        properties = {
            "direction": rng.choice(("inbound", "inbound", "outbound")),
            "outcome": outcome,
            "topic": rng.choice(_TOPICS),
            "agent": rng.choice(_AGENTS),
            **talked,
        }
        at = season.after(since, 60).replace(hour=rng.randint(8, 17))
        yield from_care(at, "track", event="Call Completed", userId=person.user_id, properties=properties)


def _app(rng: Random, season: Season, person: Person, since: datetime) -> Iterator[Call]:
    """Some of it without a network, so that it comes days later."""
    at = season.after(since, 30)
    yield app_sign_in(person, at)
    for _ in range(rng.randint(1, 8)):
        late = timedelta(days=rng.randint(1, 4)) if rng.random() < 0.15 else timedelta()
        screen = rng.choice(("Start", "Offline map", "Orders", "Points", "Tents"))
        yield replace(from_app(person.app, at, "screen", name=screen, userId=person.app_id), late_by=late)
        at = season.after(at, 20)


def _tablet(rng: Random, season: Season, family: list[Person]) -> Iterator[Call]:
    """Who is signed in on the kitchen's tablet changes; whose it was before the sign-in nobody knows."""
    tablet = make_browser(rng)
    for number, at in enumerate(season.moments(6)):
        person = family[number % len(family)]
        ends_at, looked_at, calls = browse(rng, tablet, at)
        yield from calls
        yield from (
            signs_up(rng, person, tablet, ends_at) if number < len(family) else [sign_in(person, tablet, ends_at)]
        )
        if looked_at:
            yield from order(rng, person, tablet, ends_at, looked_at)


def _company(rng: Random, season: Season, number: int, staff: list[Person]) -> Iterator[Call]:
    (second, industry), first = rng.choice(COMPANY_SECOND), rng.choice(COMPANY_FIRST)
    country = staff[0].country
    form = {"NO": "AS", "SE": "AB", "DK": "ApS", "FI": "Oy", "DE": "GmbH"}.get(country, "Ltd")
    traits = {
        "name": f"{first}{second} {form}",
        "industry": industry,
        "employees": int(rng.lognormvariate(3, 1)) + 2,
        "country": country,
        "isCustomer": rng.random() < 0.7,
    }
    for person in staff:
        at = season.moment()
        yield from_backend(at, "group", userId=person.user_id, groupId=f"company-{number}", traits=traits)
        amount = rng.randint(20, 900) * 100
        yield from_backend(at + timedelta(days=1), "track", event="Quote Requested", userId=person.user_id,
                           properties={"amount": amount, "currency": "SEK"})  # fmt: skip


def _kiosk(rng: Random, season: Season, number: int, people: list[Person]) -> Iterator[Call]:
    """A tablet in one of the shops, on which every customer looks up their points."""
    device = replace(make_phone(rng), device_id=f"KIOSK-{number}", anonymous_id=f"kiosk-{number}")
    for person in people:
        at = season.moment()
        traits = {"email": person.email}
        yield from_app(device, at, "track", event="Points Looked Up", userId=person.app_id, properties={},
                       context={"traits": traits})  # fmt: skip


def _disturbed(rng: Random, call: Call) -> Call:
    """Of some the answer was lost, so that they were sent again."""
    is_again = call.source != CARE and rng.random() < 0.002
    return replace(call, repeats=1) if is_again else call


def hundreds_for(people: int) -> int:
    """How many hundreds make, beside those of history.py, about so many people."""
    return max(0, -(-(people - 400) // HUNDRED))
