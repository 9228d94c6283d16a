"""What goes into the slow reference (events, configuration) and what comes out of it (a world): frozen values only.

Instants and spans are µs; instants since 1970 UTC. An `h` is the signed 64-bit hash of an identifier.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Literal, NewType

from onefold.kernel.hashing import identifier_hash

H = NewType("H", int)
EventKind = Literal["identify", "track", "link", "retract", "group"]
Rule = Literal["never", "always", "withdrawn"]
Refusal = Literal["never", "limit", "size", "shared"]
CompanyKey = tuple[str, str]  # the user space (the source's, unless the event names one), the group id

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True, order=True)
class Ident:
    """An identifier, normalised."""

    namespace: str
    value: str

    @property
    def h(self) -> H:
        """Its hash."""
        return H(identifier_hash(self.namespace, self.value))

    def __str__(self) -> str:
        return f"{self.namespace}={self.value}"


@dataclass(frozen=True, slots=True)
class Ev:
    """One delivery of an event. Two deliveries with the same `id` differ in nothing but `received_at`."""

    id: bytes  # 16, kernel.hashing.event_id(source_id, message_id)
    source_id: int
    message_id: str
    kind: EventKind
    ts: int
    received_at: int
    trust: int
    identifiers: tuple[Ident, ...] = ()  # of identify, track and group; none: a company's own
    traits: Mapping[str, object] | None = None  # of a person (identify) or a company (group)
    company: str | None = None  # group, and a company's own track: the group id
    space: str | None = None  # of the group id; None: the source's
    consents: tuple[tuple[str, bool], ...] = ()  # (purpose, granted), each purpose once
    is_statement: bool = False  # track: a decision of its own; else the consents are stamped on it
    rule: Rule | None = None  # link
    a: Ident | None = None  # link
    b: Ident | None = None  # link; never {a, a} isolates a
    retracted_source: int | None = None  # retract
    retracted_messages: tuple[str, ...] = ()  # retract


@dataclass(frozen=True, slots=True)
class Namespace:
    """What the configuration says of a namespace."""

    rank: int  # 0 = strongest
    is_unique: bool = False
    limit: int | None = None
    shared_above: int | None = None  # k


@dataclass(frozen=True, slots=True)
class Source:
    """What the reference needs of a source."""

    priority: int = 100  # the smaller wins
    user_space: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything but the events that a world depends on. A namespace that is missing is an error; a source is not."""

    namespaces: Mapping[str, Namespace]
    size_cap: int = 1_000
    busy_above: int = 300  # D
    sources: Mapping[int, Source] = field(default_factory=dict)

    def source(self, source_id: int) -> Source:
        """The source, or one as the table's defaults make it."""
        return self.sources.get(source_id, Source())


@dataclass(frozen=True, slots=True)
class Node:
    """An identifier as the world sees it."""

    ident: Ident
    rcv: int
    component: H  # raw component: h of its member with the smallest (rcv, rank, h)
    profile: H  # its cluster's anchor, also when that cluster is nobody's
    is_nobody: bool
    is_shared: bool
    is_busy: bool
    is_isolated: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """Two identifiers seen together, the stronger first in the key."""

    first: int
    trust: int
    rcv: int  # earliest receipt of its events
    refusal: Refusal | None  # None: joined or redundant; "shared": an end does not conduct


@dataclass(frozen=True, slots=True)
class Claim:
    """What a source says of a trait; null withdraws what it said before."""

    value: object
    ts: int
    received_at: int
    id: bytes


@dataclass(frozen=True, slots=True)
class Fragment:
    """The events whose strongest identifier is the same."""

    n: int
    first_ts: int
    last_ts: int
    claims: Mapping[tuple[str, int], Claim]  # by trait and source id; null claims too


@dataclass(frozen=True, slots=True)
class Value:
    """The winning claim for a trait."""

    value: object
    source_id: int
    ts: int


@dataclass(frozen=True, slots=True)
class Span:
    """From the first to the last event, by `ts`."""

    first_ts: int
    last_ts: int


@dataclass(frozen=True, slots=True)
class Profile:
    """One person."""

    members: frozenset[H]
    n: int  # events of its fragments
    seen: Span | None  # None: its identifiers are known from link events only
    traits: Mapping[str, Value]
    companies: Mapping[CompanyKey, Span]


@dataclass(frozen=True, slots=True)
class Company:
    """One company: the fold of its group events and of its own."""

    n: int
    seen: Span
    traits: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class World:
    """All that follows from a set of events and a configuration."""

    accepted: frozenset[tuple[bytes, int]]  # (id, received_at) of what is neither a duplicate nor taken back
    nodes: Mapping[H, Node]
    edges: Mapping[tuple[H, H], Edge]
    fragments: Mapping[H, Fragment]  # of identifiers that head at least one event
    profiles: Mapping[H, Profile]
    companies: Mapping[CompanyKey, Company]
    allows: Mapping[tuple[H, str], bool]  # by profile and purpose; what nobody spoke of is missing


def diff(expected: World, actual: World) -> list[str]:
    """Every difference, one sentence each; empty when the worlds are equal.

    Values are compared with their types: 1, 1.0 and True are three values.
    """
    names = {h: str(node.ident) for world in (actual, expected) for h, node in world.nodes.items()}
    lines = [f"event {_named(e, {})}: expected to be accepted, is not" for e in expected.accepted - actual.accepted]
    lines += [f"event {_named(e, {})}: accepted, not expected to be" for e in actual.accepted - expected.accepted]
    for what in ("nodes", "edges", "fragments", "profiles", "companies", "allows"):
        lines += _diff_mapping(what, getattr(expected, what), getattr(actual, what), names)
    return sorted(lines)


def _diff_mapping(
    what: str, expected: Mapping[object, object], actual: Mapping[object, object], names: Mapping[H, str]
) -> list[str]:
    lines = []
    for key in {**expected, **actual}:
        label = f"{what} {_named(key, names)}"
        if key not in actual:
            lines.append(f"{label}: missing, expected {_named(expected[key], names)}")
        elif key not in expected:
            lines.append(f"{label}: not expected, is {_named(actual[key], names)}")
        else:
            lines += [f"{label}: {line}" for line in _diff_fields(expected[key], actual[key], names)]
    return lines


def _diff_fields(expected: object, actual: object, names: Mapping[H, str]) -> list[str]:
    if not is_dataclass(expected):
        return [] if expected == actual else [f"expected {expected}, is {actual}"]
    pairs = [
        (f.name, _named(getattr(expected, f.name), names), _named(getattr(actual, f.name), names))
        for f in fields(expected)
    ]
    return [f"{name} expected {want}, is {got}" for name, want, got in pairs if want != got]


def _named(value: object, names: Mapping[H, str]) -> str:
    """A text that is the same for equal values only, whatever order their parts were put in; hashes become names."""
    if isinstance(value, Ident):
        return str(value)
    if is_dataclass(value):
        return ", ".join(f"{f.name}={_named(getattr(value, f.name), names)}" for f in fields(value))
    if isinstance(value, Mapping):
        return "{" + ", ".join(sorted(f"{_named(k, names)}: {_named(v, names)}" for k, v in value.items())) + "}"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(_named(v, names) for v in value)) + "}"
    if isinstance(value, list | tuple):
        return "(" + ", ".join(_named(v, names) for v in value) + ")"
    if isinstance(value, bytes):
        return value.hex()
    if type(value) is int and value in names:
        return names[H(value)]
    return repr(value)
