"""The fields of lists of records as readers see them, and those of what records lead to: `company/trait:employees`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.http import HttpRequest
from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import Permission, may
from onefold.crm.catalogue import Asking, relation_name
from onefold.crm.listing import is_sortable
from onefold.crm.objects import FieldDef, FieldKind, ObjectType
from onefold.crm.page import asked, choices_of
from onefold.crm.references import ME
from onefold.crm.shown import is_right
from onefold.crm.typed import Choices
from onefold.filters.api import Condition, Group, Node, RelatedTo
from onefold.lists.api import Choice, ListField, ListKind, ListWords, OpenList, Sort

SEPARATOR: Final = "/"
_LEADS: Final = "{} \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} {}"
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
}
_OF_PEOPLE: Final = (
    ("name", _TEXT), ("email", _TEXT), ("phone", _TEXT), ("last_seen", ("date",)), ("known", ("flag",)),
)  # fmt: skip
_OF_COMPANIES: Final = (
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
            return self._own(own) if own else None
        return self._related(head, own, rest)

    def asked(self, name: str) -> ListField | None:
        """As `find`."""
        return self.find(name)

    def offered(self) -> Sequence[ListField]:
        """The object's own fields, then those of its person, company, deal and of what belongs to it."""
        names = [one.name for one in self.kind.fields]
        for one in self.kind.fields:
            names += [f"{one.name}{SEPARATOR}{name}" for name in self._names_behind(one)]
        if self.kind.name == "deal":
            names += ["tasks/name", "tasks/due_at", "tasks/done_at", "activities/kind", "activities/at"]
        found = (self.find(name) for name in names)
        return [one for one in found if one is not None]

    def _names_behind(self, field: FieldDef) -> list[str]:
        if field.kind is FieldKind.PERSON:
            return [name for name, _kinds in _OF_PEOPLE]
        if field.kind is FieldKind.COMPANY:
            return [name for name, _kinds in _OF_COMPANIES]
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
            return (*mine, *(Choice(name, name) for name in self.choices.users))
        if field.target in {"stage", "pipeline"}:
            offered = self.choices.stages if field.target == "stage" else self.choices.pipelines
            return tuple(Choice(one.value, str(one.title)) for one in offered)
        if field.kind in {FieldKind.CHOICE, FieldKind.CHOICES} and field.options:
            return tuple(Choice(one.value, str(one.title)) for one in field.options)
        return None

    def _related(self, head: str, own: FieldDef | None, rest: str) -> ListField | None:
        name = f"{head}{SEPARATOR}{rest}"
        if own is not None and own.kind in {FieldKind.PERSON, FieldKind.COMPANY}:
            known = dict(_OF_PEOPLE if own.kind is FieldKind.PERSON else _OF_COMPANIES)
            kinds = known.get(
                rest, ("text", "number", "date", "flag", "present") if rest.startswith("trait:") else None
            )
            title = _LEADS.format(own.title, _titled(rest))
            return ListField(name=name, title=title, kinds=kinds, group=str(own.title)) if kinds else None
        target = self.asking.objects.get(own.target) if own is not None else self._belonging(head)
        field = target.by_name.get(rest) if target else None
        if field is None or target is None:
            return None
        inner = RecordFields(self.asking, target, self.choices)._own(field)
        title = str(own.title if own else target.plural)
        return replace(inner, name=name, title=_LEADS.format(title, inner.title), group=title, is_sortable=False)

    def _belonging(self, name: str) -> ObjectType | None:
        """The object whose records belong to this one's: `tasks` of a deal."""
        if self.kind.name != "deal":
            return None
        found = (one for one in self.asking.objects.values() if "deal" in one.by_name)
        return next((one for one in found if relation_name(one) == name), None)


def with_relations(node: Node) -> Node:
    """Conditions on fields behind a relation as the filter's language has them."""
    if isinstance(node, Group):
        of = tuple(with_relations(one) for one in node.of)
        return type(node)(of)
    if isinstance(node, Condition) and SEPARATOR in node.field and not node.field.startswith("trait:"):
        import msgspec

        head, _sep, rest = node.field.partition(SEPARATOR)
        return RelatedTo(head, with_relations(msgspec.structs.replace(node, field=rest)))
    return node


def list_kind(kind: ObjectType) -> ListKind:
    """How the list of an object looks as it comes."""
    return ListKind(
        object=kind.name,
        path=kind.path,
        columns=kind.columns,
        sort=Sort(kind.sort.removeprefix("-"), kind.sort.startswith("-")),
        title_field="name",
        phone_field=next((name for name in ("amount", "due_at", "at") if name in kind.columns), ""),
        words=ListWords(
            all=_("All"),
            search=_("Search %(kind)s") % {"kind": str(kind.plural).lower()},
            shared=_("Everybody who may see these records sees this view"),
            match=_("Records match when"),
        ),
    )


def open_records(conn: Connection[Any], request: HttpRequest, *, object_name: str) -> OpenList:
    """The list of an object as this reader has it."""
    given = asked(conn, request, object_name)
    fields = RecordFields(given.asking, given.kind, choices_of(conn))
    return OpenList(
        kind=list_kind(given.kind), fields=fields, may_edit_views=may(request.user, Permission.EDIT_RECORDS)
    )


_TITLES: Final = {"name": "Name", "email": "E-mail", "phone": "Phone", "last_seen": "Last seen", "known": "Known"}


def _titled(name: str) -> str:
    return _(_TITLES[name]) if name in _TITLES else name.removeprefix("trait:").replace("_", " ")
