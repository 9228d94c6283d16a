"""Whom and what a record is about: what it takes over from its deal and its person, and how events name them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from onefold.crm.rules import Draft, Writing
from onefold.events.api import append_internal
from onefold.infra.postgres import load_queries
from onefold.profiles.api import identifiers_of, names_in_force

QUERIES: Final = load_queries("onefold.crm", "subjects.sql")


def take_over(writing: Writing, drafts: Sequence[Draft]) -> None:
    """A new record about a deal is about its person and company; one about a person about the person's company."""
    new = [draft for draft in drafts if draft.before is None]
    deals = sorted({draft.after["deal"] for draft in new if draft.after.get("deal")})
    if deals:
        of_deal = {row[0]: row[1:] for row in writing.conn.execute(QUERIES["of_deals"], {"ids": deals})}
        for draft in new:
            person, company = of_deal.get(draft.after.get("deal"), (None, None))
            if draft.after["person"] is None and draft.after["company"] is None:
                draft.after["person"] = person
            if draft.after["company"] is None:
                draft.after["company"] = company
    alone = [draft for draft in new if draft.after["person"] and draft.after["company"] is None]
    people = sorted({draft.after["person"] for draft in alone})
    if people:
        companies = dict(writing.conn.execute(QUERIES["companies_of"], {"anchors": people}).fetchall())
        for draft in alone:
            draft.after["company"] = companies.get(draft.after["person"])


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that somebody did in the CRM, for the log. `key` makes it the same message when it is sent again."""

    event: str
    key: str
    at: datetime
    person: int | None  # anchor
    company: int | None
    properties: Mapping[str, Any]


def log_facts(writing: Writing, facts: Iterable[Fact]) -> None:
    """As events of Onefold's own source: of the person, else of the company. What is about nobody isn't logged."""
    told = [one for one in facts if one.person is not None or one.company is not None]
    if not told:
        return
    names = names_in_force(writing.conn)
    people = identifiers_of(writing.conn, names, {one.person for one in told if one.person is not None})
    hashes = sorted({one.company for one in told if one.company is not None})
    companies = {row[0]: row[1:] for row in writing.conn.execute(QUERIES["companies"], {"hashes": hashes})}
    events = []
    for one in told:
        named: dict[str, Any] = {}
        if one.person in people:
            anchor = people[one.person]
            named["context"] = {"externalIds": [{"type": anchor.namespace, "id": anchor.value}]}
        if one.company in companies:
            named["space"], named["groupId"] = companies[one.company]
        if named:
            properties = {name: value for name, value in one.properties.items() if value not in (None, "", [])}
            head = {"type": "track", "event": one.event, "messageId": f"crm-{writing.act}-{one.key}"}
            events.append(head | named | {"properties": properties, "timestamp": one.at.isoformat()})
    if events:
        append_internal(writing.conn, events, acting_user=writing.viewer.name, is_audited=True)


def usernames(conn: Connection[Any], ids: Iterable[int | None]) -> dict[int, str]:
    """What users are called (primary key)."""
    wanted = sorted({one for one in ids if one is not None})
    return dict(conn.execute(QUERIES["usernames"], {"ids": wanted}).fetchall()) if wanted else {}
