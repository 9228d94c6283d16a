"""The fields of lists of records as readers see them, and those of what records lead to: `company/trait:employees`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.http import HttpRequest, QueryDict
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg import Connection

from onefold.accounts.api import Permission, may
from onefold.crm.catalogue import Asking, relation_name
from onefold.crm.listing import is_sortable
from onefold.crm.objects import FieldDef, FieldKind, ObjectType
from onefold.crm.page import asked, choices_of, team_options
from onefold.crm.references import ME
from onefold.crm.shown import is_right
from onefold.crm.stays import STALE, STAY, STAYS
from onefold.crm.typed import Choices
from onefold.filters.api import SEPARATOR, AllOf, OneOf, Present
from onefold.lists.api import UNFILTERED, Choice, Flag, ListField, ListKind, ListState, ListWords, OpenList, Sort

_MONTH: Final = re.compile(r"\d{4}-\d\d", re.ASCII)
MAX_DIGITS: Final = 19
"""Numbers of records are shorter."""
LEADS: Final = "{} \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} {}"
_TEXT: Final = ("text", "present")
_KINDS: Final[dict[FieldKind, tuple[str, ...]]] = {
    FieldKind.NUMBER: ("number", "present"),
    FieldKind.MONEY: ("number", "present"),
    FieldKind.DAY: ("date", "present"),
    FieldKind.MOMENT: ("date", "present"),
    FieldKind.FLAG: ("flag", "present"),
    FieldKind.CHOICE: ("whole", "present"),
    FieldKind.CHOICES: ("whole", "present"),
    FieldKind.USER: ("whole", "present"),
    FieldKind.PERSON: ("present",),
    FieldKind.COMPANY: ("present",),
    FieldKind.RECORD: ("present",),
    FieldKind.ITEMS: ("present",),
    FieldKind.PEOPLE: ("present",),
}
_OF_PEOPLE: Final = (
    ("name", _TEXT), ("email", _TEXT), ("phone", _TEXT), ("last_seen", ("date",)), ("known", ("flag",)),
)  # fmt: skip
OF_COMPANIES: Final = (
    ("name", _TEXT), ("trait:industry", _TEXT), ("trait:employees", ("number", "present")),
    ("trait:domain", _TEXT), ("trait:city", _TEXT), ("trait:country", _TEXT),
)  # fmt: skip


@dataclass(frozen=True)
class RecordFields:
    """Fields of an object for one reader (`lists.api.ListFields`)."""

    asking: Asking
    kind: ObjectType
    choices: Choices

    def find(self, name: str) -> ListField | None:
        """An own field, or one of what a field leads to."""
        head, _sep, rest = name.partition(SEPARATOR)
        own = self.kind.by_name.get(head)
        if not rest:
            return self._own(own) if own else self._marked(head)
        return self._related(head, own, rest)

    def asked(self, name: str) -> ListField | None:
        """As `find`."""
        return self.find(name)

    def own_fields(self) -> list[ListField]:
        """Those of the object itself."""
        return [self._own(one) for one in self.kind.fields]

    def offered(self) -> Sequence[ListField]:
        """The object's own fields, then those of its person, company, deal and of what belongs to it."""
        names = [one.name for one in self.kind.fields]
        for one in self.kind.fields:
            names += [f"{one.name}{SEPARATOR}{name}" for name in self._names_behind(one)]
        if self.kind.name == "deal":
            names += ["tasks/name", "tasks/due_at", "tasks/done_at", "activities/kind", "activities/at"]
            names += [f"{STAYS}/stage", f"{STAYS}/entered_at", f"{STAYS}/left_at", STALE]
        found = (self.find(name) for name in names)
        return [one for one in found if one is not None]

    def _names_behind(self, field: FieldDef) -> list[str]:
        if field.kind in {FieldKind.PERSON, FieldKind.PEOPLE}:
            return [name for name, _kinds in _OF_PEOPLE]
        if field.kind is FieldKind.COMPANY:
            return [name for name, _kinds in OF_COMPANIES]
        target = self.asking.objects.get(field.target) if field.kind is FieldKind.RECORD else None
        return [one.name for one in target.fields if one.kind in _KINDS or one.name == "name"] if target else []

    def _own(self, field: FieldDef) -> ListField:
        return ListField(
            name=field.name,
            title=str(field.title),
            kinds=self._kinds(field),
            group=str(self.kind.title),
            is_right=is_right(field),
            is_sortable=is_sortable(field),
            sort_note="" if field.is_sortable else _("Sorts lists of up to 10,000 records"),
            options=self._options(field),
        )

    def _kinds(self, field: FieldDef) -> tuple[str, ...]:
        if field.target in {"stage", "pipeline"}:
            return ("whole", "present")
        return _KINDS.get(field.kind, _TEXT)

    def _options(self, field: FieldDef) -> tuple[Choice, ...] | None:
        if field.kind is FieldKind.USER:
            mine = [Choice(ME, _("Me"))] if self.asking.viewer.user_id is not None else []
            teams = (Choice(one.value, str(one.title)) for one in self.choices.teams)
            return (*mine, *(Choice(name, name) for name in self.choices.users), *teams)
        if field.target in {"stage", "pipeline"}:
            offered = self.choices.stages if field.target == "stage" else self.choices.pipelines
            return tuple(Choice(one.value, str(one.title)) for one in offered)
        if field.kind in {FieldKind.CHOICE, FieldKind.CHOICES} and field.options:
            return tuple(Choice(one.value, str(one.title)) for one in field.options)
        return None

    def _related(self, head: str, own: FieldDef | None, rest: str) -> ListField | None:
        name = f"{head}{SEPARATOR}{rest}"
        if own is not None and own.kind in {FieldKind.PERSON, FieldKind.PEOPLE, FieldKind.COMPANY}:
            known = dict(OF_COMPANIES if own.kind is FieldKind.COMPANY else _OF_PEOPLE)
            kinds = known.get(
                rest, ("text", "number", "date", "flag", "present") if rest.startswith("trait:") else None
            )
            title = LEADS.format(own.title, _titled(rest))
            return ListField(name=name, title=title, kinds=kinds, group=str(own.title)) if kinds else None
        target = self.asking.objects.get(own.target) if own is not None else self._belonging(head)
        field = target.by_name.get(rest) if target else None
        if field is None or target is None:
            return None
        inner = RecordFields(self.asking, target, self.choices)._own(field)
        title = str(own.title if own else target.plural)
        return replace(inner, name=name, title=LEADS.format(title, inner.title), group=title, is_sortable=False)

    def _marked(self, name: str) -> ListField | None:
        """What is worked out of a deal when it is asked."""
        if self.kind.name == "deal" and name == STALE:
            return ListField(name=STALE, title=_("Stale"), kinds=("flag",), group=str(self.kind.title))
        if self.kind.name == "deal" and name == STAYS:
            return ListField(name=STAYS, title=str(STAY.plural), kinds=("present",), group=str(self.kind.title))
        return None

    def _belonging(self, name: str) -> ObjectType | None:
        """The object whose records belong to this one's: `tasks` of a deal."""
        if self.kind.name != "deal":
            return None
        if name == STAYS:
            return STAY
        found = (one for one in self.asking.objects.values() if "deal" in one.by_name)
        return next((one for one in found if relation_name(one) == name), None)


_AS_IT_COMES: Final = {"task": AllOf((Present("done_at", value=False),))}
"""What is done is rarely what somebody looks for."""
MINE: Final = OneOf("owner", "is", (ME,))


def mine_url(state: ListState) -> str:
    """The same list of the reader's own records; empty when it is that."""
    of = state.tree.of
    return "" if MINE in of else state.with_tree(AllOf((*of, MINE))).url


def _searched(plural: object) -> str:
    return _("Search %(kind)s") % {"kind": str(plural).lower()}


_search = lazy(_searched, str)  # the worker reads addresses of lists and knows no language


def list_kind(kind: ObjectType) -> ListKind:
    """How the list of an object looks as it comes."""
    return ListKind(
        object=kind.name,
        path=kind.path,
        columns=kind.columns,
        sort=Sort(kind.sort.removeprefix("-"), kind.sort.startswith("-")),
        title_field="name",
        tree=_AS_IT_COMES.get(kind.name, UNFILTERED),
        phone_field=next((name for name in ("amount", "due_at", "at") if name in kind.columns), ""),
        words=ListWords(
            all=gettext_lazy("All"),
            search=_search(kind.plural),
            shared=gettext_lazy("Everybody who may see these records sees this view"),
            match=gettext_lazy("Records match when"),
        ),
    )


def open_records(conn: Connection[Any], request: HttpRequest, *, object_name: str) -> OpenList:
    """The list of an object as this reader has it."""
    given = asked(conn, request, object_name)
    fields = RecordFields(given.asking, given.kind, replace(choices_of(conn), teams=team_options(conn)))
    return OpenList(
        kind=list_kind(given.kind),
        fields=fields,
        may_edit_views=may(request.user, Permission.EDIT_RECORDS),
        may_export=may(request.user, Permission.EXPORT_PEOPLE),
    )


def open_board(conn: Connection[Any], request: HttpRequest) -> OpenList:
    """The list of deals where the board is; which pipeline it shows stays in its address."""
    one = open_records(conn, request, object_name="deal")
    text = request.GET.get("pipeline", "")
    flags = (Flag("pipeline", text),) if text.isascii() and text.isdigit() and len(text) < MAX_DIGITS else ()
    return replace(one, kind=replace(one.kind, path=f"{one.kind.path}/board", flags=flags))


def open_calendar(conn: Connection[Any], request: HttpRequest, address: QueryDict | None = None) -> OpenList:
    """The list of tasks where the calendar is; which month it shows stays in its address, by default the request's."""
    one = open_records(conn, request, object_name="task")
    text = (request.GET if address is None else address).get("month", "")
    flags = (Flag("month", text),) if _MONTH.fullmatch(text) else ()
    return replace(one, kind=replace(one.kind, path=f"{one.kind.path}/calendar", flags=flags))


_TITLES: Final = {"name": "Name", "email": "E-mail", "phone": "Phone", "last_seen": "Last seen", "known": "Known"}


def _titled(name: str) -> str:
    return _(_TITLES[name]) if name in _TITLES else name.removeprefix("trait:").replace("_", " ")
