"""The slice's door: lists of records of any kind. Free of Django but for its texts; the pages come in by `urls`.

A slice describes its kind (`ListKind`), says which fields a reader has (`OpenList`), gives `list_urls` the way to it,
and shows its rows in a page of the templates `lists/….html`, which `list_context` fills.
"""

from onefold.lists.context import go, is_part, list_addresses, list_context
from onefold.lists.fields import ANYTHING, Choice, FixedFields, ListField, ListFields, OpenList, RelatedList
from onefold.lists.kinds import UNFILTERED, Flag, ListKind, ListWords, OtherField, Shown, Sort
from onefold.lists.mates import hand_in_mates
from onefold.lists.rows import Cell, chips, shown_columns
from onefold.lists.state import (
    MAX_QUERY,
    ListRejected,
    ListState,
    Parameters,
    fresh,
    sort_of,
    state_of,
)
from onefold.lists.views import KeptView, SeenBy, kept_views

__all__ = [
    "ANYTHING",
    "MAX_QUERY",
    "UNFILTERED",
    "Cell",
    "Choice",
    "FixedFields",
    "Flag",
    "KeptView",
    "ListField",
    "ListFields",
    "ListKind",
    "ListRejected",
    "ListState",
    "ListWords",
    "OpenList",
    "OtherField",
    "Parameters",
    "RelatedList",
    "SeenBy",
    "Shown",
    "Sort",
    "chips",
    "fresh",
    "go",
    "hand_in_mates",
    "is_part",
    "kept_views",
    "list_addresses",
    "list_context",
    "shown_columns",
    "sort_of",
    "state_of",
]
