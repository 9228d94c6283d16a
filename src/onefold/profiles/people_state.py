"""What a list of people shows: search, filter, sort, columns. Read from an address and written to one."""

import re
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from onefold.filters.api import AllOf, from_json, in_all, to_json
from onefold.kernel.errors import Rejected

MAX_QUERY: Final = 200
MAX_COLUMNS: Final = 20
WIDTHS: Final = (64, 800)  # px
DEFAULT_COLUMNS: Final = ("name", "email", "phone", "company", "first_seen", "last_seen")
_WIDTH: Final = re.compile(r"^(.*)~(\d{1,4})$", re.DOTALL)


class ListRejected(Rejected):
    """The list can't be shown so."""

    code = "list_invalid"


class Parameters(Protocol):
    """What Django's QueryDict offers of an address."""

    def get(self, key: str, default: str) -> str: ...

    def getlist(self, key: str, /) -> list[Any]: ...


@dataclass(frozen=True)
class Sort:
    """The order of a list."""

    field: str = "last_seen"
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


EVERYBODY: Final = AllOf()
DEFAULT_SHOWN: Final = tuple(Shown(field) for field in DEFAULT_COLUMNS)


@dataclass(frozen=True, kw_only=True)
class ListState:
    """Everything about a list but the place in it."""

    query: str = ""
    is_known: bool = True
    tree: AllOf = EVERYBODY
    sort: Sort = Sort()
    columns: tuple[Shown, ...] = DEFAULT_SHOWN
    view: str = ""  # the saved view it came from

    @property
    def unsaved_address(self) -> str:
        """What a view keeps of it."""
        return replace(self, view="").address()

    def address(self, **more: str) -> str:
        """The part of an address after `?`; what is as it comes is left out. Equal states give equal text."""
        pairs = [("q", self.query), ("who", "" if self.is_known else "all")]
        pairs.append(("filter", to_json(self.tree) if self.tree.of else ""))
        pairs.append(("sort", self.sort.text if self.sort != Sort() else ""))
        if self.columns != DEFAULT_SHOWN:
            pairs += [("col", one.text) for one in self.columns]
        pairs.append(("view", self.view))
        return urlencode([(name, value) for name, value in (*pairs, *more.items()) if value])

    def with_tree(self, tree: AllOf) -> "ListState":
        """The same list, filtered otherwise."""
        return replace(self, tree=tree)


def state_of(given: Parameters) -> ListState:
    """What an address asks for. Raises FilterRejected or ListRejected."""
    text = given.get("filter", "")
    view = given.get("view", "")
    columns = tuple(_shown(one) for one in given.getlist("col") if one)
    if len(columns) > MAX_COLUMNS:
        raise ListRejected(f"A list shows up to {MAX_COLUMNS} columns.")
    unique = {one.field: one for one in columns}
    return ListState(
        query=given.get("q", "").replace("\0", "").strip()[:MAX_QUERY],
        is_known=given.get("who", "") != "all",
        tree=in_all(from_json(text)) if text else EVERYBODY,
        sort=sort_of(given.get("sort", "")),
        columns=tuple(unique.values()) or DEFAULT_SHOWN,
        view=view if view.isdigit() and len(view) < 19 else "",
    )


def sort_of(text: str) -> Sort:
    """What `Sort.text` wrote; the usual order when empty."""
    field = text.removeprefix("-").replace("\0", "")
    return Sort(field, text.startswith("-")) if field else Sort()


def _shown(text: str) -> Shown:
    found = _WIDTH.match(text.replace("\0", ""))
    if not found:
        return Shown(text.replace("\0", "")[:600])
    return Shown(found[1][:600], min(max(int(found[2]), WIDTHS[0]), WIDTHS[1]))
