"""The sample shop's history as requests: who sent what, when, in the order of arrival. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from onefold.programs.demo import incidents
from onefold.programs.demo.calls import APP, BACKEND, CARE, NEWSLETTER, WEBSITE, Call
from onefold.programs.demo.people import Person, make_browser, make_people, random_id
from onefold.programs.demo.visits import customer_life, visitor

SEED: Final = 20_240_229
CUSTOMERS: Final = 290
VISITORS: Final = 85
SPECIAL: Final = 36  # people of the incidents
CALLS_A_SLICE: Final = 150
MARKS: Final = 8  # messages of a world's last request whose ids are known without making it


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as the client has it, and how far its clock is ahead."""

    body: dict[str, Any]
    clock: timedelta


@dataclass(frozen=True, slots=True)
class Request:
    """What one source sends at once. `messages` of a repetition are those of the request before it."""

    source: str
    messages: tuple[Outgoing, ...]
    is_bulk: bool = False  # by the import's path, so that it never delays what happens now


def requests(now: datetime) -> list[Request]:
    """The whole history, seen from `now`: the same for the same instant. About 10,000 events, 1 s."""
    rng = Random(SEED)  # noqa: S311 an invented history, always the same
    calls = sorted(_calls(rng, now), key=lambda call: call.arrives_at)
    calls = incidents.answers_lost(rng, [call for call in calls if call.arrives_at < now])
    return marked(list(packed(rng, calls, CALLS_A_SLICE)), str(SEED))


def marked(requests: list[Request], world: str) -> list[Request]:
    """The same requests, the last of them with the marks of the world as ids of its first messages."""
    for message, mark in zip(requests[-1].messages, marks(world), strict=False):
        message.body["messageId"] = mark
    return requests


def marks(world: str) -> list[str]:
    """Message ids of the last request of a world: one of them there, and all of it is, for it was sent in order."""
    rng = Random(f"{world} marks")  # noqa: S311 invented ids, always the same
    return [random_id(rng) for _ in range(MARKS)]


def event_count(history: list[Request]) -> int:
    """Messages in it, repetitions too."""
    return sum(len(request.messages) for request in history)


def _calls(rng: Random, now: datetime) -> Iterator[Call]:
    people = make_people(rng, CUSTOMERS + SPECIAL)
    customers, special = people[:CUSTOMERS], iter(people[CUSTOMERS:])

    def some(count: int) -> list[Person]:
        return [next(special) for _ in range(count)]

    for person in customers:
        yield from customer_life(rng, now, person)
    for _ in range(VISITORS):
        yield from visitor(rng, now, make_browser(rng))
    yield from incidents.family_tablet(rng, now, some(2))
    yield from incidents.kiosk(rng, now, rng.sample(customers, 40))
    yield from incidents.registered_twice(rng, now, next(special), "C-99001")
    staff = some(24)
    yield from incidents.companies(rng, now, staff)
    yield from incidents.named_twice(now, staff[len(incidents.COMPANIES)])
    yield from incidents.corrected(rng, now, next(special))
    yield from incidents.aliases(rng, now, next(special), next(special))
    yield from incidents.offline(rng, now, some(6))
    yield from incidents.bots(rng, now)
    yield from incidents.faulty(rng, now)


def packed(rng: Random, calls: list[Call], size: int, *, is_bulk: bool = False) -> Iterator[Request]:
    """Slices of so many calls, one after the other; in each, every source sends what it has."""
    for start in range(0, len(calls), size):
        some = calls[start : start + size]
        for source in (WEBSITE, BACKEND, APP, NEWSLETTER, CARE):
            own = [(call, _outgoing(rng, call)) for call in some if call.source == source]
            if own:
                yield Request(source, tuple(message for _, message in own), is_bulk)
            again = tuple(message for call, message in own if call.repeats)
            if again:
                yield Request(source, again, is_bulk)


def _outgoing(rng: Random, call: Call) -> Outgoing:
    said = call.timestamp or (call.at + call.clock).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Outgoing({"messageId": random_id(rng), "timestamp": said, **call.message}, call.clock)
