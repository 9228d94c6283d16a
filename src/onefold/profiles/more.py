"""What slices above say of people: fields that lead to their records, what values are called, who may edit whom.

They are above and can't be asked from here, so they hand it in when Django starts (`hand_in` in their `apps.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from psycopg import Connection
from psycopg.sql import Composable

from onefold.filters.api import Condition, Field
from onefold.lists.api import ListField, RelatedList

if TYPE_CHECKING:
    from onefold.accounts.api import Actor


@dataclass(frozen=True, kw_only=True)
class MoreFields:
    """Fields of lists of people for one reader. Where a name is one of ours, theirs counts.

    `asked`: name → what it is in SQL over `profile p` and `profile_traits t`; `orders`: name → what is sorted by, if
    not the value. `listed`: those to choose from, by name; `relations`: what leads to other records.
    """

    asked: Mapping[str, Field] = field(default_factory=dict)
    orders: Mapping[str, Composable] = field(default_factory=dict)
    listed: Mapping[str, ListField] = field(default_factory=dict)
    relations: Sequence[RelatedList] = ()
    labels: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)  # name → value → what a cell says
    shown: Mapping[str, Composable] = field(default_factory=dict)  # name → what a cell holds, as JSON, over `profile p`
    bulk: Mapping[str, str] = field(default_factory=dict)  # trait → title: what is changed for many at once
    mine: Condition | None = None  # whom the reader owns

    def label(self, name: str, value: object) -> object:
        """What a cell says of a value."""
        if isinstance(value, bool) or not isinstance(value, str | int):
            return value
        return self.labels.get(name, {}).get(value, value)


NOTHING_MORE = MoreFields()


class More(Protocol):
    """What a slice above has to say."""

    def fields(self, conn: Connection[Any], actor: "Actor") -> MoreFields:
        """For whoever asks."""

    def fields_of_user(self, conn: Connection[Any], user_id: int, *, is_masked: bool) -> MoreFields:
        """For a user whose export the worker makes: nothing that is said in words, as it knows no language."""

    def demand_edit(self, conn: Connection[Any], actor: "Actor", traits: Mapping[str, Any]) -> None:
        """Raises Rejected unless they may edit a person of these traits."""


_handed_in: list[More] = []


def hand_in(more: More) -> None:
    """From now on this is asked, too. Once, when the program starts."""
    if type(more) not in {type(one) for one in _handed_in}:
        _handed_in.append(more)


def more_fields(conn: Connection[Any], actor: "Actor") -> MoreFields:
    """All that was handed in."""
    return _joined([one.fields(conn, actor) for one in _handed_in])


def more_fields_of_user(conn: Connection[Any], user_id: int, *, is_masked: bool) -> MoreFields:
    """As `more_fields`."""
    return _joined([one.fields_of_user(conn, user_id, is_masked=is_masked) for one in _handed_in])


def demand_edit(conn: Connection[Any], actor: "Actor", traits: Mapping[str, Any]) -> None:
    """Raises what the first says that has something against it. `traits`: name → value."""
    for one in _handed_in:
        one.demand_edit(conn, actor, traits)


def _joined(found: Sequence[MoreFields]) -> MoreFields:
    if len(found) == 1:
        return found[0]
    return MoreFields(
        asked={name: one for each in found for name, one in each.asked.items()},
        orders={name: one for each in found for name, one in each.orders.items()},
        listed={name: one for each in found for name, one in each.listed.items()},
        relations=[one for each in found for one in each.relations],
        labels={name: one for each in found for name, one in each.labels.items()},
        shown={name: one for each in found for name, one in each.shown.items()},
        bulk={name: one for each in found for name, one in each.bulk.items()},
        mine=next((each.mine for each in found if each.mine is not None), None),
    )
