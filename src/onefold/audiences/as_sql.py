"""A rule as SQL of DuckDB over the tables that the page of SQL shows: the query that the engine is asked. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

import pyarrow as pa
from sqlglot import exp

from onefold.audiences.compile import Members
from onefold.audiences.references import counted_in
from onefold.audiences.rules import Scope, lists_in, with_purpose
from onefold.filters.api import Node
from onefold.lake.snapshot import Snapshot, TableFiles
from onefold.lake.tables import COMPANIES, EVENTS, PROFILES

_TABLES: Final = (EVENTS, PROFILES, COMPANIES)
_NOBODY: Final = pa.schema([("profile_id", pa.int64())]).empty_table()
_NO_COUNTS: Final = pa.schema([("company_id", pa.int64()), ("n", pa.int64())]).empty_table()
_FILES: Final = {f"{table.name}_files": table.name for table in _TABLES}
"""How the engine calls what the page of SQL calls by the table's name."""


class RuleSql(NamedTuple):
    """`sql`: a query of one column, `profile_id`. `missing`: relations in it that SQL can't ask for.

    `walked_1`: who did a sequence; `list_3`: who is on an uploaded list; `counts_7`: of companies how
    many of their people are in an audience.
    """

    sql: str
    missing: list[str]


def rule_sql(rule: Node, purpose: str, scope: Scope, now: datetime, thresholds: Mapping[str, float | None]) -> RuleSql:
    """Who is in, by the rule and the consent it needs, as of `now`. Raises RuleRejected."""
    whole = with_purpose(rule, purpose)
    lists = dict.fromkeys(lists_in(whole, scope), _NOBODY)
    counts = dict.fromkeys(counted_in(whole, scope), _NO_COUNTS)
    plan = Members(rule=whole, scope=scope, now=now, thresholds=thresholds, lists=lists, counts=counts)
    asked = plan.compiled(_bare(now), "duckdb")
    query = asked.query.transform(_as_on_the_page)
    return RuleSql(query.sql(dialect="duckdb", pretty=True), sorted({*asked.walks, *asked.given}))


def _as_on_the_page(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Table) and node.name in _FILES:
        return exp.to_table(_FILES[node.name]).as_(node.alias)
    return node


def _bare(now: datetime) -> Snapshot:
    """A snapshot of tables that are whole: the page of SQL has no files, and nothing to leave out."""
    return Snapshot(
        tables={table.name: TableFiles(table=table, version=0, files=()) for table in _TABLES},
        position=0,
        taken_at=now,
        gone=pa.schema([("position", pa.int64())]).empty_table(),
        overrides=pa.schema([("fragment_id", pa.int64()), ("profile_id", pa.int64())]).empty_table(),
        withheld=pa.schema([("fragment_id", pa.int64())]).empty_table(),
    )
