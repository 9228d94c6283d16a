"""What a field of a tree stands for. The slice whose records are filtered gives the catalogue of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from psycopg.sql import Composable

from onefold.filters.tree import FilterRejected


class FieldUnknown(FilterRejected):
    """There is no such field."""

    code = "field_unknown"


class FieldHidden(FilterRejected):
    """Who asks may not see the field's values, and this would tell them piece by piece."""

    code = "field_hidden"


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    MOMENT = "moment"  # timestamptz
    FLAG = "flag"
    NUMBER = "number"  # numeric or an integer
    DAY = "day"  # date


Seen = Callable[[Composable], Composable]
"""From a text to what of it may be searched for parts."""


@dataclass(frozen=True)
class Column:
    """A column, or any expression of its type; null = no value. Text: not null, empty = no value.

    `is_hidden`: only whether there is a value, and whether it is one given as a whole, may be asked.
    """

    kind: Kind
    sql: Composable
    is_hidden: bool = False
    seen: Seen | None = None


@dataclass(frozen=True)
class Key:
    """A key of the object in a jsonb column: may hold any JSON value. A GIN index on it serves `is` and `has`.

    `is_hidden` and `seen` as of Column.
    """

    document: Composable
    name: str
    is_hidden: bool = False
    seen: Seen | None = None


class Related(Protocol):
    """Something a record has any number of, in other tables: asked whether there is any, and whether one is given."""

    def exists(self) -> Composable:
        """Condition: the record has one."""

    def is_one_of(self, values: Sequence[str]) -> Composable:
        """Condition: the record has one of `values`, which the field reads as people write them. May raise Rejected."""


@dataclass(frozen=True)
class Relation:
    """The way to other records, which have fields of their own. `exists`: one meets a condition.

    `one_of`: that one of them is one of these, as people write them; None = that can't be asked.
    """

    catalogue: "Catalogue"
    exists: Callable[[Composable], Composable]
    one_of: Callable[[Sequence[str]], Composable] | None = None


Field = Column | Key | Related | Relation


class Catalogue(Protocol):
    """All fields of a kind of record."""

    def field(self, name: str) -> Field:
        """What `name` stands for. Raises FieldUnknown, which tells the names there are."""
