"""What rules ask of companies as SQL over the lake's `companies`, and audiences of companies as plans. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from onefold.audiences.conditions import OfColumn, Stored, Value, condition_sql, grouped, moment_of
from onefold.audiences.errors import RuleRejected
from onefold.audiences.rules import TRAIT, Scope
from onefold.filters.api import Anniversary, Condition, Group, InAudience, Node, PeopleIn, Recent
from onefold.lake.compile import Compiled
from onefold.lake.plans import Column
from onefold.lake.properties import name_of
from onefold.lake.snapshot import Snapshot
from onefold.lake.sources import Dialect, Narrowing, Source

if TYPE_CHECKING:
    import pyarrow as pa

_OPERATORS: Final = {"eq": exp.EQ, "ne": exp.NEQ, "lt": exp.LT, "le": exp.LTE, "gt": exp.GT, "ge": exp.GTE}


@dataclass(kw_only=True)
class CompanySide:
    """Companies as a query reads them. `counts`: audience → companies of which somebody is in, and how many are.

    `given`: relations that come with the question, which this adds to. `now`: aware.
    """

    source: Source
    dialect: Dialect
    scope: Scope
    now: datetime
    counts: "Mapping[int, pa.Table]"
    given: "dict[str, pa.Table]"
    _counts_asked: list[str] = field(default_factory=list)

    @property
    def id(self) -> exp.Column:
        return self.source.field(Column("company_id"), "company_id")

    def rule(self, node: Node) -> exp.Expr:
        """Whether a company meets it; never null where there is a company."""
        if isinstance(node, Group):
            return grouped(node, [self.rule(one) for one in node.of])
        if isinstance(node, InAudience):
            inner = exp.paren(self.rule(self.scope.company_rule_of(node.audience)))
            return inner if node.value else exp.Not(this=inner)
        if isinstance(node, PeopleIn):
            return self._counted(node)
        assert isinstance(node, Condition)  # noqa: S101  (rules let nothing else in)
        return condition_sql(node, self.value_of(node.field), self.dialect, self.now)

    def timed(self, node: Node) -> Iterator[exp.Expr]:
        """Of each part that may change with time alone whether a company has what it looks at."""
        if isinstance(node, Group):
            for one in node.of:
                yield from self.timed(one)
        elif isinstance(node, InAudience):
            yield from self.timed(self.scope.company_rule_of(node.audience))
        elif isinstance(node, Recent | Anniversary):
            yield exp.Not(this=exp.Is(this=moment_of(self.value_of(node.field)), expression=exp.null()))

    def value_of(self, name: str) -> Value:
        """A field of a company."""
        if name.startswith(TRAIT):
            return Stored(self.source, name_of((name.removeprefix(TRAIT),)))
        return OfColumn(self.source, name)

    def joined(self, query: exp.Select) -> exp.Select:
        """The query with the counts that rules asked for beside each company."""
        for name in self._counts_asked:
            same = exp.column("company_id", table=name).eq(self.id)
            query = query.join(exp.to_table(name), on=same, join_type="left", copy=False)
        return query

    def _counted(self, leaf: PeopleIn) -> exp.Expr:
        """Companies that aren't among the counts have none."""
        if leaf.audience not in self.counts:
            raise RuleRejected(f"Nobody has counted who of companies' people is in audience {leaf.audience}.")
        name = f"counts_{leaf.audience}"
        self.given[name] = self.counts[leaf.audience]
        if name not in self._counts_asked:
            self._counts_asked.append(name)
        n = exp.func("coalesce", exp.column("n", table=name), exp.convert(0))
        return exp.paren(_OPERATORS[leaf.op](this=n, expression=exp.convert(leaf.value)))


@dataclass(frozen=True, kw_only=True)
class _AskedOfCompanies:
    """What all plans have. `counts`: as `CompanySide` has them. `now`: aware."""

    scope: Scope
    now: datetime
    counts: "Mapping[int, pa.Table]" = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Companies(_AskedOfCompanies):
    """A plan: which companies are in a rule, `company_id` in order."""

    rule: Node

    def compiled(self, snapshot: Snapshot, dialect: Dialect) -> Compiled:
        """As engines ask a plan."""
        side = _side(self, snapshot, dialect)
        query = exp.select(side.id).where(side.rule(self.rule))
        return _compiled(side, query.order_by(exp.Ordered(this=side.id, nulls_first=False)), {"company_id": "long"})


@dataclass(frozen=True, kw_only=True)
class CompanyCounts(_AskedOfCompanies):
    """A plan: how many companies there are (`companies`), and how many are in each rule (`rule_0` …). One row."""

    rules: Sequence[Node]

    def compiled(self, snapshot: Snapshot, dialect: Dialect) -> Compiled:
        """As engines ask a plan."""
        side = _side(self, snapshot, dialect)
        figures: dict[str, exp.Expr] = {"companies": exp.Count(this=exp.Star())}
        for i, rule in enumerate(self.rules):
            is_in = exp.Where(this=side.rule(rule))
            figures[f"rule_{i}"] = exp.Filter(this=exp.Count(this=exp.Star()), expression=is_in)
        query = exp.select(*(figure.as_(name) for name, figure in figures.items()))
        return _compiled(side, query, dict.fromkeys(figures, "long"))


def _side(plan: _AskedOfCompanies, snapshot: Snapshot, dialect: Dialect) -> CompanySide:
    source = Source(snapshot, "companies", dialect, Narrowing())
    return CompanySide(source=source, dialect=dialect, scope=plan.scope, now=plan.now, counts=plan.counts, given={})


def _compiled(side: CompanySide, query: exp.Select, schema: Mapping[str, str]) -> Compiled:
    side.source.field(Column("company_id"), "company_id")
    query.set("from_", exp.From(this=side.source.subquery()))
    query = side.joined(query)
    files: dict[str, Any] = {side.source.table.name: tuple(side.source.files())}
    return Compiled(query=query, dialect=side.dialect, files=files, schema=schema, given=side.given)
