"""Who or what may be one: signs stand as hashes in a table, and pairs that share few ones' signs beside them.

Both follow from what is known, so they may be thrown away. A sign that many have, such as a switchboard's number, makes
no pairs.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from psycopg import Connection

from onefold.infra.postgres import load_queries
from onefold.kernel.errors import Rejected

MOST_SHARE: Final = 20
"""How many may have a sign, for it to make pairs."""
PAGE_SIZE: Final = 50
_MOST_KINDS: Final = (1 << 15) - 1
_LAST: Final = (1 << 63) - 1

Place = tuple[int, int, int]
"""(signs, a, b): behind which pair a page begins."""
FIRST_PLACE: Final[Place] = _MOST_KINDS, _LAST, _LAST


class Key(NamedTuple):
    """A sign that can be looked up: the same hash for all that have it. `kind`: a bit, the larger the surer."""

    h: int
    kind: int


class Pairing:
    """The signs and pairs of one kind of thing. `id`: the column of its ids."""

    def __init__(self, *, keys: str, pairs: str, id_column: str) -> None:
        names = {"keys": keys, "pairs": pairs, "id": id_column}
        self._queries = {
            name: text.format(**names) for name, text in load_queries("onefold.crm", "pairing.sql").items()
        }

    def bring_up(self, conn: Connection[Any], ids: Collection[int], now: Mapping[int, set[Key]]) -> None:
        """Make the signs of these what they are `now`, and the pairs of all that share what changed.

        Of one writer at a time. Cheap if nothing changed.
        """
        before: dict[int, set[Key]] = defaultdict(set)
        for one, key, kind in conn.execute(self._queries["keys"], {"ids": list(ids)}):
            before[one].add(Key(key, kind))
        changed = [one for one in ids if before[one] != now.get(one, set())]
        if not changed:
            return
        conn.execute(self._queries["forget_keys"], {"ids": changed})
        added = [(one, key) for one in changed for key in now.get(one, ())]
        if added:
            columns = {
                "ids": [one for one, _key in added],
                "keys": [key.h for _one, key in added],
                "kinds": [int(key.kind) for _one, key in added],
            }
            conn.execute(self._queries["add_keys"], columns)
        touched = sorted({key.h for one in changed for key in before[one] ^ now.get(one, set())})
        # of a sign that has just become too common, or is no longer, everybody's pairs change
        most = MOST_SHARE + len(changed) + 1
        sharing = [one for (one,) in conn.execute(self._queries["sharing"], {"keys": touched, "most": most})]
        around = sorted({*changed, *sharing})
        conn.execute(self._queries["forget_pairs"], {"ids": around})
        conn.execute(self._queries["add_pairs"], {"ids": around, "most": MOST_SHARE})

    def shared(self, conn: Connection[Any], a: int, b: int) -> int:
        """The signs that two share now, added up."""
        by_one: dict[int, set[int]] = defaultdict(set)
        kinds = 0
        for one, key, kind in conn.execute(self._queries["keys"], {"ids": [a, b]}):
            if any(key in keys for of, keys in by_one.items() if of != one):
                kinds |= kind
            by_one[one].add(key)
        return kinds


def place_text(place: Place) -> str:
    """For addresses."""
    return "_".join(map(str, place))


def place_of(text: str) -> Place | None:
    """What `place_text` wrote; None for the first page. Raises Rejected."""
    if not text:
        return None
    try:
        kinds, a, b = map(int, text.split("_"))
    except ValueError:
        kinds, a, b = -1, 0, 0
    if not 0 <= kinds <= _MOST_KINDS or max(abs(a), abs(b)) > _LAST:
        raise Rejected("There is no such page. Begin with the first, then follow `next`.")
    return kinds, a, b
