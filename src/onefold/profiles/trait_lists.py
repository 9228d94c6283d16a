"""Traits as the page of one person lists them: in groups, what people look for first, found by name or value. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from onefold.profiles.fold import Resolved

MAX_LINES: Final = 100
"""Shown at once; the others by going on or by searching."""
MIN_GROUPED: Final = 9
"""Fewer traits are read at a glance without headings."""
_MAX_SEARCHED: Final = 2_000
GROUPS: Final[tuple[tuple[str, str | Promise, tuple[str, ...]], ...]] = (
    ("contact", _("Contact"), (
        "name", "fullname", "firstname", "lastname", "email", "phone", "mobile", "address", "street", "postalcode",
        "zip", "city", "state", "region", "country", "website", "url",
    )),
    ("about", _("About"), (
        "title", "jobtitle", "role", "department", "company", "organization", "industry", "employees", "gender", "age",
        "birthday", "language", "locale", "timezone", "username", "id", "createdat", "plan", "avatar", "description",
    )),
    ("other", _("Other"), ()),
)  # fmt: skip
"""(key, title, names in their order, without case and separators); the last group has all others by name.

The names are those of Segment's specification of identify and what its users send beside them.
"""
_PLACES: Final = {
    name: (group, place) for group, (_key, _title, names) in enumerate(GROUPS) for place, name in enumerate(names)
}
_SEPARATORS: Final = str.maketrans("", "", "_- .")


@dataclass(frozen=True, kw_only=True)
class TraitLine:
    """A trait in the list."""

    name: str
    value: Any
    source_id: int
    n_others: int


@dataclass(frozen=True, kw_only=True)
class TraitGroup:
    """Lines of one group that are shown, and how many traits it has. No title = there is no need to tell groups."""

    key: str
    title: str | Promise
    lines: list[TraitLine]
    n: int


@dataclass(frozen=True, kw_only=True)
class TraitList:
    """`n` traits match `query`; those up to `end` are shown."""

    groups: list[TraitGroup]
    n: int
    end: int
    query: str

    @property
    def n_left(self) -> int:
        """How many are not shown yet."""
        return self.n - self.end


def trait_list(traits: Mapping[str, Resolved], query: str = "", start: int = 0) -> TraitList:
    """Up to MAX_LINES, from `start` on, of the traits whose name or value holds the query."""
    wanted = query.casefold().strip()
    found = sorted(
        (_place(name), name)
        for name, one in traits.items()
        if not wanted or wanted in name.casefold() or wanted in str(one.value)[:_MAX_SEARCHED].casefold()
    )
    has_titles = len(found) >= MIN_GROUPED and len({place[0] for place, _name in found}) > 1
    shown = found[start : start + MAX_LINES]
    groups = []
    for number, (key, title, _names) in enumerate(GROUPS):
        lines = [_line(name, traits[name]) for place, name in shown if place[0] == number]
        if lines:
            n = sum(place[0] == number for place, _name in found)
            groups.append(TraitGroup(key=key, title=title if has_titles else "", lines=lines, n=n))
    return TraitList(groups=groups, n=len(found), end=min(start + MAX_LINES, len(found)), query=query)


def _place(name: str) -> tuple[int, int, str]:
    """Group, place in it, name."""
    plain = name.casefold()
    return (*_PLACES.get(plain.translate(_SEPARATORS), (len(GROUPS) - 1, 0)), plain)


def _line(name: str, one: Resolved) -> TraitLine:
    return TraitLine(name=name, value=one.value, source_id=one.source_id, n_others=len(one.others))
