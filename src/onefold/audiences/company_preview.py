"""What a rule of companies would give: how many, which, how many people belong to them. Nothing is kept."""

from datetime import UTC, datetime
from typing import Any

from onefold.audiences.checking import demand_begun
from onefold.audiences.live import load_scope
from onefold.audiences.preview import Asked, Preview, compared_with, parts_in
from onefold.audiences.references import counted_in
from onefold.audiences.rules import rule_of
from onefold.audiences.shown_companies import reach_of_companies
from onefold.audiences.work import Work


def preview_companies(work: Work, asked: Asked) -> Preview:
    """As `preview`; never a sample, for companies are few. `count` and `people` are of companies, `their_people` and
    whom one can reach are of their people. Raises RuleRejected, and what engines raise."""
    from onefold.audiences.company_compile import Companies, CompanyCounts  # heavy, as in `preview`
    from onefold.audiences.company_filling import counts_of
    from onefold.lake.reading import take_snapshot

    scope = load_scope(work.conn)
    rule = rule_of(asked.rule, scope, asked.own_id, is_of_companies=True)
    demand_begun(work.conn, rule)
    snapshot = take_snapshot(work.url, work.location, tables=("companies",))
    parts = parts_in(rule)
    common: dict[str, Any] = {
        "scope": scope, "now": asked.at or datetime.now(UTC), "counts": counts_of(work, counted_in(rule, scope)),
    }  # fmt: skip
    counts = work.engine.run(CompanyCounts(rules=list(parts.values()), **common), snapshot).table.to_pylist()[0]
    ids = work.engine.run(Companies(rule=rule, **common), snapshot).table["company_id"].to_numpy()
    their_people, with_email, with_phone = reach_of_companies(work.conn, ids.tolist())
    entering, leaving = compared_with(work.conn, asked, ids, None)
    return Preview(
        count=len(ids),
        people=counts["companies"],
        looked_at=counts["companies"],
        is_sampled=False,
        fresh_until=snapshot.taken_at,
        parts={place: counts[f"rule_{i}"] for i, place in enumerate(parts)},
        ids=ids,
        with_email=with_email,
        with_phone=with_phone,
        entering=entering,
        leaving=leaving,
        their_people=their_people,
    )
