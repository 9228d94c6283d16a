"""Two companies are one, or two: decisions of an editor, which are events, and their undoing.

A merge is what one company's own event says of it, with a correction of what the editor chose to keep. People are
where their companies lead; deals, tasks and activities are led there by the database, and back.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import Actor, Permission, demand, name_of
from onefold.crm.company_duplicates import look_at_companies
from onefold.crm.errors import RecordRejected
from onefold.events.api import INTERNAL_SOURCE
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import NotFound
from onefold.kernel.hashing import event_id
from onefold.kernel.instants import instant_of
from onefold.profiles.api import (
    APART,
    MERGED_INTO,
    Company,
    companies_by_themselves,
    company_hash,
    current_values,
    decision_in,
    find_company,
    is_decision,
    keep_companies_apart,
    load_companies,
    merge_companies,
    merged_companies,
    names_in_force,
    undo_company_decision,
    unpack,
)

QUERIES: Final = load_queries("onefold.crm", "company_merging.sql")
MOST_DECIDED: Final = 2_000


@dataclass(frozen=True, kw_only=True)
class MergedCompany:
    """A decision about two companies. `company`: the one that stays, as it was; `is_seen`: whether its effect is to be
    seen already."""

    decision: UUID
    company: Company
    is_seen: bool


@dataclass(frozen=True, kw_only=True)
class CompanyDecision:
    """What somebody decided: that `b` was merged into `a`, or that they are two. `ts` in µs."""

    decision: UUID
    is_one: bool
    a: Company
    b: Company
    ts: int

    @property
    def at(self) -> datetime:
        """When."""
        return instant_of(self.ts)


def company_at(conn: Connection[Any], identifier: str) -> Company:
    """By `space:key`; of one that was merged the one that it is now. Raises NotFound."""
    found = None if "\0" in identifier else find_company(conn, *identifier.partition(":")[::2])
    if found is None:
        raise NotFound(_("No group call has named this company."))
    return found


def values_in(company: Company) -> dict[str, Any]:
    """Its traits by name."""
    values: dict[str, Any] = msgspec.json.decode(company.traits or "{}")
    return values


def merge(
    conn: Connection[Any], actor: Actor, ends: tuple[str, str], chosen: Mapping[str, str], *, once: UUID
) -> MergedCompany:
    """Log that the second of two companies (`space:key`) is the first, which has what each trait is `chosen` from: "a"
    or "b". A trait that isn't chosen stays the first's, if it has it.

    With the same `once` it is decided once. Raises RecordRejected if they are one already, NotFound, NotAllowed.
    """
    with _both(conn, actor, ends) as (a, b):
        mine, others = values_in(a), values_in(b)
        wanted = others | mine
        for name, side in chosen.items():
            value = (mine if side == "a" else others).get(name)
            if value is not None:
                wanted[name] = value
        documents = [unpack(doc) for _h, doc in _documents(conn, [a.h, b.h])]
        together = current_values(documents, names_in_force(conn).priorities)
        kept = {name: value for name, value in wanted.items() if together.get(name) != value and not is_decision(name)}
        is_seen = merge_companies(conn, a, b, kept, acting_user=name_of(actor), once=once)
        look_at_companies(conn, [a.h, b.h])
    return MergedCompany(decision=once, company=a, is_seen=is_seen)


def keep_apart(conn: Connection[Any], actor: Actor, ends: tuple[str, str], *, once: UUID) -> MergedCompany:
    """Log that two companies (`space:key`) are two, whatever they share. Raises as `merge` does."""
    with _both(conn, actor, ends) as (a, b):
        is_seen = keep_companies_apart(conn, a, b, acting_user=name_of(actor), once=once)
    return MergedCompany(decision=once, company=a, is_seen=is_seen)


def undo(conn: Connection[Any], actor: Actor, identifier: str, decision: UUID) -> MergedCompany:
    """Take back a decision about a company (`space:key`, as it was called when it was decided), and with it what was
    chosen to be kept. Safe to repeat. Raises NotFound, NotAllowed."""
    demand(actor, Permission.EDIT_PEOPLE)
    before = company_at(conn, identifier)
    of = _documents(conn, [company_hash(*identifier.partition(":")[::2])])
    if decision not in {number for _h, doc in of for _trait, number, _ts in _decisions(doc)}:
        if _is_taken_back(conn, decision):
            return MergedCompany(decision=decision, company=before, is_seen=True)
        raise NotFound(_("This decision isn't there to be undone, or isn't processed yet."))
    is_seen = undo_company_decision(conn, decision, acting_user=name_of(actor))
    after = company_at(conn, identifier)
    look_at_companies(conn, [before.h, after.h])
    return MergedCompany(decision=decision, company=after, is_seen=is_seen)


def decided(conn: Connection[Any]) -> list[CompanyDecision]:
    """What was decided, the newest first, of up to MOST_DECIDED companies. Each decision once."""
    rows = conn.execute(QUERIES["decided"], {"most": MOST_DECIDED}).fetchall()
    heads = load_companies(conn, [h for h, _doc in rows])
    found: dict[UUID, tuple[bool, int, int, int]] = {}
    for h, doc in rows:
        for trait, number, ts in _decisions(doc):
            if trait != MERGED_INTO:
                found.setdefault(number, (False, h, int(trait.removeprefix(APART)), ts))
            elif heads[h].h != h:
                found[number] = (True, heads[h].h, h, ts)
    shown = companies_by_themselves(conn, sorted({h for _is_one, a, b, _ts in found.values() for h in (a, b)}))
    listed = [
        CompanyDecision(decision=number, is_one=is_one, a=shown[a], b=shown[b], ts=ts)
        for number, (is_one, a, b, ts) in found.items()
        if a in shown and b in shown
    ]
    return sorted(listed, key=lambda one: one.ts, reverse=True)


def merged_here(conn: Connection[Any], company: Company, most: int = 50) -> list[CompanyDecision]:
    """What was merged into a company, by name, with the decision by which each can be itself again."""
    merged = merged_companies(conn, company.h, most)
    documents = dict(_documents(conn, [one.h for one in merged]))
    return [
        CompanyDecision(decision=number, is_one=True, a=company, b=one, ts=ts)
        for one in merged
        for trait, number, ts in _decisions(documents.get(one.h))
        if trait == MERGED_INTO
    ]


@contextmanager
def _both(conn: Connection[Any], actor: Actor, ends: tuple[str, str]) -> Iterator[tuple[Company, Company]]:
    """Two companies that nobody else edits meanwhile, locked in one order: two editors can't wait for each other."""
    demand(actor, Permission.EDIT_PEOPLE)
    first, second = (company_at(conn, end) for end in ends)
    locks = sorted({first.h, second.h})
    for h in locks:
        conn.execute("select pg_advisory_lock(%s)", [h])
    try:
        a, b = (company_at(conn, end) for end in ends)
        if a.h == b.h:
            raise RecordRejected(_("These two are one company already."))
        yield a, b
    finally:
        for h in locks:
            conn.execute("select pg_advisory_unlock(%s)", [h])


def _decisions(doc: bytes | None) -> Iterator[tuple[str, UUID, int]]:
    """What was decided of a company with this document: trait, message id, and when (µs)."""
    claims = unpack(doc)
    for trait in filter(is_decision, claims):
        said = decision_in(claims, trait)
        if said is not None:
            with suppress(ValueError, KeyError):  # events of ours say it by a UUID; others may stand in the log
                yield trait, UUID(str(said.value["decision"])), said.ts


def _is_taken_back(conn: Connection[Any], decision: UUID) -> bool:
    event = UUID(bytes=event_id(INTERNAL_SOURCE, str(decision)))
    return conn.execute(QUERIES["taken_back"], {"event": event}).fetchone() is not None


def _documents(conn: Connection[Any], hashes: list[int]) -> list[tuple[int, bytes | None]]:
    return conn.execute(QUERIES["documents"], {"hashes": hashes}).fetchall()
