"""The fields that lists of people filter, sort and show: columns, any trait, identifiers of any namespace."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from psycopg.sql import SQL, Composable, Literal

from onefold.filters.api import Column, Field, FieldUnknown, Key, Kind
from onefold.profiles.more import NOTHING_MORE, MoreFields
from onefold.profiles.naming import IdentifierRejected, Names

TRAIT: Final = "trait:"
IDENTIFIER: Final = "identifier:"
MAX_NAME: Final = 500
_COLUMNS: Final = {
    "name": Column(Kind.TEXT, SQL("p.name")),
    "email": Column(Kind.TEXT, SQL("p.email")),
    "phone": Column(Kind.TEXT, SQL("p.phone")),
    "company": Column(Kind.TEXT, SQL("coalesce(nullif(c.name, ''), c.key, '')")),
    "first_seen": Column(Kind.MOMENT, SQL("p.first_seen")),
    "last_seen": Column(Kind.MOMENT, SQL("p.last_seen")),
    "known": Column(Kind.FLAG, SQL("p.is_known")),
}
_NAMED: Final = "name, email, phone, company, first_seen, last_seen, known, trait:NAME, identifier:NAMESPACE"


@dataclass(frozen=True)
class _Identifiers:
    """The identifiers of a namespace (`filters.api.Related`)."""

    names: Names
    namespace: str

    def exists(self) -> Composable:
        """By the anchor's component (primary key, index on comp)."""
        code = self.names.config.by_name[self.namespace].code
        return SQL(
            "exists (select from node a join node m on m.comp = a.comp and m.prof = p.id"
            " where a.h = p.id and m.ns = {})"
        ).format(Literal(code))

    def is_one_of(self, values: Sequence[str]) -> Composable:
        """By primary key. What can't be an identifier is nobody's."""
        hashes = []
        for value in values:
            try:
                hashes.append(self.names.identifier(f"{self.namespace}:{value}").h)
            except IdentifierRejected:
                continue
        return SQL("(p.id = any(array(select n.prof from node n where n.h = any({}::bigint[]))))").format(
            Literal(hashes)
        )


@dataclass(frozen=True)
class PeopleCatalogue:
    """The fields over `profile p`, `company c` and `profile_traits t` (`filters.api.Catalogue`).

    `is_masked`: for somebody who sees no e-mail addresses and phone numbers, and shall not find them out by asking.
    `more`: what slices above say of people, to this reader.
    """

    names: Names
    is_masked: bool
    more: MoreFields = NOTHING_MORE

    def field(self, name: str) -> Field:
        seen = without_addresses if self.is_masked else None
        is_hidden = self.is_masked and is_address(name)
        if name in self.more.asked:
            return self.more.asked[name]
        if name in _COLUMNS:
            return replace(_COLUMNS[name], is_hidden=is_hidden, seen=seen)
        if (trait := trait_of(name)) is not None:
            return Key(SQL("t.traits"), trait, is_hidden=is_hidden, seen=seen)
        if (namespace := namespace_of(name)) is not None and namespace in self.names.config.by_name:
            return _Identifiers(self.names, namespace)
        known = ", ".join(sorted(self.names.config.by_name))
        fields = ", ".join((_NAMED, *(one for one in self.more.asked if not one.startswith(TRAIT))))
        raise FieldUnknown(f"There is no field {name[:80]!r}. Fields: {fields}. Namespaces: {known}.")


def trait_of(field: str) -> str | None:
    """The trait that a field names."""
    name = field.removeprefix(TRAIT)
    return name if name and name != field and len(name) <= MAX_NAME and "\0" not in name else None


def namespace_of(field: str) -> str | None:
    """The namespace that a field names."""
    name = field.removeprefix(IDENTIFIER)
    return name if name and name != field else None


def is_address(field: str) -> bool:
    """Whether its values are masked as a whole: e-mail addresses, and phone numbers by whatever name."""
    from onefold.accounts.api import is_masked_name  # the processor comes in by our door, and guards no pages

    return field in {"email", f"{TRAIT}email"} or is_masked_name(trait_of(field) or field)


def without_addresses(text: Composable) -> Composable:
    """What of a text may be searched by somebody who sees no e-mail addresses and phone numbers."""
    from onefold.accounts.api import ADDRESSES  # as above

    return SQL("regexp_replace({}, {}, ' ', 'g')").format(text, Literal(ADDRESSES))
