"""What a rule would give: how many, whom, how they can be reached, who would enter and leave. Nothing is kept."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from psycopg import Connection

from onefold.audiences.checking import demand_begun
from onefold.audiences.evaluate import key_of_share
from onefold.audiences.live import load_scope
from onefold.audiences.membership import member_ids
from onefold.audiences.references import counted_in
from onefold.audiences.rules import BOUNDS, Scope, rule_of, shares_in, with_purpose
from onefold.audiences.shown import QUERIES
from onefold.audiences.work import Work
from onefold.filters.api import Group, Node
from onefold.infra.arrays import bigints
from onefold.lake.tables import BUCKETS

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from onefold.audiences.past import Past
    from onefold.lake.snapshot import Snapshot

    Ids = NDArray[np.int64]

SAMPLED_BUCKET: Final = 7
SAMPLE: Final = 5
DEVIATIONS: Final = 1.96
"""Of a normal distribution: within so many lie nineteen of twenty."""
MAX_LISTED: Final = 2 * BOUNDS.conditions
"""Parts that are counted: every condition that a rule may have, and as many groups."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked. `rule`: the document. `is_sampled`: a sixteenth of all people is looked at, of past ones fewer.

    `at`: as of which moment, aware; None = now. `compared_to`: an audience, of whose members it is told who would leave
    and who would enter.
    """

    rule: str | bytes | Mapping[str, Any]
    purpose: str
    is_sampled: bool = False
    at: datetime | None = None
    compared_to: int | None = None
    own_id: int | None = None
    is_of_companies: bool = False


@dataclass(frozen=True, kw_only=True)
class Preview:
    """How many are in; of a sample all figures are extrapolated. `fresh_until`: everything processed by then counts.

    `looked_at`: of how many people that is known. `parts`: by place in the tree how many meet that part alone. `ids`:
    of those who were looked at; so are `entering` and `leaving`, which are empty of a past that is sampled.
    `their_people`: of companies.
    """

    count: int
    people: int
    looked_at: int
    is_sampled: bool
    fresh_until: datetime
    parts: dict[str, int]
    ids: "Ids"
    with_email: int
    with_phone: int
    entering: "Ids"
    leaving: "Ids"
    their_people: int = 0

    @property
    def bounds(self) -> tuple[int, int]:
        """Between these the count lies, nineteen times of twenty (Wilson's interval, 1927, for a sample of so many
        people); if everybody was looked at it is the count, of nobody looked at anything."""
        if not self.is_sampled:
            return self.count, self.count
        if not self.looked_at:
            return 0, self.people
        n, found, others = self.looked_at, len(self.ids), self.people - self.looked_at
        share, z = found / n, DEVIATIONS * math.sqrt(max(0, others) / max(1, self.people - 1))
        middle, half = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        least, most = ((middle + side) / (1 + z * z / n) for side in (-half, half))
        # those who were found are there, those who were looked at and weren't found aren't
        return (
            max(found, math.floor(least * self.people)),
            max(found, min(self.people - (n - found), math.ceil(most * self.people))),
        )


def preview(work: Work, asked: Asked) -> Preview:
    """Raises RuleRejected, and what engines raise. Cost: one question to the engine, and some bytes for
    everybody; sampled a sixteenth of that. Of the past besides what `past_of` costs."""
    if asked.is_of_companies:
        from onefold.audiences.company_preview import preview_companies

        return preview_companies(work, asked)
    # heavy: the program of the pages loads them when somebody asks
    from onefold.audiences.company_filling import counts_of
    from onefold.audiences.compile import Memberships
    from onefold.audiences.filling import lists_of
    from onefold.lake.reading import take_snapshot

    scope = load_scope(work.conn)
    rule = rule_of(asked.rule, scope, asked.own_id)
    demand_begun(work.conn, rule)
    whole = with_purpose(rule, asked.purpose)
    taken = take_snapshot(work.url, work.location, tables=("profiles", "companies"))
    snapshot, now, past = taken, asked.at or datetime.now(UTC), None
    bucket = SAMPLED_BUCKET if asked.is_sampled else None
    if asked.at is not None:
        past = _past(work, taken, asked)
        snapshot, bucket = past.snapshot, past.bucket
    common: dict[str, Any] = {"scope": scope, "now": now, "bucket": bucket, "lists": lists_of(work, whole, scope)}
    common["counts"] = counts_of(work, counted_in(whole, scope))
    common["thresholds"] = thresholds_of(work, snapshot, whole, scope, now, bucket)
    parts = parts_in(rule)
    everybody = work.engine.run(Memberships(rules=[whole, *parts.values()], **common), snapshot).table
    ids, looked_at = everybody.filter(everybody["rule_0"])["profile_id"].to_numpy(), everybody.num_rows
    is_sampled = asked.is_sampled if past is None else past.is_sampled
    people = past.people if past is not None else _everybody(work.conn) if is_sampled else looked_at
    times = people / looked_at if is_sampled and looked_at else 1
    with_email, with_phone = _reach(work.conn, ids) if past is None else _reach_then(past, ids)
    is_partial = past is not None and is_sampled
    entering, leaving = compared_with(work.conn, replace(asked, compared_to=None) if is_partial else asked, ids, bucket)
    return Preview(
        count=round(len(ids) * times),
        people=people,
        looked_at=looked_at,
        is_sampled=is_sampled,
        fresh_until=snapshot.taken_at,
        parts={place: round(_how_many(everybody[f"rule_{i + 1}"]) * times) for i, place in enumerate(parts)},
        ids=ids,
        with_email=round(with_email * times),
        with_phone=round(with_phone * times),
        entering=entering,
        leaving=leaving,
    )


def _everybody(conn: Connection[Any]) -> int:
    """How many people there are. Cost: 80 ms a million."""
    (people,) = conn.execute(QUERIES["everybody"]).fetchone() or (0,)
    return int(people)


def _how_many(is_in: "pa.ChunkedArray") -> int:
    return sum(chunk.true_count for chunk in is_in.chunks)


def thresholds_for(work: Work, rule: Node, scope: Scope, now: datetime) -> dict[str, float | None]:
    """As `thresholds_of`, of everybody at present; asks the engine only if the rule has a share of people."""
    if not any(shares_in(rule, scope)):
        return {}
    from onefold.lake.reading import take_snapshot

    snapshot = take_snapshot(work.url, work.location, tables=("profiles", "companies"))
    return thresholds_of(work, snapshot, rule, scope, now, None)


def _past(work: Work, snapshot: "Snapshot", asked: Asked) -> "Past":
    from onefold.audiences.past import MAX_PEOPLE, MAX_PEOPLE_AT_ONCE, past_of  # heavy, as above

    assert asked.at is not None  # noqa: S101  (who asks has looked)
    return past_of(work, snapshot, asked.at, MAX_PEOPLE_AT_ONCE if asked.is_sampled else MAX_PEOPLE)


def thresholds_of(
    work: Work, snapshot: "Snapshot", rule: Node, scope: Scope, now: datetime, bucket: int | None
) -> dict[str, float | None]:
    """What the shares of people in a rule begin at."""
    from onefold.audiences.compile import Share

    found: dict[str, float | None] = {}
    for share in shares_in(rule, scope):
        plan = Share(share=share, scope=scope, now=now, bucket=bucket)
        found[key_of_share(share)] = work.engine.run(plan, snapshot).table["value"][0].as_py()
    return found


def parts_in(rule: Node) -> dict[str, Node]:
    """Conditions and groups by their place; of more than MAX_LISTED the innermost groups are left out."""
    groups: dict[str, Node] = {}
    leaves: dict[str, Node] = {}
    rank = [("where", rule)]
    while rank:
        for at, node in rank:
            (groups if isinstance(node, Group) else leaves)[at] = node
        rank = [(f"{at}.of[{i}]", one) for at, node in rank if isinstance(node, Group) for i, one in enumerate(node.of)]
    return leaves | dict(islice(groups.items(), MAX_LISTED - len(leaves)))


def _reach(conn: Connection[Any], ids: "Ids") -> tuple[int, int]:
    """With an e-mail address, with a phone number."""
    if not len(ids):
        return 0, 0
    with_email, with_phone, _ = conn.execute(QUERIES["reach"], {"ids": bigints(ids.tolist())}).fetchone() or (0, 0, 0)
    return with_email, with_phone


def _reach_then(past: "Past", ids: "Ids") -> tuple[int, int]:
    """As `_reach`, by what was known then."""
    wanted, rows = frozenset(ids.tolist()), past.snapshot.tables["profiles"].hot
    found = [row for row in (rows.to_pylist() if rows is not None else []) if row["profile_id"] in wanted]
    return sum(bool(row["email"]) for row in found), sum(bool(row["phone"]) for row in found)


def compared_with(conn: Connection[Any], asked: Asked, ids: "Ids", bucket: int | None) -> tuple["Ids", "Ids"]:
    import numpy as np

    if asked.compared_to is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    before = np.array(member_ids(conn, asked.compared_to), np.int64)
    if bucket is not None:
        before = before[before % BUCKETS == bucket]
    return np.setdiff1d(ids, before), np.setdiff1d(before, ids)
