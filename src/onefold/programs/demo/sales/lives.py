"""What becomes of the sales team's deals: half a year, seen from a moment. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Final

from onefold.programs.demo.catalogue import PRODUCTS, Product
from onefold.programs.demo.sales.customers import Account, Contact
from onefold.programs.demo.sales.team import CORPORATE, LOST, STAGES, WHOLESALE, WON, Member

DAYS: Final = 182
DEALS_EACH: Final = 160
RATES: Final = {"EUR": Decimal(1), "NOK": Decimal("0.0855"), "SEK": Decimal("0.0892"), "USD": Decimal("0.9210")}
"""In euros, one of each."""
CENT: Final = Decimal("0.01")
_CURRENCIES: Final = {"NO": ("NOK", 0.3), "SE": ("SEK", 0.3), "GB": ("USD", 0.35), "IS": ("USD", 0.5)}
_SHARE: Final = {WHOLESALE: Decimal("0.58"), CORPORATE: Decimal("0.82")}  # of what the shop asks
_FOR: Final = {
    WHOLESALE: ("Tents", "Sleeping", "Packs", "Footwear", "Clothing", "Kitchen", "Light", "Winter"),
    CORPORATE: ("Clothing", "Footwear", "Packs", "Light", "Kitchen"),
}
_NAMES: Final = {
    WHOLESALE: ("Spring order", "Autumn order", "Rental fleet", "Winter range", "First order", "Restock", "Corner"),
    CORPORATE: ("Crew jackets", "Staff outfit", "Winter kit", "Anniversary gifts", "Safety boots", "Field equipment"),
}  # fmt: skip
_SOURCES: Final = (("website", 30), ("outbound", 26), ("referral", 20), ("event", 14), ("partner", 10))
_REASONS: Final = (
    ("price", 30),
    ("competitor", 22),
    ("timing", 16),
    ("no_decision", 14),
    ("no_budget", 12),
    ("fit", 6),
)
_NEXT: Final = {
    "need": ("Ask for last year's quantities", "Find out who decides", "Send the catalogue"),
    "meeting": ("Agree on a day for the visit", "Bring the sample case", "Ask the shop manager to join"),
    "samples": ("Collect sizes", "Get the logo as a vector file", "Ask how the samples wear"),
    "offer": ("Call about the offer", "Answer on delivery dates", "Adjust quantities"),
    "terms": ("Get the signature", "Agree on payment terms", "Confirm delivery week"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A line of a deal; `discount` in percent."""

    code: str
    name: str
    quantity: int
    price: Decimal
    discount: Decimal

    @property
    def total(self) -> Decimal:
        """To the cent."""
        return (self.quantity * self.price * (100 - self.discount) / 100).quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The deal enters a stage."""

    stage: str
    at: datetime


@dataclass(slots=True, kw_only=True)
class Deal:
    """One deal from its beginning to its end, or to now. `moves`: after the first stage."""

    name: str
    account: Account
    contact: Contact
    pipeline: str
    created_at: datetime
    until: datetime  # when it was closed; of an open one now
    moves: list[Move]
    currency: str
    guess: Decimal  # its amount before there is an offer
    items: tuple[Item, ...]
    source: str
    lost_reason: str
    close_on: date
    next_step: str
    others: tuple[Contact, ...] = field(default=())

    @property
    def stage(self) -> str:
        """Where it stands."""
        return self.moves[-1].stage if self.moves else STAGES[self.pipeline][0].name

    @property
    def is_open(self) -> bool:
        """Neither won nor lost."""
        return self.stage not in {WON, LOST}

    @property
    def amount(self) -> Decimal:
        """Of its lines, where it has some."""
        return sum((one.total for one in self.items), Decimal(0)) or self.guess

    def topic_at(self, moment: datetime) -> str:
        """What was to be talked about then."""
        passed = [one.stage for one in self.moves if one.at <= moment]
        topics = {leg.name: leg.topic for leg in STAGES[self.pipeline]}
        stage = passed[-1] if passed else STAGES[self.pipeline][0].name
        return topics.get(stage, "terms")


def wholesale_price(product: Product, team: str = WHOLESALE) -> Decimal:
    """In euros, without the cents."""
    return (Decimal(product.price_minor) / 100 * RATES["SEK"] * _SHARE[team]).quantize(Decimal(1))


def deals_of(rng: Random, member: Member, accounts: Sequence[Account], now: datetime) -> list[Deal]:
    """DEALS_EACH of them, the oldest first; every firm has one at least."""
    chosen = [*accounts, *rng.choices(accounts, k=DEALS_EACH - len(accounts))]
    ages = sorted((DAYS * (1 - rng.random() ** 0.6) for _ in chosen), reverse=True)
    rng.shuffle(chosen)
    return [_deal(rng, member, account, age, now) for account, age in zip(chosen, ages, strict=True)]


def at_work(rng: Random, moment: datetime) -> datetime:
    """The first moment at or after this one in which people are at work: from 7 to 16, Monday to Friday (UTC)."""
    if moment.hour >= 16:
        moment = moment.replace(hour=7, minute=0) + timedelta(days=1)
    if moment.hour < 7 or moment.weekday() >= 5:
        moment = moment.replace(hour=7, minute=0)
        moment += timedelta(days=(7 - moment.weekday()) * (moment.weekday() >= 5))
    if moment.hour == 7 and moment.minute == 0:
        moment += timedelta(minutes=rng.triangular(5, 520, 150))
    return moment.replace(microsecond=rng.randrange(1_000) * 1_000)


def _deal(rng: Random, member: Member, account: Account, age: float, now: datetime) -> Deal:
    latest = now - timedelta(minutes=20)
    created_at = min(at_work(rng, now - timedelta(days=age)), latest - timedelta(minutes=rng.uniform(20, 200)))
    moves = _moves(rng, member, created_at, latest)
    last = moves[-1].stage if moves else ""
    is_open = last not in {WON, LOST}
    legs = [leg.name for leg in STAGES[member.team]]
    has_offer = any(one.stage in legs[2:] or one.stage == WON for one in moves)
    until = latest if is_open else moves[-1].at
    currency = _currency(rng, account.company.country)
    contact = account.contacts[0] if rng.random() < 0.75 else rng.choice(account.contacts)
    subject = rng.choice(_NAMES[member.team])
    topic = next((leg.topic for leg in STAGES[member.team] if leg.name == last), "need")
    return Deal(
        name=f"{account.company.name}: {subject.lower()}",
        account=account,
        contact=contact,
        pipeline=member.team,
        created_at=created_at,
        until=until,
        moves=moves,
        currency=currency,
        guess=Decimal(rng.choice((15, 20, 25, 40, 60, 80, 120, 200)) * 100) / _step(currency),
        items=_items(rng, member.team, currency) if has_offer or rng.random() < 0.3 else (),
        source=_drawn(rng, _SOURCES),
        lost_reason=_drawn(rng, _REASONS) if last == LOST else "",
        close_on=_close_on(rng, until, len(moves), is_open=is_open),
        next_step=rng.choice(_NEXT[topic]) if is_open and rng.random() < 0.7 else "",
        others=tuple(one for one in account.contacts if one != contact and rng.random() < 0.7),
    )


def _moves(rng: Random, member: Member, created_at: datetime, latest: datetime) -> list[Move]:
    """From stage to stage; some are skipped, few are gone back to, and some deals just stand there."""
    legs = STAGES[member.team]
    if rng.random() < 0.04:
        return []  # nobody has thought of it since
    found: list[Move] = []
    place, at = 0, created_at
    while place < len(legs):
        at = at_work(rng, at + timedelta(days=rng.lognormvariate(0, 0.6) * legs[place].days, minutes=30))
        if at >= latest:
            return found
        if rng.random() > member.luck:
            return [*found, Move(stage=LOST, at=at)]
        back = place > 1 and rng.random() < 0.04
        place += -1 if back else 2 if place == 0 and rng.random() < 0.1 else 1
        found.append(Move(stage=legs[place].name if place < len(legs) else WON, at=at))
    return found


def _step(currency: str) -> Decimal:
    """So that a guess stays a round number in any currency."""
    return Decimal("0.1") if currency in {"NOK", "SEK"} else Decimal(1)


def _currency(rng: Random, country: str) -> str:
    code, share = _CURRENCIES.get(country, ("EUR", 0))
    return code if rng.random() < share else "EUR"


def _items(rng: Random, team: str, currency: str) -> tuple[Item, ...]:
    wanted = [one for one in PRODUCTS if one.category in _FOR[team]]
    size = rng.lognormvariate(0, 0.7)
    return tuple(
        Item(
            code=one.sku,
            name=one.name,
            quantity=max(5, 5 * round(size * rng.uniform(2, 9))),
            price=(wholesale_price(one, team) / RATES[currency]).quantize(CENT),
            discount=Decimal(rng.choice(("0", "0", "0", "5", "7.5", "10", "15"))),
        )
        for one in rng.sample(wanted, rng.choice((1, 2, 2, 3, 4, 5)))
    )


def _close_on(rng: Random, until: datetime, moves: int, *, is_open: bool) -> date:
    if not is_open:
        return (until + timedelta(days=rng.choice((-6, -2, 0, 0, 0, 1, 4)))).date()
    if rng.random() < 0.12:
        return (until - timedelta(days=rng.randint(1, 20))).date()  # should have been closed
    return (until + timedelta(days=rng.randint(3, 25) + (4 - min(moves, 4)) * rng.randint(2, 18))).date()


def _drawn(rng: Random, choices: Sequence[tuple[str, int]]) -> str:
    return rng.choices([value for value, _ in choices], [weight for _, weight in choices])[0]
