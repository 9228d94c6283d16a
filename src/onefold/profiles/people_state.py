"""The list of people: how it looks as it comes, read from an address."""

from dataclasses import replace
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from onefold.lists.api import Flag, ListKind, ListState, ListWords, OtherField, Parameters, Sort, fresh
from onefold.lists.api import state_of as list_state_of
from onefold.profiles.people_fields import TRAIT

PEOPLE: Final = ListKind(
    object="people",
    path="/people",
    columns=("name", "email", "phone", "company", "first_seen", "last_seen"),
    sort=Sort("last_seen"),
    phone_field="last_seen",
    flags=(Flag("who", "all"),),
    other=OtherField(TRAIT, _("Another trait:")),
    words=ListWords(
        all=_("All people"),
        search=_("Search people"),
        shared=_("Everybody who may see people sees this view"),
        match=_("People match when"),
    ),
)


def people_state(*, is_known: bool = True, **parts: Any) -> ListState:  # noqa: ANN401  (fields of ListState)
    """The list as it comes, but for `parts`. `is_known`: without anonymous people."""
    return replace(fresh(PEOPLE), flags=frozenset() if is_known else frozenset({"who"}), **parts)


def state_of(given: Parameters) -> ListState:
    """What an address asks for. Raises FilterRejected or ListRejected."""
    return list_state_of(PEOPLE, given)


def is_known(state: ListState) -> bool:
    """Whether anonymous people are left out."""
    return "who" not in state.flags


def turned(state: ListState) -> ListState:
    """The same list with anonymous people, or again without them."""
    return replace(state, flags=state.flags ^ {"who"})
