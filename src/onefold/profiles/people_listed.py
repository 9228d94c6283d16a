"""The fields of lists of people as readers see them: columns, any trait, identifiers of any namespace."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg import Connection

from onefold.accounts.api import Permission, mask_text, may
from onefold.filters.api import SEPARATOR
from onefold.lists.api import ANYTHING, Choice, ListField, OpenList, Sort
from onefold.profiles import people_suggest
from onefold.profiles.more import NOTHING_MORE, MoreFields, more_fields
from onefold.profiles.naming import Names, names_in_force
from onefold.profiles.people_fields import IDENTIFIER, TRAIT, PeopleCatalogue, is_address, namespace_of, trait_of
from onefold.profiles.people_query import By, is_sortable, order_of
from onefold.profiles.people_state import PEOPLE

if TYPE_CHECKING:
    from django.http import HttpRequest

    from onefold.accounts.api import Actor

TITLES: Final[dict[str, str | Promise]] = {
    "name": gettext_lazy("Name"),
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Phone"),
    "company": gettext_lazy("Company"),
    "first_seen": gettext_lazy("First seen"),
    "last_seen": gettext_lazy("Last seen"),
    "known": gettext_lazy("Known"),
}
TIMES: Final = ("first_seen", "last_seen")


@dataclass(frozen=True)
class PeopleFields:
    """Fields for one reader (`lists.api.ListFields`). `is_masked`: for somebody who may not see personal data."""

    conn: Connection[Any]
    names: Names
    is_masked: bool
    more: MoreFields = NOTHING_MORE

    def find(self, name: str) -> ListField | None:
        if name in self.more.listed:
            return self.more.listed[name]
        if name in TITLES:
            return self._field(name, str(TITLES[name]), str(_("Columns")), _kinds_of_column(name))
        if trait_of(name) is not None:
            return self._trait(name, "")
        namespace = namespace_of(name)
        if namespace in self.names.config.by_name:
            found = self._field(name, str(namespace), str(_("Identifiers")), ("present", "whole"))
            return replace(found, is_code=True)
        return None

    def asked(self, name: str) -> ListField | None:
        """A trait is asked first what it mostly holds, and suggests what several people have."""
        trait = trait_of(name)
        if trait is None or name in self.more.listed:
            return self.find(name)
        kind = people_suggest.kind_of(self.conn, trait)
        values = people_suggest.trait_values(self.conn, trait) if kind in ("text", "list") else []
        if self.is_masked:  # what would stand masked in the form would be compared so
            values = [one for one in values if mask_text(one.value) == one.value]
        suggested = tuple(Choice(one.value, one.value, str(one.people)) for one in values)
        return replace(self._trait(name, kind), suggested=suggested)

    def offered(self) -> list[ListField]:
        """Columns, what slices above say of people, the traits there are, every namespace, and what people lead to."""
        traits = people_suggest.trait_names(self.conn)
        namespaces = sorted(self.names.config.namespaces, key=lambda one: one.rank)
        columns = (self.find(name) for name in TITLES)
        identifiers = (self.find(f"{IDENTIFIER}{one.name}") for one in namespaces)
        listed = [field for field in (*columns, *identifiers) if field]
        more = self.more.listed
        leading = [one for name, one in more.items() if SEPARATOR in name]
        return [
            *listed[: len(TITLES)],
            *(one for one in more.values() if one not in leading),
            *(self._trait(name, one.kind) for one in traits if (name := f"{TRAIT}{one.name}") not in more),
            *listed[len(TITLES) :],
            *leading,
        ]

    def _trait(self, name: str, kind: str) -> ListField:
        """`kind` is what it mostly holds: what is asked of that comes first."""
        kinds = (kind, "present", *ANYTHING) if kind in ANYTHING else ANYTHING
        found = self._field(name, name.removeprefix(TRAIT), str(_("Traits")), tuple(dict.fromkeys(kinds)))
        return replace(found, note=kind)

    def _field(self, name: str, title: str, group: str, kinds: tuple[str, ...]) -> ListField:
        can_sort = is_sortable(name, is_masked=self.is_masked)
        is_short = can_sort and order_of(Sort(name), is_masked=False).by is By.SORTING
        return ListField(
            name=name,
            title=title,
            group=group,
            # whoever doesn't see addresses may only compare them as a whole
            kinds=("whole", "present") if self.is_masked and is_address(name) else kinds,
            is_right=name in TIMES,
            is_sortable=can_sort,
            sort_note=str(_("Sorts lists of up to 10,000 people")) if is_short else "",
        )


def catalogue_for(conn: Connection[Any], actor: "Actor") -> PeopleCatalogue:
    """What lists of people are asked, by whoever asks."""
    is_masked = not may(actor, Permission.SEE_PERSONAL_DATA)
    return PeopleCatalogue(names_in_force(conn), is_masked, more_fields(conn, actor))


def open_people(conn: Connection[Any], request: "HttpRequest", **_parts: object) -> OpenList:
    """The list of people as this reader has it."""
    known = catalogue_for(conn, request.user)
    return OpenList(
        kind=PEOPLE,
        fields=PeopleFields(conn, known.names, known.is_masked, known.more),
        may_edit_views=may(request.user, Permission.EDIT_PEOPLE),
        may_export=may(request.user, Permission.EXPORT_PEOPLE),
        relations=known.more.relations,
    )


def _kinds_of_column(name: str) -> tuple[str, ...]:
    if name in TIMES:
        return ("date",)
    return ("flag",) if name == "known" else ("text", "present")
