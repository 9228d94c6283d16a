"""What the processor holds people against: live audiences and the metrics that they need, as one immutable object."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from psycopg import Connection

from onefold.audiences.companies import LiveCompanies, load_companies_live
from onefold.audiences.errors import RuleRejected
from onefold.audiences.evaluate import Evaluator
from onefold.audiences.folding import Folder
from onefold.audiences.metrics import Kept, Stored, kept_of
from onefold.audiences.rules import BOUNDS, Computed, Scope, with_purpose
from onefold.audiences.states import QUERIES, bits_of
from onefold.filters.api import Node, from_json
from onefold.infra.arrays import integers, texts
from onefold.infra.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True)
class LiveAudiences:
    """`versions`: of each live audience the version of its rule. `filling`: metrics of which older events are missing.

    `changing`: live audiences whose rule is new, so that people enter and leave by that. `paused`: by bits of their
    numbers those whose members stay as they are. All of these are of people; `companies`: what companies are held
    against.
    """

    epoch: int
    versions: dict[int, int]
    metrics: dict[int, Kept]
    filling: frozenset[int]
    evaluator: Evaluator = field(compare=False, repr=False)
    folder: Folder = field(compare=False, repr=False)
    changing: frozenset[int] = frozenset()
    paused: int = 0
    companies: LiveCompanies = field(default_factory=LiveCompanies)


def load_live(conn: Connection[Any], current: LiveAudiences | None = None) -> LiveAudiences:
    """As of now; `current` itself when nothing changed. Metrics that are new are folded from now on, so whoever calls
    this holds the log. Cost: one row, after a change some ms."""
    (epoch,) = conn.execute(QUERIES["epoch"]).fetchone() or (0,)
    if current is not None and current.epoch == epoch:
        return current
    if conn.execute(QUERIES["adopt"]).fetchall():  # if this is rolled back, the epoch that is remembered here never was
        (epoch, _) = conn.execute(QUERIES["raise_epoch"]).fetchone() or (0, None)
    folded = [row[:3] for row in conn.execute(QUERIES["metrics"]) if row[3]]
    if superseded := Stored(folded).superseded():  # what isn't kept up would be wrong
        conn.execute(QUERIES["drop_metrics"], {"numbers": integers(superseded)})
        folded = [row for row in folded if row[0] not in superseded]
    rows = conn.execute(QUERIES["live_rules"]).fetchall()
    rules = {number: with_purpose(read_rule(text), purpose) for number, _, text, purpose, _, _ in rows}
    scope = load_scope(conn)
    thresholds = dict(conn.execute(QUERIES["thresholds"]))
    stored = Stored(folded)
    faults = _note_faults(conn, {n: fault for n, rule in rules.items() if (fault := _fault_of(n, rule, scope, stored))})
    rows = [row for row in rows if row[0] not in faults]
    rules = {number: rule for number, rule in rules.items() if number not in faults}
    # whoever wasn't looked at while an audience was away, or a share began elsewhere, is looked at anew
    era = " ".join(f"{number}:{version}:{begun_at}" for number, version, _, _, _, begun_at in rows)
    era += " ".join(f"{key}:{value}" for key, value in sorted(thresholds.items()))
    metrics = {number: kept_of(key) for number, key, _ in folded}
    evaluator = Evaluator(rules, scope, stored, thresholds, era)
    asks_traits, asks_times = evaluator.asks_companies, evaluator.asks_company_times
    return LiveAudiences(
        epoch=epoch,
        versions={number: version for number, version, *_ in rows},
        metrics=metrics,
        filling=frozenset(number for number, _, is_complete in folded if not is_complete),
        evaluator=evaluator,
        folder=Folder(metrics),
        changing=frozenset(number for number, _, _, _, state, _ in rows if state == "filling"),
        paused=bits_of({*faults, *(row[0] for row in conn.execute(QUERIES["paused"]))}),
        companies=load_companies_live(conn, scope, evaluator.counts, asks_traits=asks_traits, asks_times=asks_times),
    )


def _fault_of(number: int, rule: Node, scope: Scope, stored: Stored) -> str:
    """Why a rule can't be asked, which was checked when it was stored; "" if it can."""
    try:
        Evaluator({number: rule}, scope, stored, {})
    except RuleRejected as fault:
        return str(fault)
    except RecursionError:
        return "The audiences refer to each other in a ring."
    return ""


def _note_faults(conn: Connection[Any], faults: dict[int, str]) -> dict[int, str]:
    """One rule that can't be asked doesn't stop the others, nor the events: its members stay as they are, and its page
    says why. The same faults."""
    ids = sorted(faults)
    conn.execute(QUERIES["note_unasked"], {"ids": integers(ids), "faults": texts([faults[one] for one in ids])})
    for number in ids:
        log.error("audience_not_asked", audience=number)  # its page says why
    return faults


def load_scope(conn: Connection[Any]) -> Scope:
    """What names in rules stand for today."""
    return Scope(
        audiences={
            number: with_purpose(read_rule(text), purpose)
            for number, text, purpose in conn.execute(QUERIES["all_rules"])
        },
        companies={number: read_rule(text) for number, text in conn.execute(QUERIES["all_company_rules"])},
        computed={name: msgspec.json.decode(text, type=Computed) for name, text in conn.execute(QUERIES["computed"])},
        purposes=frozenset(row[0] for row in conn.execute(QUERIES["purposes"])),
        lists=frozenset(row[0] for row in conn.execute(QUERIES["lists"])),
    )


def read_rule(text: str) -> Node:
    """A stored rule, which was checked when it was stored."""
    return from_json(text, BOUNDS)
