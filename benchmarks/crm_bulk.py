"""`crm_bulk`: deals a second through the CRM's only writers, as an import and a bulk edit use them.

Each round makes a thousand deals and changes them, with people, companies and owners looked up, rules, history, facts
for the log and the audit's entry. Nothing else of Onefold runs.
"""

import random
import sys
import time
from typing import Any, Final

from psycopg import Connection

from benchmarks.crm_data import SEES_ALL, TIERS
from benchmarks.figures import Measuring, median_of
from benchmarks.scale import Scale
from benchmarks.traffic import user

ROWS: Final = 1_000
STAGES: Final = "select id from stage where pipeline = 1 and state = 'open' order by place"


def figures(conn: Connection[Any], scale: Scale) -> Measuring:
    """The median of rounds. Needs `django.setup()`; autocommit."""
    from onefold.accounts.models import User
    from onefold.crm.access import viewer_of
    from onefold.crm.records import change_records, create_records
    from onefold.crm.schema import object_named

    r = random.Random(11)  # noqa: S311 made-up deals
    viewer, kind = viewer_of(conn, User.objects.get(username=SEES_ALL)), object_named(conn, "deal")
    stages = [str(stage) for (stage,) in conn.execute(STAGES)]
    rounds = []
    for n in range(scale.bulk_rounds + 1):
        rows = [_deal(r, scale, f"{n}-{row}", stages) for row in range(ROWS)]
        began = time.perf_counter()
        ids = create_records(conn, kind, rows, viewer=viewer).ids
        made = time.perf_counter()
        changes = {one: _change(r, stages) for one in ids}
        changed = change_records(conn, kind, changes, viewer=viewer)
        ended = time.perf_counter()
        print(f"  made {ROWS / (made - began):,.0f}/s, changed {ROWS / (ended - made):,.0f}/s", file=sys.stderr)
        if len(changed.ids) != ROWS:
            raise RuntimeError(f"Of {ROWS} deals {len(changed.ids)} were changed.")
        rounds.append(2 * ROWS / (ended - began))
    yield median_of("crm_bulk", rounds[1:])  # the first fills memories


def _deal(r: random.Random, scale: Scale, name: str, stages: list[str]) -> dict[str, Any]:
    return {
        "name": f"Import {name}",
        "stage": stages[0],
        "amount": f"{r.randrange(100, 50_000)}.50",
        "currency": "EUR",
        "close_on": f"2027-{r.randrange(1, 13):02}-{r.randrange(1, 29):02}",
        "owner": f"seller-{r.randrange(1, 49)}",
        "company": f":firm-{r.randrange(scale.companies)}",
        "person": f"user_id:{user(r.randrange(scale.people))}",
        "source": "partner",
        "tier": r.choice(TIERS),
        "seats": str(r.randrange(1, 500)),
    }


def _change(r: random.Random, stages: list[str]) -> dict[str, Any]:
    """Another stage, amount, next step and number of seats."""
    return {
        "stage": stages[2],
        "amount": f"{r.randrange(100, 50_000)}.75",
        "next_step": "Send the offer",
        "seats": str(500 + r.randrange(1, 500)),
    }
