"""Promoted columns: properties of events that are columns of their own. Which, under what name, and their values. Pure.

The JSON of an event stays the truth: a column holds the property where it is of the column's type, and null elsewhere.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from onefold.kernel.errors import Rejected
from onefold.lake.tables import PROPERTY_PREFIX, Column

TYPES: Final = ("string", "double", "boolean")
MAX_PROMOTED: Final = 30
MIN_SAMPLED: Final = 1_000
"""Fewer events say nothing of what is frequent."""
MIN_SHARE: Final = 0.01
"""Of the events that were looked at, so many carry a property that is promoted."""
MIN_OF_TYPE: Final = 0.95
MAX_MEAN_BYTES: Final = 200
"""Longer texts are seldom counted or grouped by, and would lie in every file twice."""
MAX_NAME: Final = 500
_MAX_SLUG: Final = 50


class PromotionRejected(Rejected):
    """This property can't be promoted, or not so."""

    code = "promotion_rejected"


class Promoted(NamedTuple):
    """A property of events that is a column: `type` is one of TYPES."""

    name: str
    column: str
    type: str


class Seen(NamedTuple):
    """How often a property was seen, and as what. `n_bytes`: of its values in JSON."""

    name: str
    n: int = 0
    n_text: int = 0
    n_number: int = 0
    n_boolean: int = 0
    n_other: int = 0
    n_bytes: int = 0

    def usual_type(self) -> tuple[str, float]:
        """The type of most values, and their share."""
        counts = zip((self.n_text, self.n_number, self.n_boolean), TYPES, strict=True)
        most, kind = max(counts, key=lambda pair: pair[0])
        return kind, most / self.n if self.n else 0.0


def worth_promoting(seen: Collection[Seen], sampled: int, room: int) -> list[tuple[str, str]]:
    """Name and type of properties that deserve a column, the most frequent first, at most `room`."""
    if sampled < MIN_SAMPLED:
        return []
    found = []
    for one in sorted(seen, key=lambda one: (-one.n, one.name)):
        kind, share = one.usual_type()
        is_worth = one.n >= MIN_SHARE * sampled and share >= MIN_OF_TYPE and one.n_bytes <= MAX_MEAN_BYTES * one.n
        if is_worth and is_promotable(one.name):
            found.append((one.name, kind))
    return found[: max(room, 0)]


def is_promotable(name: str) -> bool:
    """Whether a property of this name can be a column at all."""
    return 0 < len(name) <= MAX_NAME and "\0" not in name


def column_name(name: str, taken: Collection[str]) -> str:
    """A new column's name: lower-case ASCII, because some readers of Delta don't tell cases apart."""
    plain = unicodedata.normalize("NFKD", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).encode("ascii", "ignore")
    slug = re.sub(r"[^a-z0-9]+", "_", plain.decode().lower()).strip("_")[:_MAX_SLUG].strip("_") or "property"
    column, place = PROPERTY_PREFIX + slug, 1
    while column in taken:
        place += 1
        column = f"{PROPERTY_PREFIX}{slug}_{place}"
    return column


def promoted_column(one: Promoted) -> Column:
    """The column of the table that a promoted property is."""
    return Column(one.column, one.type, f"The property `{one.name}`; null if it is missing or no {one.type}", True)


def values_sql(promoted: Sequence[Promoted]) -> str:
    """The JSON texts of these properties out of `body`, a list, for DuckDB: the body is read once for all of them."""
    paths = ", ".join(_quoted(_path(one.name)) for one in promoted)
    return f"try(json_extract(body, [{paths}]))::varchar[]"


def columns_sql(promoted: Sequence[Promoted], values: str) -> Iterator[str]:
    """Each property as its column, out of `values` (what `values_sql` gave)."""
    for one, value in zip(promoted, bare_columns_sql(promoted, values), strict=True):
        yield f'{value} as "{one.column}"'


def bare_columns_sql(promoted: Sequence[Promoted], values: str) -> Iterator[str]:
    """As `columns_sql`, without the columns' names."""
    for place, one in enumerate(promoted, start=1):
        yield _value_sql(one.type, f"{values}[{place}]")


def _value_sql(kind: str, found: str) -> str:
    match kind:
        case "string":
            return f"case when starts_with({found}, '\"') then json_extract_string({found}, '$') end"
        case "double":
            return f"try_cast({found} as double)"
    return f"case {found} when 'true' then true when 'false' then false end"


def _path(name: str) -> str:
    """In DuckDB's words. A star stands for any key in a path, even quoted, and for itself in a JSON pointer."""
    if "*" in name:
        return "/properties/" + name.replace("~", "~0").replace("/", "~1")
    return '$."properties"."' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
