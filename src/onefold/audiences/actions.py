"""What users do to audiences: each in one transaction, checked, kept with all its versions, and in the audit log.

Nothing here decides who is in: what changed is noted, and the processor and `filling.py` go on from there.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import Connection

from onefold.accounts.api import audit
from onefold.audiences.checking import checked, demand_started, naming
from onefold.audiences.errors import AudienceInUse, AudienceRejected, RuleRejected, VersionConflict
from onefold.audiences.evaluate import metrics_of
from onefold.audiences.live import load_scope, read_rule
from onefold.audiences.metrics import key_of, metric_of, needed
from onefold.audiences.references import leading_to, named_in, parts_of
from onefold.audiences.rules import (
    COMPUTED,
    Computed,
    check_computed,
    with_purpose,
)
from onefold.audiences.states import CHANGES as QUERIES
from onefold.audiences.states import QUERIES as STREAM
from onefold.audiences.states import load_stored, look_at, wake_processor
from onefold.filters.api import AtCompany, Condition, Listed, Node, TopShare, to_json
from onefold.infra.arrays import bigints
from onefold.infra.waking import wake
from onefold.kernel.errors import Broken, NotFound

MAX_NAME: Final = 120
MAX_DESCRIPTION: Final = 2_000
MAX_LIST: Final = 100_000
RULES_LOCK: Final = 0x0F01D_06
TASK: Final = "audiences:fill"


class Audience(NamedTuple):
    """A row, locked. `state`: draft, filling, live, paused. `faults`: times in a row that it could not be filled.
    `is_of_companies`: its members are companies."""

    id: int
    name: str
    description: str
    state: str
    version: int
    live_version: int | None
    faults: int
    is_of_companies: bool
    is_trashed: bool


class Wanted(NamedTuple):
    """What an audience shall be. `rule`: the document `{"v": 1, "where": …}`. `purpose`: of companies ""."""

    name: str
    purpose: str
    rule: str | bytes | Mapping[str, Any]
    description: str = ""
    is_of_companies: bool = False


@contextmanager
def changing_rules(conn: Connection[Any]) -> Iterator[None]:
    """A transaction that changes what rules ask for, or what there is for them: one after another, so that what was
    checked still holds when it is stored."""
    with conn.transaction():
        conn.execute(QUERIES["lock_rules"], {"lock": RULES_LOCK})
        yield


def create_audience(conn: Connection[Any], wanted: Wanted, *, acting_user: str) -> int:
    """A draft: nobody is in before it is started. Raises RuleRejected, AudienceRejected."""
    with changing_rules(conn):
        name, description = _named(conn, wanted.name, wanted.description, None)
        rule = checked(conn, wanted.rule, wanted.purpose, None, wanted.is_of_companies)
        parameters = {
            "name": name, "description": description, "user": acting_user, "is_of_companies": wanted.is_of_companies,
        }  # fmt: skip
        (number,) = conn.execute(QUERIES["insert_audience"], parameters).fetchone() or (0,)
        _add_version(conn, number, 1, rule, wanted.purpose, acting_user)
        audit(conn, actor=acting_user, action="audience.created", target=f"audience:{number}", details={"name": name})
    return int(number)


def change_rule(
    conn: Connection[Any],
    number: int,
    rule: str | bytes | Mapping[str, Any],
    purpose: str,
    *,
    acting_user: str,
    seen_version: int | None = None,
) -> int:
    """Give it another rule; returns the version, the same if nothing changed. Of a live one the old rule stays in force
    until everything that the new one needs is there.

    `seen_version`: the version that the user changed; raises VersionConflict if somebody else was faster. Raises
    RuleRejected.
    """
    with changing_rules(conn):
        audience = demand_version(conn, number, seen_version)
        tree = checked(conn, rule, purpose, number, audience.is_of_companies)
        before = conn.execute(QUERIES["version"], {"id": number, "version": audience.version}).fetchone()
        if before is not None and (read_rule(before[0]), before[1]) == (tree, purpose):
            return audience.version
        version = audience.version + 1
        _add_version(conn, number, version, tree, purpose, acting_user)
        conn.execute(QUERIES["set_version"], {"id": number, "version": version})
        if audience.state in ("filling", "live"):
            _fill(conn, number, tree, purpose)
        details = {"version": version}
        audit(conn, actor=acting_user, action="audience.changed", target=f"audience:{number}", details=details)
    return version


def describe_audience(conn: Connection[Any], number: int, name: str, description: str, *, acting_user: str) -> None:
    """Another name or description. Raises AudienceRejected, NotFound."""
    with changing_rules(conn):
        lock_audience(conn, number)
        name, description = _named(conn, name, description, number)
        conn.execute(QUERIES["describe"], {"id": number, "name": name, "description": description})
        audit(conn, actor=acting_user, action="audience.renamed", target=f"audience:{number}", details={"name": name})


def start_audience(conn: Connection[Any], number: int, *, acting_user: str) -> None:
    """From draft or pause: fill it by its latest rule, then keep it; one that could not be filled is tried again now.
    Safe to repeat. Raises RuleRejected, NotFound."""
    with changing_rules(conn):
        audience = lock_audience(conn, number)
        if audience.state == "live" or (audience.state == "filling" and not audience.faults):
            return
        text, purpose = _version(conn, number, audience.version)
        _fill(conn, number, checked(conn, text, purpose, number, audience.is_of_companies), purpose)
        audit(conn, actor=acting_user, action="audience.started", target=f"audience:{number}")


def pause_audience(conn: Connection[Any], number: int, *, acting_user: str) -> None:
    """Its members stay as they are until it is started again; one that never was in force is a draft again. Safe to
    repeat. Raises AudienceRejected for a draft."""
    with conn.transaction():
        audience = lock_audience(conn, number)
        if audience.state == "draft":
            raise AudienceRejected("A draft has no members to keep. Start it first.")
        if audience.state != "paused":
            state = "draft" if audience.live_version is None else "paused"
            conn.execute(QUERIES["set_state"], {"id": number, "state": state})
            conn.execute(STREAM["raise_epoch"])
            audit(conn, actor=acting_user, action="audience.paused", target=f"audience:{number}")


def put_in_force(conn: Connection[Any], audience: int, version: int) -> None:
    """From now on this rule holds, and so do others for those that ask it: whom that concerns is looked at."""
    with changing_rules(conn):
        conn.execute(QUERIES["put_in_force"], {"id": audience, "version": version})
        if others := sorted(leading_to(audience, naming(conn))):
            conn.execute(QUERIES["check_again"], {"ids": others})
        conn.execute(STREAM["raise_epoch"])


def trash_audience(conn: Connection[Any], number: int, *, acting_user: str) -> None:
    """Take it away, with its members, who leave it; `restore_audience` brings it back. Raises AudienceInUse while
    another audience asks for it."""
    with changing_rules(conn):
        audience = lock_audience(conn, number)
        if users := used_by(conn, number):
            raise AudienceInUse(
                f"Other audiences ask who is in this one: {', '.join(str(one) for one in users)}. Change those first."
            )
        conn.execute(QUERIES["trash"], {"id": number})
        if audience.is_of_companies:
            conn.execute(QUERIES["look_at_companies"], {"id": number})
        else:
            look_at(conn, members=[number])
        conn.execute(STREAM["raise_epoch"])
        audit(conn, actor=acting_user, action="audience.removed", target=f"audience:{number}")


def restore_audience(conn: Connection[Any], number: int, *, acting_user: str) -> tuple[str, bool, str]:
    """Bring back what was taken away, with all its versions. One that had been started is filled again, unless what it
    asks for is gone by now; others, and paused ones, are drafts. Returns its name, with a number if another one is
    called so by now; whether it is a draft; and why, if it had been started."""
    with changing_rules(conn):
        audience = lock_audience(conn, number, is_trashed=True)
        name = _free_name(conn, audience.name, number)
        restored = conn.execute(QUERIES["restore"], {"id": number, "name": name}).fetchone()
        is_draft, why = not (restored and restored[0]), ""
        if not is_draft:
            text, purpose = _version(conn, number, audience.version)
            try:
                tree = checked(conn, text, purpose, number, audience.is_of_companies)
            except RuleRejected as fault:
                is_draft, why = True, str(fault)
            else:
                _fill(conn, number, tree, purpose)
        details = {"name": name, "is_draft": is_draft}
        audit(conn, actor=acting_user, action="audience.restored", target=f"audience:{number}", details=details)
    return name, is_draft, why


def restore_version(conn: Connection[Any], number: int, version: int, *, acting_user: str) -> int:
    """Make an earlier rule the newest; returns its new number. Raises NotFound, RuleRejected."""
    text, purpose = _version(conn, number, version)
    return change_rule(conn, number, text, purpose, acting_user=acting_user)


def create_computed(conn: Connection[Any], name: str, computed: Computed, *, acting_user: str) -> None:
    """A computed trait, kept from now on and of older events. Raises RuleRejected, AudienceRejected."""
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME or "\0" in name or ":" in name:
        raise AudienceRejected(f"A computed trait needs a name of at most {MAX_NAME} characters, without a colon.")
    with changing_rules(conn):
        document = msgspec.json.encode(computed).decode()
        try:
            computed = msgspec.json.decode(document, type=Computed)  # with the bounds of each piece
        except msgspec.ValidationError as fault:
            raise AudienceRejected(f"The computed trait can't be read: {fault}.") from fault
        check_computed(computed, load_scope(conn))
        parameters = {"name": name, "definition": document, "user": acting_user}
        if conn.execute(QUERIES["insert_computed"], parameters).fetchone() is None:
            raise AudienceRejected(f"There is a computed trait {name!r} already. Give this one another name.")
        _need(conn, [key_of_computed(computed)])
        audit(conn, actor=acting_user, action="computed_trait.created", target=f"computed_trait:{name}")


def delete_computed(conn: Connection[Any], name: str, *, acting_user: str) -> None:
    """Keep it no longer. Raises AudienceInUse while an audience asks for it, NotFound."""
    with changing_rules(conn):
        if users := askers(conn).get(f"{COMPUTED}{name}"):
            raise AudienceInUse(f"Audiences ask for this trait: {', '.join(map(str, users))}. Change those first.")
        if conn.execute(QUERIES["delete_computed"], {"name": name}).fetchone() is None:
            raise NotFound("There is no such computed trait.")
        conn.execute(STREAM["raise_epoch"])
        audit(conn, actor=acting_user, action="computed_trait.deleted", target=f"computed_trait:{name}")


def create_list(conn: Connection[Any], name: str, hashes: Sequence[int], *, acting_user: str) -> int:
    """An uploaded list of identifiers, by their hashes. Raises AudienceRejected."""
    if not 0 < len(name.strip()) <= MAX_NAME or "\0" in name:
        raise AudienceRejected(f"A list needs a name of at most {MAX_NAME} characters.")
    if not 0 < len(hashes) <= MAX_LIST:
        raise AudienceRejected(f"A list has between 1 and {MAX_LIST:,} identifiers, this one {len(hashes):,}.")
    with changing_rules(conn):
        row = conn.execute(QUERIES["insert_list"], {"name": name.strip(), "user": acting_user}).fetchone()
        number = int(row[0]) if row else 0
        conn.execute(QUERIES["insert_entries"], {"id": number, "hashes": bigints(sorted(set(hashes)))})
        conn.execute(STREAM["raise_epoch"])
        details = {"name": name.strip(), "identifiers": len(set(hashes))}
        audit(conn, actor=acting_user, action="audience_list.created", target=f"list:{number}", details=details)
    return number


def delete_list(conn: Connection[Any], number: int, *, acting_user: str) -> None:
    """Raises AudienceInUse while an audience asks for it, NotFound."""
    with changing_rules(conn):
        if users := askers(conn).get(number):
            raise AudienceInUse(f"Audiences ask for this list: {', '.join(map(str, users))}. Change those first.")
        if conn.execute(QUERIES["delete_list"], {"id": number}).fetchone() is None:
            raise NotFound("There is no such list.")
        audit(conn, actor=acting_user, action="audience_list.deleted", target=f"list:{number}")


def note_export(conn: Connection[Any], number: int, form: str, *, acting_user: str) -> None:
    """Somebody takes its members out."""
    with conn.transaction():
        details = {"format": form}
        audit(conn, actor=acting_user, action="audience.exported", target=f"audience:{number}", details=details)


def lock_audience(conn: Connection[Any], number: int, *, is_trashed: bool = False) -> Audience:
    """Raises NotFound; for one that was taken away, too, unless that is what is wanted."""
    row = conn.execute(QUERIES["lock"], {"id": number}).fetchone()
    if row is None or row[-1] is not is_trashed:
        raise NotFound("There is no such audience." if not is_trashed else "There is no such audience in the trash.")
    return Audience(*row)


def demand_version(conn: Connection[Any], number: int, seen_version: int | None) -> Audience:
    """Locked. Raises VersionConflict if somebody else was faster than who changed this version, NotFound."""
    audience = lock_audience(conn, number)
    if seen_version is not None and seen_version != audience.version:
        raise VersionConflict(
            f"Somebody changed this audience meanwhile: it is at version {audience.version}, you changed"
            f" {seen_version}. Look at the newer version and change that."
        )
    return audience


def used_by(conn: Connection[Any], number: int) -> list[int]:
    """Audiences whose rule asks who is in this one."""
    rules = conn.execute(QUERIES["every_rule"])
    return sorted({other for other, text, _ in rules if number in named_in(read_rule(text))})


def askers(conn: Connection[Any]) -> dict[str | int, list[int]]:
    """The audiences, drafts too, whose own rule asks for a computed trait (by its field) or a list (by its number)."""
    found: dict[str | int, list[int]] = {}
    for number, text, _ in conn.execute(QUERIES["every_rule"]):
        asked: set[str | int] = set()
        for leaf in parts_of(read_rule(text)):
            if isinstance(leaf, Listed):
                asked.add(leaf.list)
            elif isinstance(leaf, Condition | TopShare) and leaf.field.startswith(COMPUTED):
                asked.add(leaf.field)
        for one in asked:
            found.setdefault(one, []).append(number)
    return {one: sorted(set(numbers)) for one, numbers in found.items()}


def forget_metrics(conn: Connection[Any]) -> int:
    """Keep no longer what no audience and computed trait asks for; how many metrics went. Safe to repeat."""
    with changing_rules(conn):
        scope = load_scope(conn)
        rows = conn.execute(QUERIES["standing_rules"])  # without a purpose: of companies, which need none
        rules = [with_purpose(read_rule(text), purpose) for _, text, purpose in rows if purpose]
        keys = {*metrics_of(rules, scope), *(key_of_computed(one) for one in scope.computed.values())}
        kept = keys | load_stored(conn).serving(keys)
        gone = conn.execute(QUERIES["delete_metrics"], {"keys": sorted(kept)}).fetchall()
        if gone:
            conn.execute(STREAM["raise_epoch"])
    return len(gone)


def key_of_computed(computed: Computed) -> str:
    """Of the metric that a computed trait is read off."""
    measured = (computed.event, computed.measure, computed.window, computed.property, computed.property_type)
    return key_of(metric_of(*measured))


def _fill(conn: Connection[Any], number: int, rule: Node, purpose: str) -> None:
    demand_started(conn, rule)
    rules = [with_purpose(rule, purpose)] if purpose else []  # of companies nothing is kept of events
    _need(conn, metrics_of(rules, load_scope(conn)))
    conn.execute(QUERIES["set_state"], {"id": number, "state": "filling"})


def _need(conn: Connection[Any], keys: Any) -> None:  # noqa: ANN401  (any iterable of keys)
    conn.execute(QUERIES["insert_metrics"], {"keys": sorted(needed(keys, load_stored(conn).numbers))})
    conn.execute(STREAM["raise_epoch"])
    wake_processor(conn)
    wake(conn, TASK)


def _named(conn: Connection[Any], name: str, description: str, own_id: int | None) -> tuple[str, str]:
    name, description = name.strip(), description.strip()
    if not 0 < len(name) <= MAX_NAME or len(description) > MAX_DESCRIPTION or "\0" in name + description:
        raise AudienceRejected(
            f"An audience needs a name of at most {MAX_NAME} characters, and a description of at most"
            f" {MAX_DESCRIPTION:,}."
        )
    row = conn.execute(QUERIES["name_taken"], {"name": name, "id": own_id}).fetchone()
    if row and row[0]:
        raise AudienceRejected(f"There is an audience {name!r} already. Give this one another name.")
    return name, description


def _free_name(conn: Connection[Any], name: str, own_id: int) -> str:
    """This name, or the first with a number that no other audience has."""
    for n in count(1):
        tried = name if n == 1 else f"{name[: MAX_NAME - len(f' ({n})')].rstrip()} ({n})"
        row = conn.execute(QUERIES["name_taken"], {"name": tried, "id": own_id}).fetchone()
        if not (row and row[0]):
            return tried
    raise Broken("There is always another number.")


def _add_version(conn: Connection[Any], number: int, version: int, rule: Node, purpose: str, user: str) -> None:
    parameters = {"id": number, "version": version, "rule": to_json(rule), "purpose": purpose, "user": user}
    conn.execute(QUERIES["insert_version"], parameters)
    if any(isinstance(leaf, AtCompany) for leaf in parts_of(rule)):
        conn.execute(QUERIES["watch_companies"], {"id": number})


def _version(conn: Connection[Any], number: int, version: int) -> tuple[str, str]:
    row = conn.execute(QUERIES["version"], {"id": number, "version": version}).fetchone()
    if row is None:
        raise NotFound("This audience has no such version.")
    return row[0], row[1]
