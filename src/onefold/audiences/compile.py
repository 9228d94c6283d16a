"""Rules as one query over the lake, which both engines' SQL is written from. Pure.

Everybody has a row: who they are from `profiles`, what they did from one scan of `events`, where they belong from
`companies`; a rule is an expression over that row. Sequences are walked by a kernel, and join as a list of people.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from sqlglot import exp

from onefold.audiences.company_compile import CompanySide
from onefold.audiences.conditions import (
    OfColumn,
    Stored,
    Value,
    condition_sql,
    double,
    grouped,
    moment_of,
    sure,
)
from onefold.audiences.deeds import Deeds
from onefold.audiences.errors import RuleRejected
from onefold.audiences.evaluate import key_of_share
from onefold.audiences.measuring import moments_of
from onefold.audiences.rules import COMPUTED, TRAIT, Computed, Scope, skips_zero
from onefold.audiences.walking import Walks
from onefold.filters.api import (
    Anniversary,
    AtCompany,
    Condition,
    Consents,
    Did,
    EventMatch,
    Group,
    InAudience,
    Listed,
    Node,
    Recent,
    Sample,
    TopShare,
    Window,
)
from onefold.filters.api import Sequence as SequenceRule
from onefold.lake.compile import Compiled
from onefold.lake.plans import Column
from onefold.lake.properties import name_of
from onefold.lake.snapshot import File, Snapshot
from onefold.lake.sources import Dialect, Narrowing, Source

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What all plans have. `lists`: number → the people of an uploaded list (`profile_id`). `counts`: audience → the
    companies of which somebody is in, and how many are (`company_id`, `n`). `bucket`: of people only those of one of
    the lake's buckets, a sixteenth; None = all. `now`: aware; what happened later doesn't count."""

    scope: Scope
    now: datetime
    thresholds: Mapping[str, float | None] = field(default_factory=dict)
    lists: "Mapping[int, pa.Table]" = field(default_factory=dict)
    counts: "Mapping[int, pa.Table]" = field(default_factory=dict)
    bucket: int | None = None


@dataclass(frozen=True, kw_only=True)
class Members(_Asked):
    """A plan: who is in a rule, `profile_id` in order."""

    rule: Node

    def compiled(self, snapshot: Snapshot, dialect: Dialect) -> Compiled:
        """As engines ask a plan."""
        rows = _Rows(self, snapshot, dialect)
        query = exp.select(rows.person.copy()).where(rows.rule(self.rule))
        query = query.order_by(exp.Ordered(this=rows.person.copy(), nulls_first=False))
        return rows.compiled(query, {"profile_id": "long"})


@dataclass(frozen=True, kw_only=True)
class Memberships(_Asked):
    """A plan: who is in which of many rules, in one pass: everybody, `profile_id` in order, and a boolean a rule
    (`rule_0` …). Dearer than a rule alone by what the others ask besides."""

    rules: Sequence[Node]

    def compiled(self, snapshot: Snapshot, dialect: Dialect) -> Compiled:
        """As engines ask a plan."""
        rows = _Rows(self, snapshot, dialect, holds_conditions=True)
        names = [f"rule_{i}" for i in range(len(self.rules))]
        bits = [rows.rule(rule).as_(name) for name, rule in zip(names, self.rules, strict=True)]
        # who is in none isn't left out: that would be asked of every row before, all conditions once more
        query = exp.select(rows.person.copy(), *bits)
        query = query.order_by(exp.Ordered(this=rows.person.copy(), nulls_first=False))
        return rows.compiled(query, {"profile_id": "long", **dict.fromkeys(names, "boolean")})


@dataclass(frozen=True, kw_only=True)
class Concerned(_Asked):
    """A plan: whom a rule concerns, `profile_id` in order: who is in it (`is_in`), and whom time alone may bring into
    it or out of it (`is_timed`; some more among them). The others are left out."""

    rule: Node

    def compiled(self, snapshot: Snapshot, dialect: Dialect) -> Compiled:
        """As engines ask a plan."""
        rows = _Rows(self, snapshot, dialect)
        may_change = list(rows.timed(self.rule))
        is_timed = exp.paren(exp.or_(*may_change)) if may_change else exp.false()
        bits = (rows.rule(self.rule).as_("is_in"), sure(is_timed).as_("is_timed"))
        schema = {"profile_id": "long", "is_in": "boolean", "is_timed": "boolean"}
        asked = rows.compiled(exp.select(rows.person.copy(), *bits), schema)
        query = exp.select(*schema).from_(asked.query.subquery("asked"))
        query = query.where(exp.or_(exp.column("is_in"), exp.column("is_timed")))
        return replace(asked, query=query.order_by(exp.Ordered(this=exp.column("profile_id"), nulls_first=False)))


@dataclass(frozen=True, kw_only=True)
class Share(_Asked):
    """A plan: the value that the last of a share of people has (`value`); null of nobody. One row."""

    share: TopShare

    def compiled(self, snapshot: Snapshot, dialect: Dialect) -> Compiled:
        """As engines ask a plan."""
        rows = _Rows(self, snapshot, dialect)
        value = rows.value_of(self.share.field).number()
        there: exp.Expr = exp.Not(this=exp.Is(this=value.copy(), expression=exp.null()))
        if skips_zero(self.share.field, self.scope):
            there = exp.and_(there, value.copy().neq(double(0)))
        valued = rows.compiled(exp.select(value.as_("value")).where(there), {"value": "double"})
        order = exp.Ordered(this=exp.column("value"), desc=not self.share.is_bottom, nulls_first=False)
        place = exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=[order])).as_("place")
        total = exp.Window(this=exp.Count(this=exp.Star())).as_("total")
        placed = exp.select("value", place, total).from_(valued.query.subquery("valued"))
        last = exp.Ceil(this=exp.paren(exp.column("total") * double(self.share.percent)) / double(100))
        figure = "MAX(value) AS value" if self.share.is_bottom else "MIN(value) AS value"
        return replace(
            valued, query=exp.select(figure).from_(placed.subquery("placed")).where(exp.column("place") <= last)
        )


class _Rows:
    """Collects what the rules of one query ask, and writes it.

    `holds_conditions`: each condition is a column of a subquery, and a rule an expression over those. So what many
    rules ask is looked at once: no engine finds by itself what parts of different ANDs have in common.
    """

    def __init__(self, plan: _Asked, snapshot: Snapshot, dialect: Dialect, *, holds_conditions: bool = False) -> None:
        self._plan, self._snapshot, self._dialect = plan, snapshot, dialect
        self._people = Source(snapshot, "profiles", dialect, Narrowing(bucket=plan.bucket))
        self._companies = Source(snapshot, "companies", dialect, Narrowing())
        self._asks_companies = False
        self._given: dict[str, Any] = {}
        self._company_side = CompanySide(
            source=self._companies, dialect=dialect, scope=plan.scope, now=plan.now, counts=plan.counts,
            given=self._given,
        )  # fmt: skip
        self._deeds = Deeds(snapshot, dialect, plan.now, plan.bucket)
        self._walks = Walks(snapshot, dialect, plan.now, plan.bucket)
        self._person = self._people.field(Column("profile_id"), "profile_id")
        self._held: dict[str, tuple[str, exp.Expr]] | None = {} if holds_conditions else None
        self.person = exp.column("profile_id", table="held") if holds_conditions else self._person

    def rule(self, node: Node) -> exp.Expr:
        """Whether a person meets it; never null."""
        if isinstance(node, Group):
            return grouped(node, [self.rule(one) for one in node.of])
        if isinstance(node, InAudience):
            inner = exp.paren(self.rule(self._plan.scope.rule_of(node.audience)))
            return inner if node.value else exp.Not(this=inner)
        condition = self._leaf(node)
        if self._held is None:
            return condition
        name, _ = self._held.setdefault(condition.sql(), (f"held_{len(self._held) + 1}", condition))
        return exp.column(name, table="held")

    def _leaf(self, node: Node) -> exp.Expr:
        match node:
            case Did():
                computed = Computed(node.event, node.measure, node.property, node.property_type, node.window)
                return self._deeds.compared(computed, node.op, node.value)
            case SequenceRule():
                return self._is_one_of(self._walks.found(node))
            case AtCompany():
                return self._at_company(node)
            case TopShare():
                return self._top(node)
            case Consents():
                return self._consent(node)
            case Sample():
                return self._sample(node)
            case Listed():
                return self._is_one_of(exp.select("profile_id").from_(self._list(node.list)))
        return self._condition(node)  # type: ignore[arg-type]  # rules have no other leaves

    def timed(self, node: Node) -> Iterator[exp.Expr]:
        """Of each part that may change with time alone whether a person has what it looks at."""
        if isinstance(node, Group):
            for one in node.of:
                yield from self.timed(one)
            return
        match node:
            case Did() if node.window.last is not None:
                yield self._has_done(node.event, node.window)
            case SequenceRule():
                yield from (self._has_done(event, Window(last=node.window)) for event in moments_of(node).events)
            case InAudience():
                yield from self.timed(self._plan.scope.rule_of(node.audience))
            case AtCompany():
                yield from self._timed_at_company(node)
            case Recent() | Anniversary():
                yield exp.Not(this=exp.Is(this=moment_of(self.value_of(node.field)), expression=exp.null()))
            case _ if isinstance(node, Condition | TopShare) and node.field.startswith(COMPUTED):
                asked = self._plan.scope.computed_of(node.field)
                if asked.window.last is not None or asked.measure == "days_since":
                    yield self._has_done(asked.event, asked.window)

    def _has_done(self, event: EventMatch, window: Window) -> exp.Expr:
        return self._deeds.compared(Computed(event, "count", window=window), "ge", 1)

    def _timed_at_company(self, leaf: AtCompany) -> list[exp.Expr]:
        if may_change := list(self._company_side.timed(leaf.where)):
            self._join_companies()
        return may_change

    def value_of(self, name: str) -> Value:
        """A field of a person."""
        if name.startswith(COMPUTED):
            return self._deeds.value_of(self._plan.scope.computed_of(name))
        if name.startswith(TRAIT):
            return Stored(self._people, name_of((name.removeprefix(TRAIT),)))
        return OfColumn(self._people, "is_known" if name == "known" else name)

    def compiled(self, query: exp.Select, schema: Mapping[str, str]) -> Compiled:
        """The query over everybody's rows."""
        held = exp.select(self._person.copy(), *(found.as_(name) for name, found in (self._held or {}).values()))
        rows = query if self._held is None else held
        rows.set("from_", exp.From(this=self._people.subquery()))
        if self._asks_companies:
            same = exp.column("company_id", table="companies").eq(exp.column("company_id", table="profiles"))
            rows = rows.join(self._companies.subquery(), on=same, join_type="left", copy=False)
            rows = self._company_side.joined(rows)
        for name, part in self._deeds.joined():
            same = exp.column("profile_id", table=name).eq(self._person.copy())
            rows = rows.join(part.subquery(name), on=same, join_type="left", copy=False)
        if self._held is not None:
            query.set("from_", exp.From(this=held.subquery("held")))
        files: dict[str, dict[str, File]] = {}
        for source in (self._people, *([self._companies] if self._asks_companies else []), *self._deeds.sources):
            files.setdefault(source.table.name, {}).update((file.uri, file) for file in source.files())
        return Compiled(
            query=query,
            dialect=self._dialect,
            files={name: tuple(found.values()) for name, found in files.items()},
            schema=schema,
            walks=self._walks.relations(),
            given=self._given,
        )

    def _condition(self, leaf: Condition) -> exp.Expr:
        if leaf.field.startswith(COMPUTED):
            asked = self._plan.scope.computed_of(leaf.field)
            if asked.measure == "unique":
                return self._deeds.lists(asked, leaf)
        return condition_sql(leaf, self.value_of(leaf.field), self._dialect, self._plan.now)

    def _at_company(self, leaf: AtCompany) -> exp.Expr:
        there = self._join_companies()
        condition = self._company_side.rule(leaf.where)
        is_there = exp.Not(this=exp.Is(this=there, expression=exp.null()))
        return exp.paren(exp.and_(is_there, condition))

    def _join_companies(self) -> exp.Column:
        self._asks_companies = True
        self._people.field(Column("company_id"), "company_id")
        return self._company_side.id

    def _top(self, leaf: TopShare) -> exp.Expr:
        threshold = self._plan.thresholds.get(key_of_share(leaf))
        if threshold is None:
            return exp.false()
        value, bound = self.value_of(leaf.field).number(), double(threshold)
        among = value <= bound if leaf.is_bottom else value >= bound
        return sure(exp.and_(among, value.copy().neq(double(0))) if skips_zero(leaf.field, self._plan.scope) else among)

    def _consent(self, leaf: Consents) -> exp.Expr:
        """`consents`: a JSON object of ours, purposes sorted, written without spaces."""
        said = self._people.field(Column("consents"), "consents")
        name = msgspec.json.encode(leaf.purpose).decode()
        answers = (exp.Literal.string(f"{name}:{word}") for word in ("true", "false"))
        given, denied = (sure(exp.Contains(this=said.copy(), expression=answer)) for answer in answers)
        return {"given": given, "denied": denied}.get(leaf.op) or exp.Not(this=exp.paren(exp.or_(given, denied)))

    def _sample(self, leaf: Sample) -> exp.Expr:
        """As `chance_of`."""
        text = exp.func("concat", exp.cast(self._person.copy(), "varchar"), exp.Literal.string(f":{leaf.seed}"))
        digits = exp.Substring(this=exp.MD5(this=text), start=exp.convert(1), length=exp.convert(8))
        if self._dialect == "duckdb":
            number = exp.func("concat", exp.Literal.string("0x"), digits)
        else:
            number = exp.Anonymous(this="CONV", expressions=[digits, exp.convert(16), exp.convert(10)])
        chance = exp.cast(exp.cast(number, "bigint"), "double") / double(2**32) * double(100)
        return exp.paren(chance) < double(leaf.percent)

    def _list(self, number: int) -> str:
        if number not in self._plan.lists:
            raise RuleRejected(f"There is no list {number}.")
        self._given[f"list_{number}"] = self._plan.lists[number]
        return f"list_{number}"

    def _is_one_of(self, people: exp.Select) -> exp.Expr:
        return exp.In(this=self._person.copy(), query=people.subquery())
