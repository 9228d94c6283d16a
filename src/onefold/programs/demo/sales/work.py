"""What the sales team does about its deals: calls, letters, meetings, notes, tasks. Pure.

Rows are as `crm.api.create_records` takes them, but for `deal`, which is the index of the deal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from random import Random
from typing import Any, Final

from onefold.programs.demo.access import USER
from onefold.programs.demo.catalogue import PRODUCTS
from onefold.programs.demo.names import GIVEN
from onefold.programs.demo.sales import talk
from onefold.programs.demo.sales.lives import Deal, at_work
from onefold.programs.demo.sales.team import Member

ACTIVITIES_EACH: Final = 400
DUE_TODAY: Final = 6
OVERDUE: Final = 9
COMING: Final = 30
DONE: Final = 35
TASKS_EACH: Final = DUE_TODAY + OVERDUE + COMING + DONE
_SHORTEST: Final = timedelta(minutes=5)
_KINDS: Final = (("call", 42), ("email", 30), ("meeting", 12), ("note", 16))
_OUTCOMES: Final = (("connected", 62), ("voicemail", 16), ("no_answer", 15), ("busy", 5), ("wrong_number", 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A row to be written, as of `at`. `done_at`: of a task that is done."""

    deal: int
    at: datetime
    row: dict[str, Any]
    done_at: datetime | None = None


def activities_of(rng: Random, member: Member, deals: Sequence[Deal], now: datetime) -> list[Work]:
    """ACTIVITIES_EACH, the oldest first: one at least of every deal, more of those that came far."""
    weights = [1 + 2 * len(one.moves) for one in deals]
    chosen = [*range(len(deals)), *rng.choices(range(len(deals)), weights, k=ACTIVITIES_EACH - len(deals))]
    found = [_activity(rng, member, deals[index], index) for index in chosen]
    return sorted((one for one in found if one.at <= now), key=lambda one: one.at)


def tasks_of(rng: Random, member: Member, deals: Sequence[Deal], now: datetime, zone: tzinfo) -> list[Work]:
    """TASKS_EACH, the oldest first: done, overdue, due today (of `zone`) and on the days to come."""
    still_open = [index for index, one in enumerate(deals) if one.is_open]
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    dues = [today + timedelta(hours=rng.randint(8, 17), minutes=rng.choice((0, 30))) for _ in range(DUE_TODAY)]
    dues += [at_work(rng, now - timedelta(days=rng.uniform(1.5, 13))) for _ in range(OVERDUE)]
    dues = [min(due, today - timedelta(hours=8)) if n >= DUE_TODAY else due for n, due in enumerate(dues)]
    dues += [at_work(rng, today + timedelta(days=rng.triangular(1, 16, 2))) for _ in range(COMING)]
    found = [_to_do(rng, member, deals, rng.choice(still_open), due, now) for due in dues]
    return sorted([*found, *(_done(rng, member, deals) for _ in range(DONE))], key=lambda one: one.at)


def _activity(rng: Random, member: Member, deal: Deal, index: int) -> Work:
    at = _within(rng, deal)
    topic = deal.topic_at(at)
    words = _words(rng, member, deal)
    kind = _drawn(rng, _KINDS)
    row: dict[str, Any] = {"kind": kind, "name": talk.subject(rng, topic, words), "at": at.isoformat()}
    took = timedelta()
    match kind:
        case "call":
            row |= _call(rng, deal, topic, words)
            took = timedelta(seconds=int(row.get("duration_s", 0)))
            if at + took > deal.until:
                row["at"] = (at := max(deal.created_at, deal.until - took)).isoformat()
        case "email":
            is_in = rng.random() < 0.4
            row |= {"direction": "in" if is_in else "out", "body": talk.letter(rng, words, is_from_customer=is_in)}
        case "meeting":
            row |= {"duration_s": rng.choice((1_800, 2_700, 3_600, 5_400)), "body": talk.note(rng, topic, words)}
        case _:
            row |= {"body": talk.note(rng, topic, words)}
    return Work(deal=index, at=min(at + took, deal.until), row=row)


def _call(rng: Random, deal: Deal, topic: str, words: talk.Words) -> dict[str, Any]:
    """Those who call the team reach somebody."""
    is_in = rng.random() < 0.25
    outcome = "connected" if is_in else _drawn(rng, _OUTCOMES)
    call: dict[str, Any] = {"direction": "in" if is_in else "out", "outcome": outcome, "number": deal.contact.phone}
    if outcome == "connected":
        text, seconds = talk.dialogue(rng, topic, words)
        most = int((deal.until - deal.created_at).total_seconds())
        return call | {"transcript": text, "duration_s": max(1, min(seconds, most))}
    return call | {"duration_s": rng.randint(12, 40)} if outcome == "voicemail" else call


def _within(rng: Random, deal: Deal) -> datetime:
    """At work, in the deal's life."""
    length = deal.until - deal.created_at
    at = at_work(rng, deal.created_at + length * rng.random())
    return at if at < deal.until else deal.created_at + length * rng.random()


def _to_do(rng: Random, member: Member, deals: Sequence[Deal], index: int, due: datetime, now: datetime) -> Work:
    deal = deals[index]
    latest = min(now, due) - _SHORTEST
    at = max(deal.created_at + _SHORTEST, latest - timedelta(days=rng.uniform(0.1, 8)))
    at = min(at, now - _SHORTEST)
    kind, name = talk.task(rng, deal.topic_at(at), _words(rng, member, deal))
    row = {
        "kind": kind,
        "name": name,
        "due_at": due.isoformat(),
        "priority": rng.choice(("high", *["normal"] * 4, "low")),
    }
    if due > now + timedelta(hours=3) and rng.random() < 0.3:
        row["remind_at"] = (due - timedelta(hours=1)).isoformat()
    if rng.random() < 0.05:
        row |= {"owner": USER, "name": f"Approve the discount for {deal.account.company.name}", "kind": "todo"}
    return Work(deal=index, at=at, row=row)


def _done(rng: Random, member: Member, deals: Sequence[Deal]) -> Work:
    index = rng.randrange(len(deals))
    deal = deals[index]
    at = _within(rng, deal)
    done_at = at + (deal.until - at) * min(1.0, rng.betavariate(1, 6))
    kind, name = talk.task(rng, deal.topic_at(at), _words(rng, member, deal))
    due = at_work(rng, at + timedelta(days=rng.uniform(0.5, 7)))
    row = {"kind": kind, "name": name, "due_at": due.isoformat(), "priority": "normal"}
    return Work(deal=index, at=at, row=row, done_at=done_at)


def _words(rng: Random, member: Member, deal: Deal) -> dict[str, str]:
    company, contact = deal.account.company, deal.contact
    others = [one.given for one in deal.account.contacts if one != contact]
    item = rng.choice(deal.items) if deal.items else None
    product = item.name if item else rng.choice(PRODUCTS).name
    return {
        "me": member.given,
        "them": contact.given,
        "other": rng.choice(others or GIVEN[company.country].split()),
        "company": company.name,
        "city": company.city,
        "subject": deal.name.rpartition(": ")[2],
        "product": product,
        "quantity": str(item.quantity if item else rng.randint(4, 40) * 5),
        "amount": f"{deal.amount:,.0f} {deal.currency}",
        "month": (deal.created_at + timedelta(days=rng.randint(50, 120))).strftime("%B"),
    }


def _drawn(rng: Random, choices: Sequence[tuple[str, int]]) -> str:
    return rng.choices([value for value, _ in choices], [weight for _, weight in choices])[0]
