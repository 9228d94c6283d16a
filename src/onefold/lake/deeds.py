"""Profiles by what they did: the query, which reads events once. Pure."""

from collections.abc import Callable, Iterator
from datetime import datetime

from sqlglot import exp

from onefold.lake.conditions import check_instant, compile_condition
from onefold.lake.plans import AllDid, AnyDid, Column, Deeds, Did, PlanRejected, ProfilesWho
from onefold.lake.snapshot import Snapshot
from onefold.lake.sources import Dialect, Narrowing, Source, instant


def compile_profiles_who(plan: ProfilesWho, snapshot: Snapshot, dialect: Dialect) -> tuple[exp.Select, list[Source]]:
    """The query and the tables that it reads. Raises PlanRejected."""
    deeds = list(_leaves(plan.did, "did"))
    includes_idle = _holds_of_nobody(plan.did)
    events = Source(snapshot, "events", dialect, _narrowing([deed for deed, _ in deeds], includes_idle))
    profile = events.field(Column("profile_id"), "did")
    marks = [_mark(deed, events, at) for deed, at in deeds]
    names = [f"did_{i + 1}" for i in range(len(deeds))]
    rows = exp.select(profile, *(mark.as_(name) for mark, name in zip(marks, names, strict=True)))
    if not includes_idle:
        rows = rows.where(exp.or_(*(mark.copy() for mark in marks)))
    rows.set("from_", exp.From(this=events.subquery()))
    sources, union = [events], rows
    if includes_idle:
        people = Source(snapshot, "profiles", dialect, Narrowing())
        idle = exp.select(people.field(Column("profile_id"), "did"), *(exp.false().as_(name) for name in names))
        idle.set("from_", exp.From(this=people.subquery()))
        sources.append(people)
        union = exp.union(rows, idle, distinct=False)  # type: ignore[assignment]  # a query like the other
    counts = (f"COUNT(*) FILTER (WHERE {name}) AS {name}" for name in names)
    counted = exp.select("profile_id", *counts).from_(union.subquery("deeds")).group_by("profile_id")
    found = exp.select("profile_id").from_(counted.subquery("counted")).where(_held(plan.did, iter(names)))
    if plan.is_count:
        return exp.select("COUNT(*) AS profiles").from_(found.subquery("found")), sources
    return found.order_by(exp.Ordered(this=exp.column("profile_id"), nulls_first=False)), sources


def _leaves(deeds: Deeds, at: str) -> Iterator[tuple[Did, str]]:
    """Every `Did` and its place in the plan, in the order in which `_held` meets them."""
    if not isinstance(deeds, Did):
        for i, one in enumerate(deeds.of):
            yield from _leaves(one, f"{at}.of[{i}]")
        return
    if deeds.at_most is not None and deeds.at_most < deeds.at_least:
        raise PlanRejected(f"{at}.at_most: must be {deeds.at_least} (at_least) or more, is {deeds.at_most}.")
    check_instant(deeds.since, f"{at}.since")
    check_instant(deeds.until, f"{at}.until")
    yield deeds, at


def _holds_of_nobody(deeds: Deeds) -> bool:
    """Whether who did nothing at all satisfies it."""
    match deeds:
        case Did():
            return deeds.at_least == 0
        case AllDid():
            return all(_holds_of_nobody(one) for one in deeds.of)
        case AnyDid():
            return any(_holds_of_nobody(one) for one in deeds.of)


def _narrowing(deeds: list[Did], includes_idle: bool) -> Narrowing:
    """The time that all of them together look at."""
    if includes_idle:  # every profile that has an event counts, whenever that was
        return Narrowing()
    since, until = [deed.since for deed in deeds], [deed.until for deed in deeds]
    return Narrowing(since=_unless_open(since, min), until=_unless_open(until, max))


def _unless_open(bounds: list[datetime | None], of: Callable[[list[datetime]], datetime]) -> datetime | None:
    known = [bound for bound in bounds if bound is not None]
    return of(known) if len(known) == len(bounds) else None


def _mark(deed: Did, events: Source, at: str) -> exp.Expr:
    """Whether an event is such a deed."""
    conditions: list[exp.Expr] = []
    if deed.where is not None:
        conditions.append(compile_condition(deed.where, events, f"{at}.where"))
    if deed.since:
        conditions.append(events.field(Column("ts"), at) >= instant(deed.since))
    if deed.until:
        conditions.append(events.field(Column("ts"), at) < instant(deed.until))
    return exp.and_(*conditions) if conditions else exp.true()


def _held(deeds: Deeds, names: Iterator[str]) -> exp.Expr:
    if isinstance(deeds, Did):
        count = exp.column(next(names))
        bounds: list[exp.Expr] = [count >= exp.convert(deeds.at_least)]
        if deeds.at_most is not None:
            bounds.append(count.copy() <= exp.convert(deeds.at_most))
        return exp.and_(*bounds)
    inner = [_held(one, names) for one in deeds.of]
    return exp.and_(*inner) if isinstance(deeds, AllDid) else exp.or_(*inner)
