"""People as they were at a past moment: who they are, what they allowed and where they belonged by what had happened
until then, folded by the same survivorship. Who is one person is as known today.

By the time at which things happened, as events are counted: what was received later of earlier times counts, what was
taken back doesn't. At most MAX_PEOPLE are looked at, and MAX_READ events of theirs read: of more people a sample by
chance.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec
import pyarrow as pa

from onefold.audiences.preview import SAMPLED_BUCKET
from onefold.audiences.shown import QUERIES
from onefold.audiences.work import Work
from onefold.events.api import Decoded, Flag, Kind, decode_rows
from onefold.identity.api import Node
from onefold.infra.arrays import bigints
from onefold.kernel.hashing import company_hash
from onefold.kernel.instants import MICROSECOND, instant_of, micros_of
from onefold.lake import plans as lake
from onefold.lake.delta import schema_of
from onefold.lake.tables import BUCKETS, PROFILES
from onefold.privacy.api import consents_at, consents_said
from onefold.profiles.api import Fragment, Names, company_named, golden_record, names_in_force

if TYPE_CHECKING:
    from onefold.lake.snapshot import Snapshot

MAX_PEOPLE: Final = 10_000
"""A share of people that is a half is then right to one in a hundred, nineteen times of twenty."""
MAX_PEOPLE_AT_ONCE: Final = 1_000
MAX_READ: Final = 100_000
"""Events that are decoded for one answer: some 5 s."""
MAX_EACH: Final = 5_000
"""Whoever has more of them is no person whom an estimate should wait for: they are left out."""
_COLUMNS: Final = (
    "event_id", "fragment_id", "received_at", "source_id", "trust", "flags", "ts", "message_id", "body", "profile_id",
)  # fmt: skip
_DECISIONS: Final = lake.Not(lake.OneOf(lake.Column("kind"), ("link", "retract")))
_ABOUT_THEM: Final = lake.OneOf(lake.Column("kind"), ("identify", "group"))
_OF_CONSENT: Final = lake.AnyOf(
    (
        lake.Text(lake.Column("body"), "contains", "onsent"),
        lake.Compare(lake.Column("flags"), ">=", int(Flag.GPC)),  # the highest bit
    )
)


@dataclass(frozen=True, kw_only=True)
class Past:
    """`snapshot`: with people as they were. `people`: how many there were then; `ids`: of whom these were looked at.
    `bucket`: whose events need be read; None = everybody's."""

    snapshot: "Snapshot"
    people: int
    ids: frozenset[int]
    bucket: int | None

    @property
    def is_sampled(self) -> bool:
        """Whether some of them weren't looked at."""
        return len(self.ids) < self.people


def past_of(work: Work, snapshot: "Snapshot", at: datetime, most: int = MAX_PEOPLE) -> Past:
    """People as of a moment. Cost: their identify and group events, decoded, and three questions to the engine."""
    at_us = micros_of(at)
    ids, people, bucket = _people(work, at, most)
    looked_at = _few_enough(work, snapshot, ids, at, _ABOUT_THEM)
    allowed, unsure = consents_at(work.conn, looked_at, at_us)
    read = _few_enough(work, snapshot, unsure, at, _OF_CONSENT)
    allowed |= _consents_read(work, snapshot, read, at)
    looked_at = [one for one in looked_at if one not in unsure or one in allowed]
    golden = _golden(work, snapshot, looked_at, at)
    rows = [
        {
            "bucket": record.id % BUCKETS, "profile_id": record.id, "name": record.name, "email": record.email,
            "phone": record.phone, "company_id": record.company, "is_known": record.is_known,
            "first_seen": instant_of(record.first_seen),
            "last_seen": instant_of(max(record.first_seen, record.last_seen)), "traits": record.traits,
            "consents": msgspec.json.encode(said).decode() if (said := allowed.get(record.id)) else None,
        }
        for record in golden
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows, schema_of(PROFILES.columns))
    files = replace(snapshot.tables[PROFILES.name], files=(), hot=table, replaced=None)
    then = replace(snapshot, tables={**snapshot.tables, PROFILES.name: files})
    is_whole = len(ids) == people
    return Past(
        snapshot=then,
        # who has no event by then that anybody may see isn't one of them
        people=len(rows) if is_whole and len(looked_at) == len(ids) else people,
        ids=frozenset(row["profile_id"] for row in rows),
        bucket=bucket,
    )


def _people(work: Work, at: datetime, most: int) -> tuple[list[int], int, int | None]:
    """Those of a sample who had been seen by then, how many that are in all, and the bucket that the sample is of, if
    it is of one. Ids are hashes, so those in order are people by chance."""
    (people,) = work.conn.execute(QUERIES["people_then"], {"at": at}).fetchone() or (0,)
    bucket = None if people <= most * BUCKETS else SAMPLED_BUCKET  # in one bucket there are enough
    parameters = {"at": at, "bucket": bucket, "buckets": BUCKETS, "limit": most}
    ids = [row[0] for row in work.conn.execute(QUERIES["ids_then"], parameters)]
    return ids, int(people), bucket


def _asked(ids: Collection[int], at: datetime) -> dict[str, Any]:
    """Of these people, until the moment itself."""
    return {"profiles": tuple(ids), "until": at.astimezone(UTC) + MICROSECOND}


def _few_enough(
    work: Work, snapshot: "Snapshot", ids: Collection[int], at: datetime, where: lake.Condition
) -> list[int]:
    """As many of these people as have MAX_READ such events together."""
    if not ids:
        return []
    plan = lake.Aggregate(
        metrics=(lake.Metric("n"),),
        dimensions=(lake.Output("profile_id", lake.Column("profile_id")),),
        where=where,
        **_asked(ids, at),
    )
    found = work.engine.run(plan, snapshot).table
    counts = dict(zip(found["profile_id"].to_pylist(), found["n"].to_pylist(), strict=True))
    kept, total = [], 0
    for one in ids:
        n = counts.get(one, 0)
        if n > MAX_EACH:
            continue
        total += n
        if total > MAX_READ:
            break
        kept.append(one)
    return kept


def _events(
    work: Work, snapshot: "Snapshot", ids: Collection[int], at: datetime, where: lake.Condition
) -> Iterator[tuple[int, int, Decoded]]:
    """Profile, fragment and event, of some people's."""
    if not ids:
        return
    columns = tuple(lake.Output(name, lake.Column(name)) for name in _COLUMNS)
    plan = lake.Rows(columns=columns, where=where, limit=MAX_READ, **_asked(ids, at))
    rows = work.engine.run(plan, snapshot).table.to_pylist()
    stored = decode_rows(
        (
            UUID(bytes=row["event_id"]), row["fragment_id"], micros_of(row["received_at"]), row["source_id"],
            row["trust"], row["flags"], micros_of(row["ts"]), row["message_id"], row["body"].encode(),
        )
        for row in rows
    )  # fmt: skip
    for row, one in zip(rows, stored, strict=True):
        yield row["profile_id"], one.fragment, one.event


def _consents_read(work: Work, snapshot: "Snapshot", ids: Collection[int], at: datetime) -> dict[int, dict[str, bool]]:
    """What people allowed of whom the ledger alone can't tell it; everybody asked for is there."""
    said: dict[int, list[Decoded]] = {one: [] for one in ids}
    for profile_id, _, event in _events(work, snapshot, ids, at, _OF_CONSENT):
        said[profile_id].append(event)
    return consents_said(work.conn, said)


def _golden(work: Work, snapshot: "Snapshot", ids: Collection[int], at: datetime) -> Iterator[Any]:
    """Their golden records; without who has no event by then."""
    if not ids:
        return
    names = names_in_force(work.conn)
    fragments, named, companies = _folded(names, _events(work, snapshot, ids, at, _ABOUT_THEM))
    spans = _spans(work, snapshot, ids, at)
    at_us, members = micros_of(at), dict[int, list[Node]]()
    for profile_id, h, ns, value, received in work.conn.execute(QUERIES["identifiers_of"], {"ids": bigints(list(ids))}):
        first, last = spans.get((profile_id, h), (None, None))
        if first is not None or received <= at_us or h in named:
            node = Node(h, ns, value, received, 0, profile_id, first_ts=first, last_ts=last)
            members.setdefault(profile_id, []).append(node)
    for profile_id, theirs in members.items():
        if any(one.first_ts is not None for one in theirs):
            claims = [fragments[one.h].claims for one in theirs if one.h in fragments]
            seen_in = companies.get(profile_id, {})
            yield golden_record(
                profile_id, theirs, claims, [(ts, h) for h, ts in seen_in.items()], names.priorities, names.config
            )


def _folded(
    names: Names, events: Iterable[tuple[int, int, Decoded]]
) -> tuple[dict[int, Fragment], set[int], Mapping[int, dict[int, int]]]:
    """Fragments; identifiers that these events name; of each profile its companies, and when it was seen there last."""
    fragments: dict[int, Fragment] = {}
    named: set[int] = set()
    companies: dict[int, dict[int, int]] = {}
    spaces = {source.id: source.user_space for source in names.sources.values()}
    for profile_id, fragment, event in events:
        if event.kind is Kind.GROUP:
            seen_in, h = companies.setdefault(profile_id, {}), company_hash(*company_named(event, spaces))
            seen_in[h] = max(seen_in.get(h, event.ts), event.ts)
        identifiers, _ = names.extractor.identifiers(event)
        named.update(one.h for one in identifiers)
        fragments.setdefault(fragment, Fragment()).add(event, ())
    return fragments, named, companies


def _spans(
    work: Work, snapshot: "Snapshot", ids: Collection[int], at: datetime
) -> dict[tuple[int, int], tuple[int, int]]:
    """(Profile, fragment) → its first and last event by then, in µs."""
    plan = lake.Aggregate(
        metrics=tuple(lake.Metric(f"{kind}_ts", kind, lake.Column("ts")) for kind in ("min", "max")),
        dimensions=tuple(lake.Output(name, lake.Column(name)) for name in ("profile_id", "fragment_id")),
        where=_DECISIONS,
        **_asked(ids, at),
    )
    return {
        (row["profile_id"], row["fragment_id"]): (micros_of(row["min_ts"]), micros_of(row["max_ts"]))
        for row in work.engine.run(plan, snapshot).table.to_pylist()
    }
