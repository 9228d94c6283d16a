"""The list of companies: how it looks as it comes, its fields as readers see them, its rows."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from psycopg import Connection

from onefold.accounts.api import Permission, actor_of, mask_text, may, workspace
from onefold.crm.access import asking_of_profiles
from onefold.crm.catalogue import TRAIT, Asking
from onefold.crm.company_fields import BY_NAME, Fields, company_url, fields_of, shown_trait
from onefold.crm.company_query import DEALS, PEOPLE, PEOPLE_CAP, QUERIES, CompanyPage, ListedCompany
from onefold.crm.labels import CompanyLabel
from onefold.crm.listing import SortRejected
from onefold.crm.objects import FieldKind
from onefold.crm.own_traits import listed_trait
from onefold.crm.shown import money
from onefold.lists.api import (
    ANYTHING,
    Cell,
    Choice,
    ListField,
    ListKind,
    ListState,
    ListWords,
    OpenList,
    OtherField,
    Sort,
)

if TYPE_CHECKING:
    from django.http import HttpRequest

SAMPLE: Final = 200
MOST_TRAITS: Final = 100
MOST_VALUES: Final = 20
COMPANIES: Final = ListKind(
    object="companies",
    path="/companies",
    columns=(
        *("name", "trait:domain", "trait:industry", "trait:employees", "trait:city", "trait:owner"),
        *(PEOPLE, DEALS, "last_seen"),
    ),
    sort=Sort("last_seen"),
    phone_field="last_seen",
    other=OtherField(TRAIT, gettext_lazy("Another trait:")),
    words=ListWords(
        all=gettext_lazy("All companies"),
        search=gettext_lazy("Search companies"),
        shared=gettext_lazy("Everybody who may see companies sees this view"),
        match=gettext_lazy("Companies match when"),
    ),
)
_COLUMNS: Final[dict[str, tuple[str | Promise, tuple[str, ...]]]] = {
    "name": (gettext_lazy("Name"), ("text", "present")),
    "key": (gettext_lazy("Key"), ("text",)),
    PEOPLE: (gettext_lazy("People"), ("present",)),
    DEALS: (gettext_lazy("Open deals"), ("present",)),
    "first_seen": (gettext_lazy("First seen"), ("date",)),
    "last_seen": (gettext_lazy("Last seen"), ("date",)),
}
_RIGHT: Final = frozenset({"first_seen", "last_seen", PEOPLE, DEALS, "trait:employees"})
SORTABLE: Final = ("name", "last_seen")


@dataclass(frozen=True)
class CompanyFields:
    """Fields for one reader (`lists.api.ListFields`)."""

    conn: Connection[Any]
    asking: Asking

    def find(self, name: str) -> ListField | None:
        if name in _COLUMNS:
            title, kinds = _COLUMNS[name]
            return ListField(
                name=name, title=str(title), kinds=kinds, group=str(_("Columns")),
                is_right=name in _RIGHT, is_sortable=name in SORTABLE,
            )  # fmt: skip
        trait = name.removeprefix(TRAIT)
        return self._trait(trait, "") if trait and trait != name and "\0" not in trait else None

    def asked(self, name: str) -> ListField | None:
        """A trait suggests what several companies have."""
        found = self.find(name)
        if found is None or name in _COLUMNS:
            return found
        trait = name.removeprefix(TRAIT)
        given = {"trait": trait, "sample": SAMPLE, "most": MOST_VALUES}
        rows = self.conn.execute(QUERIES["trait_values"], given).fetchall()
        values = [(value, n) for value, n in rows if not self.asking.is_masked or mask_text(value) == value]
        known = fields_of(self.conn)
        labels = {one.value: str(one.title) for one in known[trait].options} if trait in known else {}
        return replace(found, suggested=tuple(Choice(value, labels.get(value, value), str(n)) for value, n in values))

    def offered(self) -> list[ListField]:
        """Columns, the well-known traits, and those of the companies heard of last."""
        rows = self.conn.execute(QUERIES["trait_names"], {"sample": SAMPLE, "most": MOST_TRAITS}).fetchall()
        kinds: dict[str, str] = dict(rows)
        names = dict.fromkeys([*(name for name in fields_of(self.conn) if name != "name"), *kinds])
        columns = [found for name in _COLUMNS if (found := self.find(name))]
        return [*columns, *(self._trait(name, kinds.get(name, "")) for name in names if name != "name")]

    def _trait(self, name: str, kind: str) -> ListField:
        known = fields_of(self.conn).get(name)
        if known is not None and name not in BY_NAME:
            return listed_trait(known, f"{TRAIT}{name}", str(_("Traits")))
        kind = {"string": "text", "number": "number", "boolean": "flag", "array": "list"}.get(kind, kind)
        if not kind and known is not None:
            kind = "number" if known.kind is FieldKind.NUMBER else "text"
        kinds = tuple(dict.fromkeys((kind, "present", *ANYTHING))) if kind in ANYTHING else ANYTHING
        return ListField(
            name=f"{TRAIT}{name}",
            title=str(known.title) if known else name,
            kinds=kinds,
            group=str(_("Traits")),
            note="" if known else kind,
            is_code=known is None,
            is_right=f"{TRAIT}{name}" in _RIGHT,
        )


def companies_asking(conn: Connection[Any], request: "HttpRequest") -> Asking:
    """What lists of companies need to know of who asks; who may see no records sees companies without their deals."""
    return asking_of_profiles(conn, actor_of(request), timezone.get_current_timezone())


def open_companies(conn: Connection[Any], request: "HttpRequest", **_parts: object) -> OpenList:
    """The list of companies as this reader has it."""
    fields = CompanyFields(conn, companies_asking(conn, request))
    return OpenList(
        kind=COMPANIES,
        fields=fields,
        may_edit_views=may(request.user, Permission.EDIT_PEOPLE),
        may_export=may(request.user, Permission.EXPORT_PEOPLE),
    )


def check_sort(state: ListState) -> None:
    """Raises SortRejected."""
    if state.sort.field not in SORTABLE:
        allowed = ", ".join(SORTABLE)
        raise SortRejected(f"Lists of companies can't be sorted by {state.sort.field[:80]!r}. They are by {allowed}.")


class Row(NamedTuple):
    """A company and the cells after its name."""

    company: ListedCompany
    url: str
    domain: str
    cells: list[Cell]


def rows_of(state: ListState, page: CompanyPage, parents: dict[str, CompanyLabel], known: Fields) -> list[Row]:
    """One a company; cells from the second column on."""
    home = workspace().currency
    found = []
    for one in page.rows:
        cells = [_cell(one, shown.field, parents, known, home) for shown in state.columns[1:]]
        domain = one.traits.get("domain")
        found.append(
            Row(
                one,
                company_url(one.space, one.key),
                domain if isinstance(domain, str) and domain != one.name else "",
                cells,
            )
        )
    return found


def _cell(one: ListedCompany, field: str, parents: dict[str, CompanyLabel], known: Fields, home: str) -> Cell:
    is_right = field in _RIGHT
    if field in ("first_seen", "last_seen"):
        return Cell("moment", getattr(one, field), is_right, is_folded=field != "last_seen")
    if field == PEOPLE:
        text = f"{PEOPLE_CAP:,}+" if (one.people or 0) >= PEOPLE_CAP else one.people or ""
        return Cell("value" if isinstance(text, str) else "number", text, is_right)
    if field == DEALS:
        return Cell("value", _deals(one, home), is_right)
    if field == "key":
        return Cell("value", one.key)
    name = field.removeprefix(TRAIT)
    value = one.traits.get(name)
    if isinstance(value, bool):
        return Cell("flag", value)
    if isinstance(value, int | float):
        return Cell("number", value, is_right)
    if name in known and isinstance(value, str):
        shown = shown_trait(known[name], value, parents)
        return Cell("value", shown.text if value else "", is_right, url=shown.url if shown.kind == "company" else "")
    return Cell("value", value, is_right)


def _deals(one: ListedCompany, home: str) -> str:
    if not one.open_deals:
        return ""
    if one.open_sum is None:
        return ngettext("%(n)d deal", "%(n)d deals", one.open_deals) % {"n": one.open_deals}
    return f"{one.open_deals} · {money(one.open_sum, home)}"
