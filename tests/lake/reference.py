"""Plans answered by plain Python over plain rows: slow, and unlike the engines in every way."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from onefold.lake.plans import (
    Aggregate,
    AllDid,
    AllOf,
    AnyDid,
    AnyOf,
    Asked,
    Between,
    Column,
    Compare,
    Condition,
    Deeds,
    Did,
    Exists,
    Field,
    Funnel,
    Metric,
    Not,
    OneOf,
    Plan,
    ProfilesWho,
    Property,
    Retention,
    Rows,
    Text,
    TimeBucket,
)
from onefold.lake.properties import path_of, value_of
from tests.lake.small import Row


def answer(plan: Plan, events: Sequence[Row], profiles: Iterable[int]) -> list[Row]:
    """Rows of the answer, in their order."""
    match plan:
        case Aggregate():
            return _aggregate(plan, _asked(plan, events))
        case Rows():
            return _rows(plan, _asked(plan, events))
        case Retention():
            return _retention(plan, _asked(plan, events))
        case ProfilesWho():
            return _profiles_who(plan, events, profiles)
        case Funnel():
            return _funnel(plan, _asked(plan, events))


def comparable(rows: list[Row]) -> list[Row]:
    """The last digits of a sum of doubles depend on the order of adding."""
    return [
        {
            name: f"{value:.12g}" if isinstance(value, float) and math.isfinite(value) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def holds(condition: Condition | None, row: Row) -> bool:
    if condition is None:
        return True
    match condition:
        case AllOf():
            return all(holds(one, row) for one in condition.of)
        case AnyOf():
            return any(holds(one, row) for one in condition.of)
        case Not():
            return not holds(condition.of, row)
    value = value_at(condition.field, row)
    return value is not None and _is_met(condition, value)


def _is_met(condition: Exists | OneOf | Between | Text | Compare, value: Any) -> bool:
    match condition:
        case Exists():
            return True
        case OneOf():
            return value in condition.values
        case Between():
            return within(value, condition.since, condition.until)
        case Text():
            return condition.text in value if condition.how == "contains" else value.startswith(condition.text)
        case Compare():
            other = bytes.fromhex(str(condition.value)) if isinstance(value, bytes) else condition.value
            return _COMPARISONS[condition.operator](_sortable(value), _sortable(other))


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def value_at(field: Field | TimeBucket, row: Row) -> Any:
    match field:
        case Column():
            return row[field.name]
        case Property():
            return value_of(msgspec.json.decode(row["body"]), ("properties", *path_of(field.name)), field.type)
        case TimeBucket():
            return _begin(field, row[field.column])


def within(moment: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or moment >= since) and (until is None or moment < until)


def _begin(bucket: TimeBucket, moment: datetime) -> datetime | date:
    local = moment.astimezone(ZoneInfo(bucket.time_zone))
    match bucket.unit:
        case "hour":
            past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
            return moment.astimezone(UTC) - past
        case "day":
            return local.date()
        case "week":
            return local.date() - timedelta(days=local.weekday())
        case "month":
            return local.date().replace(day=1)


def _asked(plan: Asked, events: Sequence[Row]) -> list[Row]:
    return [
        row
        for row in events
        if within(row["ts"], plan.since, plan.until)
        and (plan.profiles is None or row["profile_id"] in plan.profiles)
        and holds(plan.where, row)
    ]


def _aggregate(plan: Aggregate, rows: list[Row]) -> list[Row]:
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    if not plan.dimensions:
        groups[()] = []
    for row in rows:
        groups[tuple(value_at(output.field, row) for output in plan.dimensions)].append(row)
    names = [output.name for output in plan.dimensions]
    answers = [
        {**dict(zip(names, key, strict=True)), **{metric.name: _figure(metric, group) for metric in plan.metrics}}
        for key, group in groups.items()
    ]
    _sort(answers, [*[(order.name, order.is_descending) for order in plan.order], *((name, False) for name in names)])
    return answers[: plan.limit]


def _figure(metric: Metric, group: list[Row]) -> Any:
    rows = [row for row in group if holds(metric.where, row)]
    if metric.kind == "count":
        return len(rows)
    assert metric.field
    values = [value for row in rows if (value := value_at(metric.field, row)) is not None]
    if metric.kind == "distinct":
        return len(set(values))
    if not values:
        return None
    match metric.kind:
        case "sum":
            return sum(values)
        case "avg":
            return sum(values) / len(values)
        case "min":
            return min(values, key=_sortable)
        case "max":
            return max(values, key=_sortable)
    place = metric.share * (len(values) - 1)
    ordered = sorted(values)
    below, above = ordered[int(place)], ordered[min(int(place) + 1, len(values) - 1)]
    return below + (above - below) * (place - int(place))


def _rows(plan: Rows, rows: list[Row]) -> list[Row]:
    if plan.before:
        mark = (plan.before.ts, bytes.fromhex(plan.before.event_id))
        rows = [row for row in rows if (row["ts"], row["event_id"]) < mark]
    rows.sort(key=lambda row: (row["ts"], row["event_id"], row["position"]), reverse=True)
    answers = [{output.name: value_at(output.field, row) for output in plan.columns} for row in rows]
    _sort(answers, [(order.name, order.is_descending) for order in plan.order])
    return answers[: plan.limit]


def _retention(plan: Retention, rows: list[Row]) -> list[Row]:
    week = TimeBucket("week", plan.time_zone)
    cohorts: dict[int, date] = {}
    for row in sorted(rows, key=lambda row: row["ts"]):
        if holds(plan.first, row):
            cohorts.setdefault(row["profile_id"], value_at(week, row))
    joined: dict[tuple[date, int], set[int]] = defaultdict(set)
    returned: dict[tuple[date, int], set[int]] = defaultdict(set)
    for profile, cohort in cohorts.items():
        joined[cohort, 0].add(profile)
    for row in rows:
        cohort_of = cohorts.get(row["profile_id"])
        if cohort_of is not None and holds(plan.returned, row):
            number = (value_at(week, row) - cohort_of).days // 7
            if 0 <= number <= plan.weeks:
                returned[cohort_of, number].add(row["profile_id"])
    return [
        {"cohort": key[0], "week": key[1], "joined": len(joined[key]), "returned": len(returned[key])}
        for key in sorted({*joined, *returned})
    ]


def _profiles_who(plan: ProfilesWho, events: Sequence[Row], profiles: Iterable[int]) -> list[Row]:
    by_profile: dict[int, list[Row]] = defaultdict(list)
    for row in events:
        by_profile[row["profile_id"]].append(row)
    found = sorted(one for one in {*by_profile, *profiles} if _did(plan.did, by_profile.get(one, [])))
    return [{"profiles": len(found)}] if plan.is_count else [{"profile_id": one} for one in found]


def _did(deeds: Deeds, rows: list[Row]) -> bool:
    match deeds:
        case AllDid():
            return all(_did(one, rows) for one in deeds.of)
        case AnyDid():
            return any(_did(one, rows) for one in deeds.of)
        case Did():
            n = sum(within(row["ts"], deeds.since, deeds.until) and holds(deeds.where, row) for row in rows)
            return deeds.at_least <= n and (deeds.at_most is None or n <= deeds.at_most)


def _funnel(plan: Funnel, rows: list[Row]) -> list[Row]:
    window = timedelta(seconds=plan.within_s)
    by_profile: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_profile[row["profile_id"]].append(row)
    levels = [
        max(
            (_level(plan, group, first["ts"], first["ts"] + window) for first in group if holds(plan.steps[0], first)),
            default=0,
        )
        for group in by_profile.values()
    ]
    return [
        {"step": step, "profiles": sum(level >= step for level in levels)} for step in range(1, len(plan.steps) + 1)
    ]


def _level(plan: Funnel, rows: list[Row], at: datetime, end: datetime) -> int:
    """How far the way that begins then comes: each next step as soon as it may."""
    for level, step in enumerate(plan.steps[1:], 1):
        times = [row["ts"] for row in rows if at <= row["ts"] <= end and holds(step, row)]
        if not times:
            return level
        at = min(times)
    return len(plan.steps)


def _sort(rows: list[Row], keys: list[tuple[str, bool]]) -> None:
    for name, is_descending in reversed(keys):
        there = [row for row in rows if row[name] is not None]
        there.sort(key=lambda row: _sortable(row[name]), reverse=is_descending)
        rows[:] = [*there, *(row for row in rows if row[name] is None)]


def _sortable(value: Any) -> Any:
    """Texts as UTF-8, which is how engines compare them."""
    return value.encode() if isinstance(value, str) else value
