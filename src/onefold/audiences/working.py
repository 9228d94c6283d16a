"""What pages and the API ask the engine with: one engine a process, a connection of the pool."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.conf import settings
from psycopg import Connection

from onefold.audiences.asked import Person
from onefold.audiences.evaluate import Evaluator, metrics_of
from onefold.audiences.folding import KINDS, Folder, State
from onefold.audiences.live import load_scope
from onefold.audiences.metrics import Stored
from onefold.audiences.preview import thresholds_of
from onefold.audiences.rules import with_purpose
from onefold.audiences.shown_companies import count_of_person
from onefold.audiences.states import load_people
from onefold.audiences.work import Work
from onefold.events.api import Kind
from onefold.filters.api import Node
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound
from onefold.kernel.instants import micros_of
from onefold.lake.engine import Engine, engine_of
from onefold.lake.location import Location, location_of
from onefold.lake.plans import Column, Output, Rows
from onefold.privacy.api import consents_in_force

if TYPE_CHECKING:
    from onefold.lake.snapshot import Snapshot

MAX_EVENTS: Final = 200_000
"""Of one person whom a rule is explained for: the newest."""
_COLUMNS: Final = ("fragment_id", "event_id", "ts", "kind", "name", "body")


class Happening(NamedTuple):
    """As much of an event as is folded. `ts` in µs."""

    kind: Kind
    name: str
    ts: int
    id: bytes
    body: bytes


class Case(NamedTuple):
    """A person, and the evaluator of one rule with all that it asks of them."""

    person: Person
    evaluator: Evaluator
    rule: Node
    now_us: int


class _Here(Work):
    """Of this program. Where the database and the lake are is looked up when the engine is needed: a rule that is
    refused needs neither."""

    def __init__(self, conn: Connection[Any]) -> None:
        object.__setattr__(self, "conn", conn)
        object.__setattr__(self, "clock", lambda: datetime.now(UTC))

    @property
    def url(self) -> str:
        return str(settings.ONEFOLD.database.address())

    @property
    def location(self) -> Location:
        return location_of(settings.ONEFOLD)

    @property
    def engine(self) -> Engine:
        return _engine()


@contextmanager
def working() -> Iterator[Work]:
    """A connection of the pool, and this process's engine."""
    with pooled() as conn:
        yield _Here(conn)


@cache
def _engine() -> Engine:
    onefold = settings.ONEFOLD
    return engine_of(onefold.engine, onefold.database.data_dir / "tmp")


def case_of(work: Work, rule: Node, purpose: str, profile_id: int) -> Case:
    """Everything that a rule, kept or not, asks of one person; from all their events. Raises NotFound.

    Cost: the person's buckets of the lake; some 50 ms.
    """
    from onefold.lake.reading import take_snapshot  # heavy: the program of the pages loads it when somebody asks

    scope, whole = load_scope(work.conn), with_purpose(rule, purpose)
    person = load_people(work.conn, [profile_id], with_lists=True).get(profile_id)
    if person is None:
        raise NotFound("There is no such person.")
    snapshot = take_snapshot(work.url, work.location, tables=("profiles", "companies"))
    thresholds = thresholds_of(work, snapshot, whole, scope, work.clock(), None)
    evaluator = Evaluator({0: whole}, scope, Stored.only(metrics_of([whole], scope)), thresholds)
    person.consents = consents_in_force(work.conn, [profile_id]).get(profile_id, {})
    person.company_counts = count_of_person(work.conn, profile_id, {one.audience for one in evaluator.counts})
    person.states = list(_states(work, snapshot, profile_id, evaluator.folder).values())
    return Case(person, evaluator, whole, micros_of(work.clock()))


def _states(work: Work, snapshot: "Snapshot", profile_id: int, folder: Folder) -> dict[int, State]:
    plan = Rows(
        columns=tuple(Output(name, Column(name)) for name in _COLUMNS), profiles=(profile_id,), limit=MAX_EVENTS
    )
    states: dict[int, State] = {}
    for row in work.engine.run(plan, snapshot).table.to_pylist():
        kind = KINDS.get(row["kind"])
        if kind is not None:
            happened = Happening(kind, row["name"], micros_of(row["ts"]), row["event_id"], row["body"].encode())
            folder.fold(states.setdefault(row["fragment_id"], {}), happened)
    return states
