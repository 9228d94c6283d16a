"""A sales side on top of the million people: companies, deals, tasks, activities, with users, teams and rights.

Written by sets as the CRM's writers would leave it, uneven as business is: few owners have most deals, few companies
most people, young deals most activities. Takes some minutes at full scale.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from psycopg import Connection

from benchmarks.installation import copied
from benchmarks.scale import Scale
from benchmarks.traffic import START_US
from onefold.config import load_settings
from onefold.infra.postgres import connect, load_queries
from onefold.kernel.hashing import company_hash
from onefold.kernel.instants import instant_of
from onefold.programs.migrate import set_up_django

QUERIES: Final = load_queries("benchmarks", "crm.sql")
SEES_ALL: Final = "sees-all"
SEES_TEAM: Final = "sees-team"
PASSWORD: Final = "benchmarks of sales"  # noqa: S105 of a database that lives for minutes
TEAMS: Final = 8
INDUSTRIES: Final = ("Software", "Retail", "Logistics", "Health", "Energy", "Finance", "Food", "Media")
FIELDS: Final = (("tier", "choice"), ("seats", "number"), ("renews_on", "date"))
TIERS: Final = ("bronze", "silver", "gold")
_LATER: Final = ("task", "activity", "record_change")
"""Tables whose indexes are made after their rows."""


@contextmanager
def with_sales(url: str, data_dir: Path, scale: Scale) -> Iterator[str]:
    """Address of a copy of the database, with the sales side; Django is set up on it meanwhile."""
    with copied(url, "with_sales") as sales:
        _set_up(sales, data_dir)
        try:
            make_readers()
            with connect(sales, "benchmarks sales", autocommit=True) as conn:
                fill_sales(conn, scale)
            yield sales
        finally:
            _set_up(url, data_dir)


def make_readers() -> None:
    """Who sees everything, and who sees their teams' records. They own most deals."""
    from onefold.accounts.api import Role, create_user

    create_user(SEES_ALL, PASSWORD, role=Role.EDITOR)
    create_user(SEES_TEAM, PASSWORD, role=Role.SALES)


def _set_up(url: str, data_dir: Path) -> None:
    set_up_django(load_settings({"DATABASE_URL": url, "ONEFOLD_DATA_DIR": str(data_dir)}))


def fill_sales(conn: Connection[Any], scale: Scale) -> None:
    """Everything, on profiles of `traffic.fill`, after `make_readers`. Autocommit."""
    counts = {"deals": scale.deals, "people": scale.people, "tasks": scale.tasks, "activities": scale.activities}
    conn.execute("set maintenance_work_mem = '512MB'; set work_mem = '256MB'; select setseed(0.5)")
    _do(conn, "users")
    _do(conn, "teams", n=TEAMS)
    _do(conn, "members")
    options = json.dumps([{"value": one, "title": one} for one in TIERS])
    for place, (name, kind) in enumerate(FIELDS):
        _do(conn, "field", name=name, kind=kind, place=place, options=options if kind == "choice" else "[]")
    _do(conn, "pipeline")
    _do(conn, "stages")
    _companies(conn, scale.companies)
    _do(conn, "join_companies", companies=scale.companies)
    for name in ("memberships", "whom", "owners", "steps", "deals", "stays"):
        _do(conn, name, **counts)
    indexes = [row for table in _LATER for row in conn.execute(_INDEXES, [table]).fetchall()]
    for name, _definition in indexes:
        conn.execute(f"drop index {name}")
    for name in ("changes", "tasks", "activities"):
        _do(conn, name, **counts)
    for _name, definition in indexes:
        conn.execute(definition)
    _do(conn, "next_tasks")
    _do(conn, "shares", to=SEES_TEAM)
    conn.execute("vacuum (analyze)")
    conn.execute("checkpoint")


_INDEXES: Final = """
select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i
where i.indrelid = %s::regclass and not i.indisprimary
"""


def _companies(conn: Connection[Any], count: int) -> None:
    conn.execute("create temp table firm (n int primary key, h bigint)")
    seen = instant_of(START_US)
    with conn.cursor() as cursor:
        with cursor.copy("copy firm (n, h) from stdin") as copy:
            for n in range(count):
                copy.write_row((n, company_hash("", f"firm-{n}")))
        with cursor.copy("copy company (h, space, key, name, traits, first_seen, last_seen) from stdin") as copy:
            for n in range(count):
                traits = {
                    "name": f"Firm {n}", "domain": f"firm-{n}.example", "industry": INDUSTRIES[n % 8],
                    "employees": 1 + n * 7919 % 997, "city": f"City {n % 500}",
                    "country": ("DE", "RO", "FR", "US")[n % 4],
                }  # fmt: skip
                key = f"firm-{n}"
                copy.write_row((company_hash("", key), "", key, f"Firm {n}", json.dumps(traits), seen, seen))
    conn.execute("analyze company")


def _do(conn: Connection[Any], query: str, /, **given: Any) -> None:  # noqa: ANN401  (numbers and names)
    began = time.perf_counter()
    conn.execute(QUERIES[query], given)
    if (seconds := time.perf_counter() - began) > 1:
        print(f"  {query}: {seconds:.0f} s", file=sys.stderr, flush=True)
