"""The slow reference: who is in a rule, straight from everything people did. Shares no code with the programs but the
rule's structs. Follows docs/reference/audiences.md."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import md5
from itertools import combinations, pairwise
from typing import Any

import re2  # type: ignore[import-untyped]  # it has no stubs

from onefold.filters import api as f

DAY = timedelta(days=1)
UNITS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": DAY}
GRAINS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": DAY}
DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?(?:(Z)|([+-])(0\d|1[0-4]):([0-5]\d))?)?",
    re.ASCII,
)


@dataclass(frozen=True)
class Event:
    """Something somebody did."""

    n: int
    profile: int
    fragment: int
    ts: datetime
    name: str
    kind: str = "track"
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Somebody:
    """A person, and their company: None = none."""

    id: int
    traits: Mapping[str, Any]
    columns: Mapping[str, Any]
    consents: Mapping[str, bool]
    company: Mapping[str, Any] | None = None
    company_traits: Mapping[str, Any] = field(default_factory=dict)
    company_id: int = 0


@dataclass(frozen=True)
class World:
    """All there is. `company_audiences`: rules of companies. `counts`: audience → company → people who are in."""

    people: Sequence[Somebody]
    events: Sequence[Event]
    computed: Mapping[str, Any] = field(default_factory=dict)
    audiences: Mapping[int, Any] = field(default_factory=dict)
    lists: Mapping[int, frozenset[int]] = field(default_factory=dict)
    company_audiences: Mapping[int, Any] = field(default_factory=dict)
    counts: Mapping[int, Mapping[int, int]] = field(default_factory=dict)


def members(world: World, rule: Any, now: datetime) -> set[int]:
    """Who is in."""
    return {one.id for one in world.people if _Asked(world, one, now).holds(rule)}


class _Asked:
    """A rule asked of one person at one moment."""

    def __init__(self, world: World, person: Somebody, now: datetime) -> None:
        self.world, self.person, self.now = world, person, now
        self.events = [event for event in world.events if event.profile == person.id and event.ts <= now]

    def holds(self, rule: Any) -> bool:
        match rule:
            case f.AllOf():
                return all(self.holds(one) for one in rule.of)
            case f.AnyOf():
                return any(self.holds(one) for one in rule.of)
            case f.NoneOf():
                return not any(self.holds(one) for one in rule.of)
        return self.leaf(rule)

    def leaf(self, rule: Any) -> bool:
        match rule:
            case f.Did():
                return compared(
                    rule.op, self.measure(rule), rule.value, in_millionths=rule.measure in ("sum", "average")
                )
            case f.Sequence():
                return self.sequence(rule)
            case f.InAudience():
                return self.holds(self.world.audiences[rule.audience]) is rule.value
            case f.Consents():
                said = self.person.consents.get(rule.purpose)
                return said is {"given": True, "denied": False, "unknown": None}[rule.op]
            case f.AtCompany():
                return self.is_at_company(rule)
            case f.TopShare():
                return self.is_at_top(rule)
            case f.Sample():
                digest = md5(f"{self.person.id}:{rule.seed}".encode(), usedforsecurity=False).hexdigest()
                return int(digest[:8], 16) / 2**32 * 100 < rule.percent
            case f.Listed():
                return self.person.id in self.world.lists[rule.list]
        return leaf_holds(rule, self.value(rule.field), self.now)

    def is_at_company(self, rule: f.AtCompany) -> bool:
        return self.person.company is not None and company_holds(self.world, self.person, rule.where, self.now)

    def value(self, name: str) -> Any:
        if name.startswith("computed:"):
            return self.measure(self.world.computed[name.removeprefix("computed:")])
        return value_in(name, self.person.columns, self.person.traits)

    def begin(self, window: f.Window) -> datetime | None:
        """None = nothing counts."""
        if window.last is not None:
            span = window.last.n * UNITS[window.last.unit]
            grain = UNITS["minutes"] if span <= DAY else UNITS["hours"] if span <= 90 * DAY else DAY
            return floor(self.now - span, grain)
        if window.since is not None:
            return datetime(window.since.year, window.since.month, window.since.day, tzinfo=UTC)
        if window.since_trait:
            at = as_instant(self.person.traits.get(window.since_trait))
            return None if at is None else floor(at, DAY)
        return datetime(1, 1, 1, tzinfo=UTC)

    def matching(self, match: f.EventMatch, begin: datetime | None) -> list[Event]:
        return [] if begin is None else [e for e in self.events if e.ts >= begin and is_match(match, e, self.now)]

    def measure(self, asked: Any) -> Any:
        """Of a `Did` or a computed trait."""
        found = self.matching(asked.event, self.begin(asked.window))
        if asked.measure == "count":
            return len(found)
        if asked.measure == "days_since":
            return max((self.now - max(e.ts for e in found)) // DAY, 0) if found else None
        kind = "number" if asked.measure in ("sum", "average", "min", "max") else asked.property_type
        pairs = [(e, value) for e in found if (value := typed(at_path(e.properties, asked.property), kind)) is not None]
        if asked.measure in ("first", "last"):
            in_order = sorted(pairs, key=lambda pair: (pair[0].ts, pair[0].n))
            return in_order[0 if asked.measure == "first" else -1][1] if in_order else None
        return measured(asked.measure, [value for _, value in pairs])

    def sequence(self, asked: f.Sequence) -> bool:
        """Every choice of events is tried."""
        begin = self.begin(f.Window(last=asked.window))
        marks = [step.event for step in asked.steps]
        marks += [step.without for step in asked.steps if step.without is not None]
        marks += [asked.then_not.event] if asked.then_not is not None else []
        events = [e for e in self.events if begin is not None and e.ts >= begin]

        def rank(event: Event) -> tuple[Any, int, int]:
            bits = sum(1 << i for i, match in enumerate(marks) if is_match(match, event, self.now))
            return event.ts, bits & -bits, bits

        in_order = sorted((e for e in events if rank(e)[1]), key=rank)
        return any(self._is_sequence(asked, chosen, in_order) for chosen in combinations(in_order, len(asked.steps)))

    def _is_sequence(self, asked: f.Sequence, chosen: Sequence[Event], every: Sequence[Event]) -> bool:
        if not all(is_match(step.event, event, self.now) for step, event in zip(asked.steps, chosen, strict=True)):
            return False
        for step, (before, event) in zip(asked.steps[1:], pairwise(chosen), strict=True):
            if step.within is not None and event.ts - before.ts > step.within.n * UNITS[step.within.unit]:
                return False
            without = step.without
            if without is not None and any(
                before.ts < e.ts < event.ts and is_match(without, e, self.now) for e in every
            ):
                return False
        if asked.then_not is None:
            return True
        last, span = chosen[-1].ts, asked.then_not.within.n * UNITS[asked.then_not.within.unit]
        came = any(last < e.ts <= last + span and is_match(asked.then_not.event, e, self.now) for e in every)
        return not came and last + span < self.now

    def is_at_top(self, rule: f.TopShare) -> bool:
        edge = threshold(self.world, rule, self.now)
        mine = number_of(self.value(rule.field))
        if edge is None or mine is None or (mine == 0 and is_from_one(self.world, rule)):
            return False
        return mine <= edge if rule.is_bottom else mine >= edge


def company_holds(world: World, person: Somebody, node: Any, now: datetime) -> bool:
    """Whether the person's company, which there is, meets a rule of companies."""
    match node:
        case f.AllOf():
            return all(company_holds(world, person, one, now) for one in node.of)
        case f.AnyOf():
            return any(company_holds(world, person, one, now) for one in node.of)
        case f.NoneOf():
            return not any(company_holds(world, person, one, now) for one in node.of)
        case f.InAudience():
            return company_holds(world, person, world.company_audiences[node.audience], now) is node.value
        case f.PeopleIn():
            return compared(node.op, world.counts.get(node.audience, {}).get(person.company_id, 0), node.value)
    return leaf_holds(node, value_in(node.field, person.company or {}, person.company_traits), now)


def measured(measure: str, values: Sequence[Any]) -> Any:
    """Of values in any order."""
    match measure:
        case "sum":
            return sum(millionths(v) for v in values if abs(v) <= 1e12), 1
        case "average":
            counted = [millionths(v) for v in values if abs(v) <= 1e12]
            return (sum(counted), len(counted)) if counted else None
        case "min":
            return min(values, default=None)
        case "max":
            return max(values, default=None)
        case "distinct":
            return len(set(values))
        case "unique":
            return sorted(set(values)) or None
        case "most_frequent":
            counts = Counter(values)
            return min(counts, key=lambda v: (-counts[v], v)) if counts else None
    raise AssertionError(measure)


def threshold(world: World, rule: f.TopShare, now: datetime) -> float | None:
    """The value of the last one of the share."""
    values = [number_of(_Asked(world, one, now).value(rule.field)) for one in world.people]
    known = [v for v in values if v is not None and not (v == 0 and is_from_one(world, rule))]
    ranked = sorted(known, reverse=not rule.is_bottom)
    return ranked[math.ceil(len(ranked) * rule.percent / 100) - 1] if ranked else None


def is_from_one(world: World, rule: f.TopShare) -> bool:
    """Whoever did nothing has 0, and is in no share."""
    name = rule.field.removeprefix("computed:")
    return rule.field.startswith("computed:") and world.computed[name].measure in ("count", "sum", "distinct")


def number_of(value: Any) -> float | None:
    if isinstance(value, tuple):
        return float(value[0] / 10**6 / value[1])
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def value_in(name: str, columns: Mapping[str, Any], traits: Mapping[str, Any]) -> Any:
    if name.startswith("trait:"):
        return traits.get(name.removeprefix("trait:"))
    return None if columns.get(name) == "" else columns.get(name)


def is_match(match: f.EventMatch, event: Event, now: datetime) -> bool:
    if event.kind != match.kind or match.name not in ("", event.name):
        return False
    return match.where is None or tree(match.where, lambda name: at_path(event.properties, name), now)


def tree(node: Any, value: Any, now: datetime) -> bool:
    match node:
        case f.AllOf():
            return all(tree(one, value, now) for one in node.of)
        case f.AnyOf():
            return any(tree(one, value, now) for one in node.of)
        case f.NoneOf():
            return not any(tree(one, value, now) for one in node.of)
    return leaf_holds(node, value(node.field), now)


def at_path(found: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    return found


def typed(value: Any, kind: str) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_one = {"text": isinstance(value, str), "number": is_number, "flag": isinstance(value, bool)}[kind]
    return (float(value) if kind == "number" else value) if is_one else None


def leaf_holds(leaf: Any, value: Any, now: datetime) -> bool:
    number = number_of(value)
    match leaf:
        case f.OneOf():
            return (isinstance(value, str) and value in leaf.values) is (leaf.op == "is")
        case f.Contains():
            return contains(leaf, value)
        case f.Number():
            return compared(leaf.op, number, leaf.value)
        case f.Between():
            return number is not None and leaf.low <= number <= leaf.high
        case f.Flag():
            return value is leaf.value
        case f.Has():
            return has_one_of(value, leaf.values) is (leaf.op == "has")
        case f.Present():
            return (value not in (None, "")) is leaf.value
        case f.Matches():
            return isinstance(value, str) and re2.search(leaf.pattern, value) is not None
    return timed_holds(leaf, value, now)


def contains(leaf: f.Contains, value: Any) -> bool:
    text, part = (lower(value) if isinstance(value, str) else None), lower(leaf.value)
    if leaf.op == "starts":
        return text is not None and text.startswith(part)
    return (text is not None and part in text) is (leaf.op == "contains")


def has_one_of(value: Any, values: Sequence[Any]) -> bool:
    return isinstance(value, list) and any(
        a == b if isinstance(b, str) else number_of(a) == float(b) for a in value for b in values
    )


def timed_holds(leaf: Any, value: Any, now: datetime) -> bool:
    at = value if isinstance(value, datetime) else as_instant(value)
    if at is None:
        return False
    match leaf:
        case f.Days():
            day = at.date()
            return {
                "before": day < leaf.first,
                "after": day > leaf.first,
                "between": leaf.first <= day <= (leaf.last or leaf.first),
            }[leaf.op]
        case f.Recent():
            span = timedelta(days=leaf.days)
            return {
                "within": now - span <= at <= now,
                "longer_ago": at < now - span,
                "ahead": now <= at <= now + span,
            }[leaf.op]
        case f.Anniversary():
            days = [now.date() + timedelta(days=n) for n in range(leaf.days + 1)]
            return any(anniversary(at.date(), day.year) == day for day in days)
    raise AssertionError(leaf)


def anniversary(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def as_instant(value: Any) -> datetime | None:
    found = DATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second, part, _, sign, off_hours, off_minutes = found.groups()
    if year in ("0000", "0001", "9999"):
        return None
    try:
        at = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC)
    except ValueError:
        return None
    offset = timedelta(hours=int(off_hours or 0), minutes=int(off_minutes or 0)) * (-1 if sign == "-" else 1)
    return at + timedelta(microseconds=int((part or "0").ljust(6, "0"))) - offset


def compared(op: str, value: Any, other: Any, *, in_millionths: bool = False) -> bool:
    if value is None:
        return op == "ne"
    if isinstance(value, tuple):
        value, other = (value[0], millionths(other) * value[1]) if in_millionths else (number_of(value), other)
    held: dict[str, bool] = {
        "eq": value == other, "ne": value != other, "lt": value < other, "le": value <= other, "gt": value > other,
        "ge": value >= other,
    }  # fmt: skip
    return held[op]


def millionths(value: float) -> int:
    return math.floor(value * 10**6 + 0.5)


def floor(at: datetime, grain: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (at - epoch) // grain * grain


def lower(text: str) -> str:
    return "".join("i" if c == "İ" else "σ" if c in "Σς" else c.lower() for c in text)  # noqa: RUF001  (a sigma)
