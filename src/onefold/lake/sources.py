"""The rows of a table at a snapshot, as the subquery that reads just what a plan asks of it. Pure.

The names in it (`events_files`, `events_hot`, `profiles_replaced`, `gone`, `withheld`, `overrides`) are those that an
engine gives the parts of a snapshot.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from sqlglot import exp

from onefold.lake.plans import Column, Field, PlanRejected, Property
from onefold.lake.properties import path_of
from onefold.lake.snapshot import File, Snapshot
from onefold.lake.tables import BUCKETS, FRESH_BUCKET, FRESH_MONTH

Dialect = Literal["duckdb", "spark"]
DOCUMENTS: Final = {"events": ("body", ("properties",)), "profiles": ("traits", ()), "companies": ("traits", ())}
"""Where the properties of a table's rows stand: a column of JSON, and the keys that lead to them."""
_BY_BUCKET: Final = frozenset(("events", "profiles", "identifiers", "memberships"))
RE2_FINDS: Final = "onefold_re2_finds"
"""What Spark's engine calls the function that looks for a pattern (its first argument: the text) as RE2 does."""
PARTITION: Final = frozenset(("month", "bucket"))
"""How files are arranged: not in them, and nothing to be asked for."""


@dataclass(frozen=True, kw_only=True)
class Narrowing:
    """Which events are wanted. None = all."""

    since: datetime | None = None
    until: datetime | None = None
    profiles: tuple[int, ...] | None = None
    bucket: int | None = None
    """Of people and their events those of one bucket only: a sixteenth of all people, by chance. Without rows that came
    from another bucket by a merge or split and aren't filed anew yet: for estimates."""


class Source:
    """Collects the columns that a query reads of a table; `subquery` then gives them."""

    def __init__(self, snapshot: Snapshot, table: str, dialect: Dialect, narrowing: Narrowing) -> None:
        self.snapshot, self.dialect, self.narrowing = snapshot, dialect, narrowing
        self.files_of_table = snapshot.tables[table]
        self.table = self.files_of_table.table
        self.is_events = table == "events"
        self._columns: dict[str, None] = {}
        self._properties: dict[Property, str] = {}
        self._documents: dict[str, str] = {}
        if narrowing.profiles is not None:
            self.field(Column("profile_id"), "profiles")

    def field(self, field: Field, at: str) -> exp.Column:
        """How the query names this field; `at` is its place in the plan. Raises PlanRejected if there is none."""
        if isinstance(field, Column):
            self.kind(field, at)
            self._columns[field.name] = None
            return exp.column(field.name, table=self.table.name)
        if self.table.name not in DOCUMENTS:
            raise PlanRejected(f"{at}: {self.table.name} have no properties.")
        path_of(field.name)
        alias = self._properties.setdefault(field, f"property_{len(self._properties) + 1}")
        return exp.column(alias, table=self.table.name)

    def document(self, name: str) -> exp.Column:
        """How the query names the JSON text of what stands under a property's name, whatever it is."""
        alias = self._documents.setdefault(name, f"document_{len(self._documents) + 1}")
        return exp.column(alias, table=self.table.name)

    def kind(self, field: Field, at: str) -> str:
        """The field's type, as `tables.Column` names them."""
        if isinstance(field, Property):
            return field.type
        column = self.table.column(field.name)
        if column is None or field.name in PARTITION:
            allowed = ", ".join(column.name for column in self.table.columns if column.name not in PARTITION)
            raise PlanRejected(f"{at}: {self.table.name} have no column {field.name!r}. They have: {allowed}.")
        return column.type

    def subquery(self) -> exp.Subquery:
        """All rows wanted, under the table's name."""
        branches = [self._branch("files")]
        if (hot := self.files_of_table.hot) is not None and hot.num_rows:
            branches.append(self._branch("hot"))
        rows = branches[0] if len(branches) == 1 else exp.union(*branches, distinct=False, copy=False)
        return rows.subquery(self.table.name)

    def files(self) -> tuple[File, ...]:
        """The files that may hold such rows."""
        return tuple(file for file in self.files_of_table.files if self._may_hold(file))

    def has_moves(self) -> bool:
        """Whether some events belong to another profile than their row says."""
        return self.is_events and self.snapshot.overrides.num_rows > 0

    def _branch(self, part: str) -> exp.Select:
        moved = "profile_id" in self._columns and self.has_moves()
        query = exp.select(*self._outputs(moved)).from_(exp.to_table(f"{self.table.name}_{part}").as_("given"))
        if moved:
            on = _of("given", "fragment_id").eq(_of("moved", "fragment_id"))
            query = query.join(exp.to_table("overrides").as_("moved"), on=on, join_type="left", copy=False)
        query = query.where(*self._narrowed(), copy=False)
        if self.is_events and part == "files" and self.snapshot.gone.num_rows:
            query = query.where(_is_not_in("gone", "position"), copy=False)
        if self.is_events and self.snapshot.withheld.num_rows:
            query = query.where(_is_not_in("withheld", "fragment_id"), copy=False)
        replaced = self.files_of_table.replaced
        if part == "files" and replaced is not None and replaced.num_rows:
            query = query.where(_is_not_in(f"{self.table.name}_replaced", "profile_id"), copy=False)
        return query

    def _outputs(self, moved: bool) -> Iterator[exp.Expr]:
        for name in self._columns:
            if name == "profile_id" and moved:
                yield exp.func("coalesce", _of("moved", name), _of("given", name)).as_(name)
            else:
                yield _of("given", name)
        for wanted, alias in self._properties.items():
            yield self._extracted(wanted).as_(alias)
        document, home = DOCUMENTS.get(self.table.name, ("", ()))
        for name, alias in self._documents.items():
            yield json_text(_of("given", document), home + path_of(name), self.dialect).as_(alias)
        if not self._columns and not self._properties and not self._documents:
            yield exp.Literal.number(1).as_("one")

    def _extracted(self, wanted: Property) -> exp.Expr:
        path = path_of(wanted.name)
        promoted = self.snapshot.promoted.get(path[0]) if self.is_events and len(path) == 1 else None
        if promoted and promoted.type == wanted.type:
            return _of("given", promoted.name)
        document, home = DOCUMENTS[self.table.name]
        return json_value(_of("given", document), home + path, wanted.type, self.dialect)

    def _narrowed(self) -> Iterator[exp.Expr]:
        if self.narrowing.since:
            yield _of("given", "ts") >= instant(self.narrowing.since)
        if self.narrowing.until:
            yield _of("given", "ts") < instant(self.narrowing.until)
        if self.narrowing.bucket is not None and self.table.name in _BY_BUCKET:
            profile: exp.Expr = _of("given", "profile_id")
            if self.has_moves():
                profile = exp.func("coalesce", _of("moved", "profile_id"), profile)
            bucket = exp.Mod(
                this=exp.Paren(this=exp.Mod(this=profile, expression=exp.convert(BUCKETS)) + BUCKETS),
                expression=exp.convert(BUCKETS),
            )
            yield bucket.eq(exp.convert(self.narrowing.bucket))
        if self.narrowing.profiles is not None:
            # what the engine can hold against a file's statistics; where fragments moved, only a first sieve
            of_row = _is_one_of(_of("given", "profile_id"), self.narrowing.profiles)
            moved_here = self._moved_here()
            yield exp.or_(of_row, _is_one_of(_of("given", "fragment_id"), moved_here)) if moved_here else of_row

    def _moved_here(self) -> tuple[int, ...]:
        """Fragments whose events belong to a wanted profile now, and may be filed under another."""
        overrides = self.snapshot.overrides
        if not self.is_events or self.narrowing.profiles is None or not overrides.num_rows:
            return ()
        wanted = frozenset(self.narrowing.profiles)
        pairs = zip(overrides["fragment_id"].to_pylist(), overrides["profile_id"].to_pylist(), strict=True)
        return tuple(sorted(fragment for fragment, profile in pairs if profile in wanted))

    def _may_hold(self, file: File) -> bool:
        month, bucket = file.partition.get("month"), file.partition.get("bucket")
        if month not in (None, FRESH_MONTH):
            since, until = self.narrowing.since, self.narrowing.until
            if (since and month < month_of(since)) or (until and month > month_of(until)):
                return False
        if bucket is None or int(bucket) == FRESH_BUCKET:
            return True
        if self.narrowing.bucket is not None:
            return int(bucket) == self.narrowing.bucket
        if self.narrowing.profiles is None:
            return True
        return bool(self._moved_here()) or int(bucket) in {profile % BUCKETS for profile in self.narrowing.profiles}


def month_of(moment: datetime) -> str:
    """As the partition of events has it."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def instant(moment: datetime) -> exp.Expr:
    """An instant as a literal."""
    return exp.cast(exp.Literal.string(moment.astimezone(UTC).isoformat()), "timestamptz")


def json_value(document: exp.Expr, path: tuple[str, ...], kind: str, dialect: Dialect) -> exp.Expr:
    """What stands at `path` of a column of JSON, if it is of this type; else null. As `properties.value_of`.

    Where an object names a key twice, the first counts. Broken JSON counts as empty.
    """
    found = json_text(document, path, dialect)
    match kind:
        case "string":
            text = _function("JSON_EXTRACT_STRING" if dialect == "duckdb" else "GET_JSON_OBJECT", found, _text("$"))
            return exp.case().when(exp.StartsWith(this=found.copy(), expression=_text('"')), text)
        case "double":
            return _try_cast(found, "double")
        case "long":
            whole = exp.RegexpLike(this=found, expression=_text("^-?[0-9]+$"))
            return exp.case().when(whole, _try_cast(found.copy(), "bigint"))
        case "boolean":
            yes, no = found.eq(_text("true")), found.copy().eq(_text("false"))
            return exp.case().when(yes, exp.true()).when(no, exp.false())
    raise PlanRejected(f"There is no property type {kind!r}. There are: string, double, long, boolean.")


def json_text(document: exp.Expr, path: tuple[str, ...], dialect: Dialect) -> exp.Expr:
    """The JSON text of what stands at `path` of a column of JSON; null if nothing does."""
    return _duckdb_json(document, path) if dialect == "duckdb" else _spark_json(document, path)


def _duckdb_json(document: exp.Expr, path: tuple[str, ...]) -> exp.Expr:
    """The value's JSON text: texts stand in quotation marks."""
    if "*" in path:  # between quotation marks too it would stand for any key
        text = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
    else:
        text = "$" + "".join('."' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in path)
    # what it takes for broken JSON is an error without TRY
    return exp.cast(_function("TRY", _function("JSON_EXTRACT", document, _text(text))), "varchar")


def _spark_json(document: exp.Expr, path: tuple[str, ...]) -> exp.Expr:
    """The same text. As a path Spark can't say every name; as a field of a schema it can, at several times the price.

    Within `[*]` get_json_object leaves the quotation marks of a text, by which it differs from a number.
    """
    if all(re.fullmatch(r"[^\s'?*\\][^'?*\\]*", part) for part in path):
        array = _function("CONCAT", _text("["), document, _text("]"))
        return _function("GET_JSON_OBJECT", array, _text("$[*]" + "".join(f"['{part}']" for part in path)))
    found = _spark_field(document, path, "VARIANT")  # knows the type, and makes 1 of 1.0
    is_text = _function("SCHEMA_OF_VARIANT", found).eq(_text("STRING"))
    as_it_stands = _spark_field(document.copy(), path, "STRING")
    return exp.case().when(is_text, _function("TO_JSON", found.copy())).else_(as_it_stands)


def _spark_field(document: exp.Expr, path: tuple[str, ...], kind: str) -> exp.Expr:
    for part in reversed(path):
        kind = f"STRUCT<`{part.replace('`', '``')}`: {kind}>"
    found: exp.Expr = _function("FROM_JSON", document, _text(kind))
    for part in path:
        found = exp.Dot(this=found, expression=exp.to_identifier(part, quoted=True))
    return found


def _is_not_in(relation: str, column: str) -> exp.Expr:
    same = exp.select("1").from_(relation).where(_of(relation, column).eq(_of("given", column)))
    return exp.Not(this=exp.Exists(this=same))


def _function(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A function by an engine's own name for it."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def _try_cast(value: exp.Expr, kind: str) -> exp.Expr:
    return exp.TryCast(this=value, to=exp.DataType.build(kind), safe=True)


def _of(table: str, name: str) -> exp.Column:
    return exp.column(name, table=table)


def _is_one_of(column: exp.Expr, values: tuple[int, ...]) -> exp.Expr:
    return exp.In(this=column, expressions=[exp.convert(value) for value in values]) if values else exp.false()


def _text(text: str) -> exp.Expr:
    return exp.Literal.string(text)
