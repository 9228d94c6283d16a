"""A few words to write small histories by hand: instants in seconds, identifiers as `namespace=value`."""

from collections.abc import Mapping

from onefold.kernel.hashing import event_id

from .world import SECOND, Config, Ev, EventKind, Ident, Namespace, Rule, Source, World

INTERNAL, SHOP, APP, CRM = 1, 2, 3, 4
PUBLIC, SIGNED, SECRET = 0, 1, 2

# The specification's table.
NAMESPACES = {
    "crm:id": Namespace(0, is_unique=True, limit=1),
    "user_id": Namespace(10, is_unique=True, limit=1),
    "app:user_id": Namespace(10, is_unique=True, limit=1),
    "email": Namespace(20, limit=5, shared_above=3),
    "phone": Namespace(30, limit=5, shared_above=3),
    "device_id": Namespace(40, shared_above=1),
    "advertising_id": Namespace(45, shared_above=1),
    "anonymous_id": Namespace(50, shared_above=1),
}
SOURCES = {INTERNAL: Source(10), SHOP: Source(100), APP: Source(100, "app"), CRM: Source(20)}


def config(*, size_cap: int = 1_000, busy_above: int = 300, **changed: Namespace) -> Config:
    """The specification's defaults, but for what is given; namespaces by name."""
    return Config({**NAMESPACES, **changed}, size_cap, busy_above, SOURCES)


def ident(name: str) -> Ident:
    """`email=a` as an identifier."""
    return Ident(*name.split("=", 1))


def seen(
    at: float,
    *names: str,
    ts: float | None = None,
    trust: int = SECRET,
    source: int = SHOP,
    kind: EventKind = "track",
    traits: Mapping[str, object] | None = None,
    company: str | None = None,
    message: str | None = None,
) -> Ev:
    """An event that names identifiers, received at `at`."""
    message = message or f"{at} {names} {kind}"
    return Ev(
        id=event_id(source, message),
        source_id=source,
        message_id=message,
        kind=kind,
        ts=round((at if ts is None else ts) * SECOND),
        received_at=round(at * SECOND),
        trust=trust,
        identifiers=tuple(ident(n) for n in names),
        traits=traits,
        company=company,
    )


def says(at: float, who: str, traits: Mapping[str, object], *, ts: float | None = None, source: int = SHOP) -> Ev:
    """An identify with traits."""
    return seen(at, who, ts=ts, source=source, kind="identify", traits=traits)


def link(at: float, rule: Rule, a: str, b: str, *, ts: float | None = None) -> Ev:
    """A steward's word on a pair."""
    message = f"{at} {rule} {a} {b}"
    return Ev(
        id=event_id(INTERNAL, message),
        source_id=INTERNAL,
        message_id=message,
        kind="link",
        ts=round((at if ts is None else ts) * SECOND),
        received_at=round(at * SECOND),
        trust=SECRET,
        rule=rule,
        a=ident(a),
        b=ident(b),
    )


def retract(at: float, *events: Ev, message: str | None = None) -> Ev:
    """Takes back events of one source."""
    (source,) = {e.source_id for e in events}
    message = message or f"{at} retract"
    return Ev(
        id=event_id(INTERNAL, message),
        source_id=INTERNAL,
        message_id=message,
        kind="retract",
        ts=round(at * SECOND),
        received_at=round(at * SECOND),
        trust=SECRET,
        retracted_source=source,
        retracted_messages=tuple(e.message_id for e in events),
    )


def people(world: World) -> list[str]:
    """Each profile's members, sorted: `["email=a user_id=1", "user_id=2"]`."""
    return sorted(" ".join(sorted(str(world.nodes[h].ident) for h in p.members)) for p in world.profiles.values())


def nobodies(world: World) -> list[str]:
    """Identifiers without a profile."""
    return sorted(str(n.ident) for n in world.nodes.values() if n.is_nobody)


def refusals(world: World) -> dict[str, str]:
    """The refused edges: `{"user_id=1 email=a": "limit"}`, the stronger end first."""
    return {
        f"{world.nodes[a].ident} {world.nodes[b].ident}": edge.refusal
        for (a, b), edge in world.edges.items()
        if edge.refusal is not None
    }


def anchor(world: World, name: str) -> str:
    """The identifier that gives the profile of this one its id."""
    return str(world.nodes[world.nodes[ident(name).h].profile].ident)


def traits(world: World, name: str) -> dict[str, object]:
    """The winning values of the profile of this identifier."""
    return {t: v.value for t, v in world.profiles[world.nodes[ident(name).h].profile].traits.items()}
