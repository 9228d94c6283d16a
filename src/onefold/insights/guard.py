"""What SQL may say: reads of known tables, by known functions. Pure: it judges the tree that DuckDB's own parser made.

Not another parser's tree, because where two parsers differ something could be smuggled; `inside.py` then runs SQL
that is generated from the judged tree, not the text. docs/decisions/sql-in-a-sandbox.md says more.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, NoReturn

from onefold.insights.functions import FUNCTIONS, TABLE_FUNCTIONS, WITHOUT_NAMES
from onefold.kernel.errors import Rejected

Tree = Mapping[str, Any]

_KNOWN: Final = frozenset(
    [
        "SELECT_NODE",
        "SET_OPERATION_NODE",
        "RECURSIVE_CTE_NODE",
        "CTE_NODE",
        "BASE_TABLE",
        "SUBQUERY",
        "JOIN",
        "TABLE_FUNCTION",
        "EMPTY",
        "EXPRESSION_LIST",
        "PIVOT",
        "SHOW_REF",
        "ORDER_MODIFIER",
        "LIMIT_MODIFIER",
        "LIMIT_PERCENT_MODIFIER",
        "DISTINCT_MODIFIER",
        "ORDER_DEFAULT",
        "ORDER_ASCENDING",
        "ORDER_DESCENDING",
        "ASCENDING",
        "DESCENDING",
    ]
)
"""Types of queries, of what stands in FROM, and of what orders and limits."""
_EXPRESSIONS: Final = frozenset(
    [
        "BETWEEN",
        "CASE",
        "CAST",
        "COLLATE",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "CONSTANT",
        "FUNCTION",
        "LAMBDA",
        "LAMBDA_REF",
        "OPERATOR",
        "POSITIONAL_REFERENCE",
        "STAR",
        "SUBQUERY",
        "TYPE",
        "WINDOW",
    ]
)
_SHOWN: Final = frozenset(("DESCRIBE", "SUMMARY"))
_NEAR: Final = 0.6  # of 1
_LISTED: Final = 3


class SqlRejected(Rejected):
    """This SQL can't be run. `line` and `column` count from 1; 0 = the place isn't known."""

    code = "sql_invalid"

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line, self.column = line, column


@dataclass(frozen=True)
class Judge:
    """Walks the tree of `text`. `tables`: what may be read; `used`: what is."""

    text: str
    tables: Collection[str]
    used: set[str] = field(default_factory=set)

    def reject(self, message: str, at: int | None) -> NoReturn:
        """Raises SqlRejected with the place of byte `at`."""
        raise SqlRejected(message, *place_of(self.text, at))

    def look(self, value: object, scope: frozenset[str]) -> None:
        """Raises SqlRejected at the first thing below `value` that isn't allowed. `scope`: common table expressions."""
        if isinstance(value, list):
            for one in value:
                self.look(one, scope)
        elif isinstance(value, dict):
            self._look_at(value, self._with_names(value, scope))

    def _look_at(self, part: dict[str, Any], scope: frozenset[str]) -> None:
        self._check_kind(part)
        is_place = "class" not in part
        if is_place and part.get("type") == "BASE_TABLE":
            self._check_table(part, scope)
        if "function_name" in part:
            self._check_function(part, FUNCTIONS)
        for name, below in part.items():
            if name == "function" and is_place and isinstance(below, dict):
                self._check_table_function(below, part.get("query_location"), scope)
            elif name != "cte_map":
                self.look(below, scope)

    def _with_names(self, node: dict[str, Any], scope: frozenset[str]) -> frozenset[str]:
        """The scope inside `node`. Each expression sees those before it, a recursive one itself."""
        for entry in (node.get("cte_map") or {}).get("map") or []:
            name, value = entry["key"].lower(), entry["value"]
            query = value.get("query_node") or value.get("query") or {}
            is_recursive = (query.get("node") or query).get("type") == "RECURSIVE_CTE_NODE"
            self.look(value, scope | {name} if is_recursive else scope)
            scope |= {name}
        return scope

    def _check_kind(self, part: dict[str, Any]) -> None:
        at, kind = part.get("query_location"), part.get("type")
        if "class" in part:
            if part["class"] == "PARAMETER":
                self.reject("Parameters ($1, ?) have no value here: write the value itself.", at)
            if part["class"] not in _EXPRESSIONS:
                self.reject(f"{_words(part['class'])} isn't possible here.", at)
        elif isinstance(kind, str) and "id" not in part and kind not in _KNOWN and not kind.endswith("_TYPE_INFO"):
            self.reject(f"{_words(kind)} isn't possible here.", at)
        if kind == "SHOW_REF" and (part.get("show_type") not in _SHOWN or not part.get("query")):
            self.reject("SHOW isn't possible here. DESCRIBE and SUMMARIZE are, of one of the tables.", at)

    def _check_table(self, part: dict[str, Any], scope: frozenset[str]) -> None:
        name, at = str(part["table_name"]), part.get("query_location")
        if _path(part, name) != [name]:
            self.reject("Name a table alone, without a schema or a database before it.", at)
        if part.get("at_clause"):
            self.reject("AT (…) isn't possible here: the tables are as of now.", at)
        if name.lower() in scope:
            return
        if name.lower() not in self.tables:
            self.reject(f"There is no table {_quoted(name)}.{hint(name, [*self.tables, *scope], 'Tables')}", at)
        self.used.add(name.lower())

    def _check_function(self, part: dict[str, Any], allowed: frozenset[str]) -> None:
        name, at = str(part["function_name"]), part.get("query_location")
        if _path(part, name) != [name]:
            self.reject("Name a function alone, without a schema before it.", at)
        if name.lower() not in allowed:
            near = hint(name, allowed - WITHOUT_NAMES, "")
            self.reject(f"The function {_quoted(name)} isn't possible here.{near}", at)

    def _check_table_function(self, function: dict[str, Any], at: int | None, scope: frozenset[str]) -> None:
        name = str(function.get("function_name", ""))
        if name.lower() not in TABLE_FUNCTIONS or _path(function, name) != [name]:
            said = ", ".join(sorted(TABLE_FUNCTIONS))
            self.reject(f"FROM {_quoted(name)}(…) isn't possible here. Only {said} are, and the tables.", at)
        for key, below in function.items():
            if key != "function_name":
                self.look(below, scope)


def check(tree: Tree, text: str, tables: Collection[str]) -> frozenset[str]:
    """The names of `tables` (in lower case) that the one statement in `tree` reads; nothing else is reached.

    `tree`: as `json_serialize_sql(text)` gives it. Raises SqlRejected, which says what, where, and what is possible.
    """
    if tree.get("error"):
        raise _unread(tree, text)
    statements = tree["statements"]
    if not statements:
        raise SqlRejected("There is nothing to run. Write a query, like: select count(*) from events")
    if len(statements) > 1:
        raise SqlRejected(f"One statement at a time: these are {len(statements)}. Leave out what stands after the ;")
    judge = Judge(text, tables)
    judge.look(statements[0], frozenset())
    return frozenset(judge.used)


def place_of(text: str, at: int | None) -> tuple[int, int]:
    """Line and column, from 1, of a byte of `text` in UTF-8; 0, 0 if there is none."""
    whole = text.encode()
    if at is None or not 0 <= at <= len(whole):  # DuckDB's own "nowhere" is the largest number
        return 0, 0
    before = whole[:at].decode(errors="ignore")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def hint(name: str, known: Iterable[str], what: str) -> str:
    """A sentence, after a space, that says which of `known` may be meant; with `what` all of them if none is near."""
    near = get_close_matches(name.lower(), sorted(set(known)), n=_LISTED, cutoff=_NEAR)
    if near:
        return f" Did you mean {', '.join(near)}?"
    return f" {what}: {', '.join(sorted(set(known)))}." if what else ""


def _unread(tree: Tree, text: str) -> SqlRejected:
    """Why DuckDB's parser makes no tree of it."""
    if tree.get("error_type") == "not implemented":
        return SqlRejected(
            "Only questions are possible: SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE. Nothing can be written,"
            " set, loaded or attached; instead of a PIVOT statement use SELECT … FROM t PIVOT (… FOR x IN (…))."
        )
    at = int(tree["position"]) if str(tree.get("position", "")).isdigit() else None
    return SqlRejected(f"This is no SQL: {tree.get('error_message')}.", *place_of(text, at))


def _path(part: dict[str, Any], name: str) -> list[str]:
    """The name with what stands before it."""
    path = (part.get("qualified_name") or {}).get("path")
    before = [part[key] for key in ("catalog_name", "schema_name", "catalog", "schema") if part.get(key)]
    return [*before, *(path if path else [name])]


def _quoted(name: str) -> str:
    short = name if len(name) <= 60 else f"{name[:60]}…"
    return f"“{short}”"


def _words(kind: str) -> str:
    return str(kind).replace("_", " ")
