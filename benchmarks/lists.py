"""`people_list_p95`, `search_p95`: what a page of the list of people takes the web process's database calls.

Five lists as people save them and searches as they are typed; each is the call behind the page, `people_page`,
with its count. The million profiles get more traits first, as an import would have given them.
"""

import random
import time
from typing import Any, Final

from psycopg import Connection

from benchmarks.figures import Measuring, percentile, tell_times
from benchmarks.scale import Scale
from onefold.filters.api import AllOf, Number, OneOf, Recent
from onefold.profiles.api import list_page, list_state

ROUNDS: Final = 40
LISTS: Final[dict[str, Any]] = {
    "newest": {},
    "by name": {"sort": "name"},
    "plan is pro": {"tree": AllOf((OneOf("trait:plan", "is", ("pro",)),))},
    "rare city, by name": {"tree": AllOf((OneOf("trait:city", "is", ("City 7",)),)), "sort": "name"},
    "orders and seen": {"tree": AllOf((Number("trait:orders", "ge", 40), Recent("last_seen", "within", 3650)))},
}
VARY_SQL: Final = """
update {table} set traits = traits || jsonb_build_object(
    'plan', (array['free', 'pro', 'team'])[1 + abs(id % 3)], 'orders', abs(id % 50),
    'city', 'City ' || abs(id % 2000), 'tags', jsonb_build_array('t' || abs(id % 20), 'u' || abs(id % 7)))
"""


def vary(conn: Connection[Any]) -> None:
    """Four traits more for everybody. Autocommit."""
    for table in ("profile", "profile_traits"):
        conn.execute(VARY_SQL.format(table=table))
        conn.execute(f"vacuum (analyze) {table}")


def figures(conn: Connection[Any], scale: Scale) -> Measuring:
    """After `vary`."""
    r = random.Random(7)  # noqa: S311 made-up searches
    searches = [f"person {r.randrange(scale.people)}"[: r.randrange(8, 14)] for _ in range(ROUNDS)]
    searches += [f"user-{r.randrange(scale.people):08}" for _ in range(ROUNDS)]
    times = {name: [_ms(conn, **asked) for _ in range(ROUNDS)] for name, asked in LISTS.items()}
    for name, taken in times.items():
        tell_times(name, taken)
    found = [_ms(conn, query=query) for query in searches]
    tell_times("search", found)
    yield "people_list_p95", percentile([one for taken in times.values() for one in taken], 0.95)
    yield "search_p95", percentile(found, 0.95)


def _ms(conn: Connection[Any], **asked: Any) -> float:  # noqa: ANN401  (parts of a list)
    began = time.perf_counter()
    list_page(conn, list_state(**asked))
    return (time.perf_counter() - began) * 1000
