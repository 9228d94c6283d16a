"""What is said of a kind of list once: where it is, how it looks as it comes, what its records are called."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from django.utils.functional import Promise

from onefold.filters.api import AllOf

UNFILTERED: Final = AllOf()
Text = str | Promise
"""What a reader sees: translated when it is shown."""


@dataclass(frozen=True)
class Sort:
    """The order of a list."""

    field: str
    is_descending: bool = True

    @property
    def text(self) -> str:
        """`-last_seen`: descending."""
        return f"{'-' if self.is_descending else ''}{self.field}"


@dataclass(frozen=True)
class Shown:
    """A column and its width in px; None = as wide as it needs."""

    field: str
    width: int | None = None

    @property
    def text(self) -> str:
        """`email~240`."""
        return self.field if self.width is None else f"{self.field}~{self.width}"


class Flag(NamedTuple):
    """Something that this kind of list can be told besides, by one value of a parameter: `who=all`."""

    name: str
    value: str


class OtherField(NamedTuple):
    """Fields that nobody lists, for whoever knows the name: `trait:` and what is typed."""

    prefix: str
    title: Text


@dataclass(frozen=True, kw_only=True)
class ListWords:
    """Texts of the templates that name the records."""

    all: Text  # the tab of the list without a view
    search: Text
    shared: Text  # who sees a shared view
    match: Text  # what a group of conditions begins with


@dataclass(frozen=True, kw_only=True)
class ListKind:
    """A kind of list. `object` is what its saved views belong to; `path` where it stands, without a slash behind it."""

    object: str
    path: str
    columns: tuple[str, ...]
    sort: Sort
    words: ListWords
    title_field: str = "name"
    """What a record is called: always the first column."""
    phone_field: str = ""
    """The one column that a phone shows beside the title."""
    flags: tuple[Flag, ...] = ()
    tree: AllOf = UNFILTERED
    """What it is filtered by as it comes."""
    other: OtherField | None = None

    @property
    def shown(self) -> tuple[Shown, ...]:
        """The columns as they come."""
        return tuple(Shown(field) for field in self.columns)
