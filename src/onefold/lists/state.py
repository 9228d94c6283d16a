"""What a list shows: search, filter, sort, columns. Read from an address and written to one."""

import re
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from onefold.filters.api import AllOf, from_json, in_all, to_json
from onefold.kernel.errors import Rejected
from onefold.lists.kinds import ListKind, Shown, Sort

MAX_QUERY: Final = 200
MAX_COLUMNS: Final = 20
MAX_FIELD: Final = 600
WIDTHS: Final = (64, 800)  # px
_WIDTH: Final = re.compile(r"^(.*)~(\d{1,4})$", re.DOTALL)


class ListRejected(Rejected):
    """The list can't be shown so."""

    code = "list_invalid"


class Parameters(Protocol):
    """What Django's QueryDict offers of an address."""

    def get(self, key: str, default: str) -> str: ...

    def getlist(self, key: str, /) -> list[Any]: ...


@dataclass(frozen=True, kw_only=True)
class ListState:
    """Everything about a list but the place in it. `fresh` makes one, `state_of` reads one."""

    kind: ListKind
    query: str
    flags: frozenset[str]  # names of those of its kind that are set
    tree: AllOf
    sort: Sort
    columns: tuple[Shown, ...]
    view: str  # the saved view it came from

    @property
    def unsaved_address(self) -> str:
        """What a view keeps of it."""
        return replace(self, view="").address()

    @property
    def url(self) -> str:
        """Where the list is shown so."""
        address = self.address()
        return f"{self.kind.path}?{address}" if address else self.kind.path

    @property
    def tree_text(self) -> str:
        """The filter as addresses have it."""
        return to_json(self.tree)

    def address(self, **more: str) -> str:
        """The part of an address after `?`; what is as it comes is left out. Equal states give equal text."""
        pairs = [("q", self.query)]
        pairs += [(flag.name, flag.value if flag.name in self.flags else "") for flag in self.kind.flags]
        pairs.append(("filter", to_json(self.tree) if self.tree != self.kind.tree else ""))
        pairs.append(("sort", self.sort.text if self.sort != self.kind.sort else ""))
        if self.columns != self.kind.shown:
            pairs += [("col", one.text) for one in self.columns]
        pairs.append(("view", self.view))
        return urlencode([(name, value) for name, value in (*pairs, *more.items()) if value])

    def with_tree(self, tree: AllOf) -> "ListState":
        """The same list, filtered otherwise."""
        return replace(self, tree=tree)


def fresh(kind: ListKind) -> ListState:
    """The list as it comes."""
    return ListState(
        kind=kind, query="", flags=frozenset(), tree=kind.tree, sort=kind.sort, columns=kind.shown, view=""
    )


def state_of(kind: ListKind, given: Parameters) -> ListState:
    """What an address asks for. Raises FilterRejected or ListRejected."""
    text = given.get("filter", "")
    view = given.get("view", "")
    columns = tuple(_shown(one) for one in given.getlist("col") if one)
    if len(columns) > MAX_COLUMNS:
        raise ListRejected(f"A list shows up to {MAX_COLUMNS} columns.")
    unique = {one.field: one for one in columns}
    return ListState(
        kind=kind,
        query=given.get("q", "").replace("\0", "").strip()[:MAX_QUERY],
        flags=frozenset(flag.name for flag in kind.flags if given.get(flag.name, "") == flag.value),
        tree=in_all(from_json(text)) if text else kind.tree,
        sort=sort_of(kind, given.get("sort", "")),
        columns=tuple(unique.values()) or kind.shown,
        view=view if view.isdigit() and len(view) < 19 else "",
    )


def sort_of(kind: ListKind, text: str) -> Sort:
    """What `Sort.text` wrote; the usual order when empty."""
    field = text.removeprefix("-").replace("\0", "")
    return Sort(field, text.startswith("-")) if field else kind.sort


def _shown(text: str) -> Shown:
    found = _WIDTH.match(text.replace("\0", ""))
    if not found:
        return Shown(text.replace("\0", "")[:MAX_FIELD])
    return Shown(found[1][:MAX_FIELD], min(max(int(found[2]), WIDTHS[0]), WIDTHS[1]))
