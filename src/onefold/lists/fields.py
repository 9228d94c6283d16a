"""What the fields of a list are called, asked and shown as. What they are in SQL says `filters.api.Catalogue`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from onefold.lists.kinds import ListKind

ANYTHING: Final = ("text", "number", "date", "flag", "list", "present")
"""What a field of any value can be asked. There is one kind more, `whole`: of text, but compared as a whole only."""


class Choice(NamedTuple):
    """A value and what readers see of it. `note` stands small beside it."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ListField:
    """A field as one reader may ask it."""

    name: str
    title: str
    kinds: tuple[str, ...] = ANYTHING
    """Kinds of `words.OPERATORS`, in the order in which these are offered: the first is the usual one."""
    group: str = ""
    """What stands over it and its like where fields are chosen. Those of a group follow one another."""
    note: str = ""
    is_code: bool = False
    """Its title is a name that programs use."""
    is_right: bool = False
    is_sortable: bool = False
    sort_note: str = ""
    """What whoever sorts by it should know."""
    options: tuple[Choice, ...] | None = None
    """The only values there are; said by their labels. For the kinds `whole` and `list`."""
    suggested: tuple[Choice, ...] = ()
    """Values to begin with; others may be typed."""


class ListFields(Protocol):
    """All fields of a list, for one reader. There may be endless ones, of which a few are offered."""

    def find(self, name: str) -> ListField | None:
        """The field of that name; None = there is none. Cheap: `kinds` and `suggested` may not be the final ones."""

    def asked(self, name: str) -> ListField | None:
        """As `find`, with all that the form of a condition shows."""

    def offered(self) -> Sequence[ListField]:
        """Those to choose from, for filters and columns, group by group."""


@dataclass(frozen=True, kw_only=True)
class RelatedList:
    """Records that those of a list lead to, of one of which several conditions can be asked together.

    `name`: the relation's, as filters call it; `fields`: those of the related records, by their own names.
    """

    name: str
    title: str
    fields: Sequence[ListField]


class FixedFields:
    """Fields that are known one by one (`ListFields`)."""

    def __init__(self, fields: Iterable[ListField]) -> None:
        self._by_name = {field.name: field for field in fields}

    def find(self, name: str) -> ListField | None:
        return self._by_name.get(name)

    def asked(self, name: str) -> ListField | None:
        return self.find(name)

    def offered(self) -> Sequence[ListField]:
        return tuple(self._by_name.values())


@dataclass(frozen=True, kw_only=True)
class OpenList:
    """A list as one reader has it. `may_edit_views`: also shared ones of others.

    `may_export`: its slice has an address `export` below that of the list, and they may go there.
    """

    kind: ListKind
    fields: ListFields
    may_edit_views: bool
    relations: Sequence[RelatedList] = ()
    may_export: bool = False

    def field(self, name: str) -> ListField:
        """The field of that name; one that there isn't may be asked anything, and the list then says what it has."""
        return self.fields.find(name) or ListField(name=name, title=name)

    def asked(self, name: str) -> ListField:
        """As `field`, for the form of a condition."""
        return self.fields.asked(name) or ListField(name=name, title=name)
