"""How long deals stood in stages, as filters and reports ask it: rows of `deal_stay`. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _
from psycopg.sql import SQL, Composable, Identifier, Literal

from onefold.crm.objects import FieldDef, FieldKind, ObjectType
from onefold.filters.api import Column, Field, FieldUnknown, Kind

STAYS: Final = "stays"
STALE: Final = "is_stale"
STAY: Final = ObjectType(
    name="stay",
    title=_("Stage passed through"),
    plural=_("Stages passed through"),
    icon="stairs",
    table="deal_stay",
    path="",
    fields=(
        FieldDef(name="stage", title=_("Stage"), kind=FieldKind.RECORD, column="stage", target="stage"),
        FieldDef(name="entered_at", title=_("Entered"), kind=FieldKind.MOMENT, column="entered_at"),
        FieldDef(name="left_at", title=_("Left"), kind=FieldKind.MOMENT, column="left_at"),
        FieldDef(name="went_on", title=_("Went on"), kind=FieldKind.FLAG, column="went_on"),
    ),
    columns=(),
    sort="",
)
"""What filters ask of a stay. No kind of record: nobody writes one, and there is no page of it."""


@dataclass(frozen=True)
class _InStage:
    """Which stage it was (`filters.api.Related`)."""

    column: Composable

    def exists(self) -> Composable:
        """It always was one."""
        return SQL("true")

    def is_one_of(self, values: Sequence[str]) -> Composable:
        """By number."""
        numbers = [int(one) for one in values if one.isascii() and one.isdigit() and len(one) < 19]
        return SQL("({} = any({}::bigint[]))").format(self.column, Literal(numbers))


@dataclass(frozen=True)
class StayCatalogue:
    """The fields over the rows `alias` of `deal_stay`."""

    alias: str

    def field(self, name: str) -> Field:
        """What `name` stands for. Raises FieldUnknown, which tells the names there are."""
        match name:
            case "stage":
                return _InStage(Identifier(self.alias, "stage"))
            case "entered_at" | "left_at":
                return Column(Kind.MOMENT, Identifier(self.alias, name))
            case "went_on":
                return Column(Kind.FLAG, went_on(self.alias))
        known = ", ".join(STAY.by_name)
        raise FieldUnknown(f"A stay in a stage has no field {name[:80]!r}. Fields: {known}.")


def with_stay(deal: Composable, alias: str, condition: Composable) -> Composable:
    """The deal has a stay that meets a condition (index on deal, entered_at)."""
    return SQL("(exists (select from deal_stay {0} where {0}.deal = {1} and {2}))").format(
        Identifier(alias), deal, condition
    )


def went_on(alias: str) -> Composable:
    """After the stay the deal entered a later open stage of the same pipeline, or was won in it."""
    stay, after, here, there = (Identifier(f"{alias}{end}") for end in ("", "a", "h", "t"))
    return SQL(
        "(exists (select from deal_stay {after} join stage {there} on {there}.id = {after}.stage"
        " join stage {here} on {here}.id = {stay}.stage where {after}.deal = {stay}.deal"
        " and {after}.entered_at >= {stay}.entered_at and {there}.pipeline = {here}.pipeline and ({there}.state = 'won'"
        " or ({there}.state = 'open' and {there}.place > {here}.place))))"
    ).format(stay=stay, after=after, here=here, there=there)


def is_stale(alias: str) -> Composable:
    """The deal is open, and nobody did anything about it for as long as its stage allows."""
    return SQL(
        "({0}.state = 'open' and exists (select from stage st where st.id = {0}.stage"
        " and {0}.active_at < now() - make_interval(days => st.stale_days)))"
    ).format(Identifier(alias))
