"""What a rule would give: how many, whom, how they can be reached, who would enter and leave. Nothing is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from psycopg import Connection

from onefold.audiences.actions import demand_begun
from onefold.audiences.evaluate import key_of_share
from onefold.audiences.live import load_scope
from onefold.audiences.references import counted_in
from onefold.audiences.rules import Scope, rule_of, shares_in, with_purpose
from onefold.audiences.shown import QUERIES
from onefold.audiences.work import Work
from onefold.filters.api import Group, Node
from onefold.infra.arrays import bigints
from onefold.lake.tables import BUCKETS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from onefold.lake.snapshot import Snapshot

    Ids = NDArray[np.int64]

SAMPLED_BUCKET: Final = 7
SAMPLE: Final = 5
MAX_LISTED: Final = 50


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked. `rule`: the document. `is_sampled`: only a sixteenth of all people is looked at.

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

    `parts`: by place in the tree how many meet that part alone. `ids`: of those who were looked at. `their_people`: of
    companies.
    """

    count: int
    people: int
    is_sampled: bool
    fresh_until: datetime
    parts: dict[str, int]
    ids: "Ids"
    with_email: int
    with_phone: int
    entering: "Ids"
    leaving: "Ids"
    their_people: int = 0


def preview(work: Work, asked: Asked) -> Preview:
    """Raises RuleRejected, and what engines raise. Cost: two questions to the engine; sampled a sixteenth of that."""
    if asked.is_of_companies:
        from onefold.audiences.company_preview import preview_companies

        return preview_companies(work, asked)
    # heavy: the program of the pages loads them when somebody asks
    from onefold.audiences.company_filling import counts_of
    from onefold.audiences.compile import Counts, Members
    from onefold.audiences.filling import lists_of
    from onefold.lake.reading import take_snapshot

    scope = load_scope(work.conn)
    rule = rule_of(asked.rule, scope, asked.own_id)
    demand_begun(work.conn, rule)
    whole = with_purpose(rule, asked.purpose)
    snapshot = take_snapshot(work.url, work.location, tables=("profiles", "companies"))
    now = asked.at or datetime.now(UTC)
    bucket = SAMPLED_BUCKET if asked.is_sampled else None
    common: dict[str, Any] = {"scope": scope, "now": now, "bucket": bucket, "lists": lists_of(work, whole, scope)}
    common["counts"] = counts_of(work, counted_in(whole, scope))
    common["thresholds"] = thresholds_of(work, snapshot, whole, scope, now, bucket)
    parts = dict(parts_in(rule, "where"))
    counts = work.engine.run(Counts(rules=[whole, *parts.values()], **common), snapshot).table.to_pylist()[0]
    ids = work.engine.run(Members(rule=whole, **common), snapshot).table["profile_id"].to_numpy()
    times = BUCKETS if asked.is_sampled else 1
    with_email, with_phone = _reach(work.conn, ids)
    entering, leaving = compared_with(work.conn, asked, ids, bucket)
    return Preview(
        count=len(ids) * times,
        people=counts["people"] * times,
        is_sampled=asked.is_sampled,
        fresh_until=snapshot.taken_at,
        parts={place: counts[f"rule_{i + 1}"] * times for i, place in enumerate(parts)},
        ids=ids,
        with_email=with_email * times,
        with_phone=with_phone * times,
        entering=entering,
        leaving=leaving,
    )


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


def parts_in(node: Node, at: str) -> list[tuple[str, Node]]:
    """Groups and leaves with their places, at most MAX_LISTED."""
    found = [(at, node)]
    if isinstance(node, Group):
        for i, one in enumerate(node.of):
            found += parts_in(one, f"{at}.of[{i}]")
    return found[:MAX_LISTED]


def _reach(conn: Connection[Any], ids: "Ids") -> tuple[int, int]:
    """With an e-mail address, with a phone number."""
    if not len(ids):
        return 0, 0
    with_email, with_phone, _ = conn.execute(QUERIES["reach"], {"ids": bigints(ids.tolist())}).fetchone() or (0, 0, 0)
    return with_email, with_phone


def compared_with(conn: Connection[Any], asked: Asked, ids: "Ids", bucket: int | None) -> tuple["Ids", "Ids"]:
    import numpy as np

    if asked.compared_to is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    from onefold.audiences.filling import QUERIES as FILLING

    before = np.array([row[0] for row in conn.execute(FILLING["members"], {"id": asked.compared_to})], np.int64)
    if bucket is not None:
        before = before[before % BUCKETS == bucket]
    return np.setdiff1d(ids, before), np.setdiff1d(before, ids)
