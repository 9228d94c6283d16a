"""What a report is made of: tables of figures, each with the records that it counts. Pages, CSV and the API show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple
from urllib.parse import urlencode

from onefold.filters.api import AllOf, Node, to_json

Number = int | float | Decimal | None
PATHS: Final = {"deal": "/deals", "activity": "/activities", "task": "/tasks"}


class Column(NamedTuple):
    """A column of figures. `kind`: count, money (of the workspace's currency), share (1 = all), days."""

    name: str
    title: str
    kind: str = "count"


class Figure(NamedTuple):
    """A value; None = there is nothing to work it out from. Of what counts records `tree` lists those, of `object`."""

    value: Number
    object: str = ""
    tree: AllOf | None = None

    @property
    def filter(self) -> str:
        """As lists and the API take it; empty if it counts no records."""
        return "" if self.tree is None else to_json(self.tree)

    @property
    def url(self) -> str:
        """The list of what it counts."""
        return f"{PATHS[self.object]}?{urlencode({'filter': self.filter})}" if self.filter else ""


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """Figures by name of their column. `key`: what it is of, as programs know it; `bar`: percent of the longest."""

    key: str
    title: str
    figures: dict[str, Figure]
    depth: int = 0
    is_total: bool = False
    tone: str = ""
    bar: int | None = None


@dataclass(frozen=True, kw_only=True)
class ReportTable:
    """`head`: what its rows are; `note`: how it is counted."""

    name: str
    title: str
    head: str
    columns: Sequence[Column]
    rows: Sequence[ReportRow]
    note: str = ""


class Bars(NamedTuple):
    """A drawn table: a value for each of `names` in each row (title, values)."""

    label: str
    names: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Number]]]
    is_monthly: bool = False


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one page shows. `figures`: the ones above the tables, by title."""

    name: str
    tables: Sequence[ReportTable]
    bars: Bars | None = None
    figures: Sequence[tuple[Column, Figure]] = ()


def counted(value: int, object_name: str, *nodes: Node) -> Figure:
    """A number of records, with which they are."""
    return Figure(value, object_name, AllOf(tuple(nodes)))


def share_of(part: int, whole: int) -> Figure:
    """Of nothing there is no share."""
    return Figure(part / whole if whole else None)


def bar_of(value: Number, most: Number) -> int:
    """Percent of the longest, seen if there is anything."""
    if not value or not most or value <= 0 or most <= 0:
        return 0
    return max(1, min(100, round(100 * float(value) / float(most))))
