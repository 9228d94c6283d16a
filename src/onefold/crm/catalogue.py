"""The fields that lists of records are filtered by: an object's own, and through them those of what it leads to.

`people_of` and `companies_of` are what lists of people and companies are asked besides: their deals, tasks, activities.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from psycopg.sql import SQL, Composable, Identifier, Literal

from onefold.accounts.api import is_masked_name
from onefold.crm.objects import TEXTUAL, FieldDef, FieldKind, ObjectType
from onefold.crm.references import ME, REFERRING, TEAM
from onefold.crm.stays import STALE, STAYS, StayCatalogue, is_stale, with_stay
from onefold.crm.viewer import Doing, Viewer, members_sql, rows_sql
from onefold.filters.api import Catalogue, Column, Field, FieldUnknown, Key, Kind, Relation, Seen
from onefold.profiles.api import Names, PeopleCatalogue, company_hash, from_text, without_addresses

TRAIT: Final = "trait:"
_COLUMN_KINDS: Final = dict.fromkeys(TEXTUAL, Kind.TEXT) | {
    FieldKind.NUMBER: Kind.NUMBER,
    FieldKind.MONEY: Kind.NUMBER,
    FieldKind.DAY: Kind.DAY,
    FieldKind.MOMENT: Kind.MOMENT,
    FieldKind.FLAG: Kind.FLAG,
}


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What every catalogue of one question shares."""

    viewer: Viewer
    objects: Mapping[str, ObjectType]
    names: Names
    is_masked: bool


@dataclass(frozen=True)
class _Values:
    """A column that holds a number or several texts (`filters.api.Related`)."""

    there: Composable
    one_of: Callable[[Sequence[str]], Composable]

    def exists(self) -> Composable:
        """It has a value."""
        return self.there

    def is_one_of(self, values: Sequence[str]) -> Composable:
        """Its value is one of these."""
        return self.one_of(values)


@dataclass(frozen=True)
class RecordCatalogue:
    """The fields of an object over the rows `alias` of its table, and the records that have a field leading to it."""

    asking: Asking
    kind: ObjectType
    alias: str = "r"

    def field(self, name: str) -> Field:
        """What `name` stands for. Raises FieldUnknown, which tells the names there are."""
        own = self.kind.by_name.get(name)
        if own is not None:
            return self._own(own)
        relations = self._relations()
        if name in relations:
            return relations[name]()
        known = ", ".join((*self.kind.by_name, *relations))
        raise FieldUnknown(f"There is no field {name[:80]!r}. Fields: {known}.")

    def _own(self, field: FieldDef) -> Field:
        hidden = self.asking.is_masked and is_hidden(field)
        seen = without_addresses if self.asking.is_masked else None
        if not field.column:
            return self._custom(field, is_hidden=hidden, seen=seen)
        if field.kind is FieldKind.ITEMS:
            return _with_items(Identifier(self.alias, "id"))
        if field.kind is FieldKind.PEOPLE:
            return _to_people(self.asking, self.kind, self.alias)
        column = Identifier(self.alias, field.column)
        if field.kind in _COLUMN_KINDS:
            return Column(_COLUMN_KINDS[field.kind], column, is_hidden=hidden, seen=seen)
        if field.kind is FieldKind.CHOICES:
            return _Values(
                SQL("(cardinality({}) > 0)").format(column),
                lambda values: SQL("({} && {}::text[])").format(column, _texts(values)),
            )
        return self._reference(field, column)

    def _custom(self, field: FieldDef, *, is_hidden: bool, seen: Seen | None) -> Field:
        document = Identifier(self.alias, "custom")
        if field.kind not in REFERRING:
            return Key(document, field.name, is_hidden=is_hidden, seen=seen)
        return self._reference(field, SQL("(({} ->> {})::bigint)").format(document, Literal(field.name)))

    def _reference(self, field: FieldDef, column: Composable) -> Field:
        """Whoever or whatever a number names."""
        there = SQL("({} is not null)").format(column)
        match field.kind:
            case FieldKind.USER:
                return _Values(there, lambda values: _user_is(column, self.asking.viewer, values))
            case FieldKind.PERSON:
                return _to_person(self.asking, column)
            case FieldKind.COMPANY:
                return _to_company(self.asking, column, f"{self.alias}c")
        if field.target in self.asking.objects:
            return _to_record(self.asking, self.asking.objects[field.target], column, f"{self.alias}{field.name[0]}")
        return _Values(there, lambda values: SQL("({} = any({}::bigint[]))").format(column, _numbers(values)))

    def _relations(self) -> dict[str, Callable[[], Field]]:
        """Objects whose records say that they are about one of these; of deals also the stages they stood in."""
        if self.kind.name != "deal":
            return {}
        here = Identifier(self.alias, "id")
        found = {
            relation_name(kind): partial(_of_records, self.asking, kind, "deal", here, self.alias)
            for kind in self.asking.objects.values()
            if kind.name != "deal" and "deal" in kind.by_name
        }
        stay = f"{self.alias}y"
        return found | {
            STAYS: lambda: Relation(StayCatalogue(stay), partial(with_stay, here, stay)),
            STALE: lambda: Column(Kind.FLAG, is_stale(self.alias)),
        }


@dataclass(frozen=True)
class CompanyCatalogue:
    """The fields over the rows `alias` of `company`: columns, any trait, and what companies lead to."""

    asking: Asking
    alias: str = "co"

    def field(self, name: str) -> Field:
        """As of RecordCatalogue."""
        columns = {"name": Kind.TEXT, "key": Kind.TEXT, "first_seen": Kind.MOMENT, "last_seen": Kind.MOMENT}
        is_masked = self.asking.is_masked
        seen = without_addresses if is_masked else None
        if name in columns:
            return Column(columns[name], Identifier(self.alias, name), seen=seen)
        trait = name.removeprefix(TRAIT)
        if trait and trait != name:
            hidden = is_masked and (trait == "email" or is_masked_name(trait))
            return Key(Identifier(self.alias, "traits"), trait, is_hidden=hidden, seen=seen)
        relations = self._relations()
        if name in relations:
            return relations[name]()
        known = ", ".join((*columns, "trait:NAME", *relations))
        raise FieldUnknown(f"A company has no field {name[:80]!r}. Fields: {known}.")

    def _relations(self) -> dict[str, Callable[[], Field]]:
        here = Identifier(self.alias, "h")
        found = {
            relation_name(kind): partial(_of_records, self.asking, kind, "company", here, self.alias)
            for kind in self.asking.objects.values()
            if "company" in kind.by_name
        }
        return found | {"people": lambda: _people_of_company(self.asking, here)}


def is_hidden(field: FieldDef) -> bool:
    """Whether its values are masked as a whole for who may not see personal data."""
    return field.is_phone or is_masked_name(field.name)


def relation_name(kind: ObjectType) -> str:
    """How a filter calls all records of an object that something has: `deals`, `tasks`, of custom ones their name."""
    return kind.name if kind.number is not None else kind.path.removeprefix("/")


def relations_of_people(asking: Asking) -> dict[str, Relation]:
    """What lists of people are asked besides their own fields, over `profile p`: their company, deals, tasks …"""
    found = {
        relation_name(kind): Relation(
            RecordCatalogue(asking, kind, f"x{kind.name[0]}"),
            _people_with(kind, rows_sql(asking.viewer, kind.name, Doing.SEE, f"x{kind.name[0]}")),
        )
        for kind in asking.objects.values()
        if "person" in kind.by_name
    }
    catalogue = CompanyCatalogue(asking, "xc")
    at = SQL("(exists (select from company xc where xc.h = p.company and {}))")
    return found | {"at_company": Relation(catalogue, at.format)}


def _people_with(kind: ObjectType, visible: Composable) -> Callable[[Composable], Composable]:
    """By a set of ids that is worked out once, from the records: there are fewer of them than people."""
    alias = Identifier(f"x{kind.name[0]}")
    return lambda condition: SQL(
        "(p.id in (select xn.prof from {table} {alias} join node xn on xn.h = {alias}.person"
        " where {alias}.deleted_at is null{object} and {visible} and {condition}))"
    ).format(
        table=Identifier(kind.table), alias=alias, object=_of_object(kind, alias), visible=visible, condition=condition
    )


def _of_records(asking: Asking, kind: ObjectType, column: str, of: Composable, outer: str) -> Field:
    """The records of an object whose `column` says `of`."""
    alias = f"{outer}{kind.name[0]}"
    name = Identifier(alias)
    visible = rows_sql(asking.viewer, kind.name, Doing.SEE, alias)

    def exists(condition: Composable) -> Composable:
        return SQL(
            "(exists (select from {table} {name} where {name}.{column} = {of} and {name}.deleted_at is null{object}"
            " and {visible} and {condition}))"
        ).format(
            table=Identifier(kind.table),
            name=name,
            column=Identifier(column),
            of=of,
            object=_of_object(kind, name),
            visible=visible,
            condition=condition,
        )

    return Relation(RecordCatalogue(asking, kind, alias), exists)


def _to_record(asking: Asking, kind: ObjectType, column: Composable, alias: str) -> Field:
    name = Identifier(alias)
    visible = rows_sql(asking.viewer, kind.name, Doing.SEE, alias)

    def exists(condition: Composable) -> Composable:
        return SQL("(exists (select from {} {} where {}.id = {} and {} and {}))").format(
            Identifier(kind.table), name, name, column, visible, condition
        )

    return Relation(
        RecordCatalogue(asking, kind, alias),
        exists,
        lambda values: SQL("({} = any({}::bigint[]))").format(column, _numbers(values)),
    )


def _to_person(asking: Asking, column: Composable) -> Field:
    people: Catalogue = PeopleCatalogue(asking.names, asking.is_masked)
    return Relation(people, partial(_person_is, column), partial(_person_among, column))


def _person_is(column: Composable, condition: Composable) -> Composable:
    return SQL(
        "(exists (select from node pn join profile p on p.id = pn.prof left join company c on c.h = p.company"
        " left join profile_traits t on t.id = p.id where pn.h = {} and {}))"
    ).format(column, condition)


def _person_among(column: Composable, values: Sequence[str]) -> Composable:
    ids = [h for h in map(from_text, values) if h is not None]
    return SQL(
        "({} = any(array(select pm.h from node pa join node pm on pm.comp = pa.comp and pm.prof = pa.prof"
        " where pa.h = any({}::bigint[]))))"
    ).format(column, Literal(ids))


def _with_items(deal: Composable) -> Field:
    """By the products of a deal; by number, which products."""
    among = SQL("(exists (select from deal_item di where di.deal = {}{}))")
    return _Values(
        among.format(deal, SQL("")),
        lambda values: among.format(deal, SQL(" and di.product = any({}::bigint[])").format(_numbers(values))),
    )


def _to_people(asking: Asking, kind: ObjectType, alias: str) -> Field:
    """Anybody it is about: its person, and those beside."""
    first, other = Identifier(alias, "person"), Identifier("rp", "person")

    def either(mine: Composable, beside: Composable) -> Composable:
        return SQL(
            "({} or exists (select from record_person rp where rp.object = {} and rp.record = {} and {}))"
        ).format(mine, Literal(kind.name), Identifier(alias, "id"), beside)

    return Relation(
        PeopleCatalogue(asking.names, asking.is_masked),
        lambda condition: either(_person_is(first, condition), _person_is(other, condition)),
        lambda values: either(_person_among(first, values), _person_among(other, values)),
    )


def _to_company(asking: Asking, column: Composable, alias: str) -> Field:
    def exists(condition: Composable) -> Composable:
        return SQL("(exists (select from company {0} where {0}.h = {1} and {2}))").format(
            Identifier(alias), column, condition
        )

    return Relation(
        CompanyCatalogue(asking, alias),
        exists,
        lambda values: SQL("({} = any({}::bigint[]))").format(
            column, Literal([company_hash(*one.partition(":")[::2]) for one in values])
        ),
    )


def _people_of_company(asking: Asking, company: Composable) -> Field:
    people: Catalogue = PeopleCatalogue(asking.names, asking.is_masked)

    def exists(condition: Composable) -> Composable:
        return SQL(
            "(exists (select from profile p left join company c on c.h = p.company"
            " left join profile_traits t on t.id = p.id where p.company = {} and {}))"
        ).format(company, condition)

    return Relation(people, exists)


def _user_is(column: Composable, viewer: Viewer, values: Sequence[str]) -> Composable:
    """By name; `me` is who asks, so that a view that everybody shares shows each their own. `team:7`: who is in it."""
    names = [viewer.username if value == ME else value for value in values]
    teams = [value.removeprefix(TEAM) for value in values if value.startswith(TEAM)]
    users = SQL("select u.id from accounts_user u where u.username = any({}::text[])").format(_texts(names))
    if teams:
        users = SQL("{} union {}").format(users, members_sql(_numbers(teams)))
    return SQL("({} = any(array({})))").format(column, users)


def _texts(values: Sequence[str]) -> Composable:
    """In a statement with parameters: a single % would be one."""
    return Literal([one.replace("%", "%%") for one in values])


def _numbers(values: Sequence[str]) -> Composable:
    return Literal([int(one) for one in values if one.isascii() and one.isdigit() and len(one) < 19])


def _of_object(kind: ObjectType, alias: Composable) -> Composable:
    return SQL("") if kind.number is None else SQL(" and {}.object = {}").format(alias, Literal(kind.number))
