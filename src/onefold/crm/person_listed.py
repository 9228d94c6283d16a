"""Fields of lists of people that sales need, as readers see them: owner, stages, and fields of what people lead to."""

from collections.abc import Iterator
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.crm.catalogue import Asking, relation_name
from onefold.crm.company_fields import field_of, fields_of
from onefold.crm.listed import LEADS, OF_COMPANIES, RecordFields
from onefold.crm.objects import Option
from onefold.crm.own_traits import listed_trait
from onefold.crm.page import choices_of
from onefold.crm.person_asking import SCORE, TRAIT
from onefold.crm.person_fields import BY_NAME, LIFECYCLE, OWNER, SALES, Known
from onefold.crm.references import ME
from onefold.crm.viewer import Doing, Reach
from onefold.filters.api import SEPARATOR
from onefold.lists.api import Choice, ListField, RelatedList

COMPANY: Final = "at_company"
TITLED: Final = (*SALES, "title", "language", "city", "country")
"""Traits that lists call by their titles."""


def listed_of_people(conn: Connection[Any], asking: Asking, known: Known) -> tuple[list[ListField], list[RelatedList]]:
    """The fields, those behind relations at the end; and the relations. Four statements."""
    relations = list(_relations(conn, asking))
    own = [*(_own(name, asking, known) for name in TITLED), _score()]
    own += [listed_trait(one, f"{TRAIT}{one.name}", str(_("Sales"))) for one in known.own]
    return [*own, *(field for one in relations for field in _behind(one))], relations


def labels_of_people(known: Known) -> dict[str, dict[Any, str]]:
    """What cells say of values, in the reader's language."""
    stages = known.lifecycle.options(with_archived=True)
    options = {name: stages if name == LIFECYCLE else BY_NAME[name].options for name in SALES}
    labels: dict[str, dict[Any, str]] = {
        f"{TRAIT}{name}": {one.value: str(one.title) for one in some} for name, some in options.items()
    }
    labels |= {f"{TRAIT}{one.name}": {o.value: str(o.title) for o in one.options} for one in known.own if one.options}
    return labels | {f"{TRAIT}{OWNER}": dict(known.users)}


def _own(name: str, asking: Asking, known: Known) -> ListField:
    field = BY_NAME[name]
    title, group = str(field.title), str(_("Sales"))
    if name not in SALES:
        return ListField(
            name=f"{TRAIT}{name}", title=title, kinds=("text", "present"), group=group, is_sortable=True,
            sort_note=str(_("Sorts lists of up to 10,000 people")),
        )  # fmt: skip
    return ListField(
        name=f"{TRAIT}{name}",
        title=title,
        kinds=("whole", "present"),
        group=group,
        is_sortable=True,
        sort_note=str(_("Sorts lists of up to 10,000 people")),
        options=tuple(_options(name, asking, known)),
    )


def _score() -> ListField:
    return ListField(
        name=SCORE, title=str(_("Score")), kinds=("number", "present"), group=str(_("Sales")), is_sortable=True,
        is_right=True, sort_note=str(_("Sorts lists of up to 10,000 people")),
    )  # fmt: skip


def _options(name: str, asking: Asking, known: Known) -> Iterator[Choice]:
    if name == OWNER:
        if asking.viewer.user_id is not None:
            yield Choice(ME, _("Me"))
        yield from (Choice(one, one) for one in known.owners)
        return
    options: tuple[Option, ...] = BY_NAME[name].options
    if name == LIFECYCLE:
        options = known.lifecycle.options(with_archived=True)
    yield from (Choice(one.value, str(one.title)) for one in options)


def _relations(conn: Connection[Any], asking: Asking) -> Iterator[RelatedList]:
    of_company = fields_of(conn)
    of_companies = [
        ListField(name=name, title=str(field_of(name.removeprefix("trait:"), of_company).title), kinds=kinds)
        for name, kinds in OF_COMPANIES
    ]
    yield RelatedList(name=COMPANY, title=_("Company"), fields=of_companies)
    choices = None
    for kind in asking.objects.values():
        if "person" in kind.by_name and asking.viewer.reach(kind.name, Doing.SEE) is not Reach.NONE:
            choices = choices or choices_of(conn)
            fields = RecordFields(asking, kind, choices).own_fields()
            yield RelatedList(name=relation_name(kind), title=str(kind.plural), fields=fields)


def _behind(relation: RelatedList) -> Iterator[ListField]:
    """Whether there is one at all, then each field of it."""
    yield ListField(name=relation.name, title=relation.title, kinds=("present",), group=relation.title)
    for field in relation.fields:
        yield ListField(
            name=f"{relation.name}{SEPARATOR}{field.name}",
            title=LEADS.format(relation.title, field.title),
            kinds=field.kinds,
            group=relation.title,
            options=field.options,
        )
