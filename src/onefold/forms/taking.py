"""The collector's side: forms in memory, submissions into the log, counts. Asynchronous; light."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from onefold.events.api import NewRow, Trust, append_rows_async, stored_body
from onefold.forms.answers import Checked, Sent
from onefold.forms.definition import Definition, definition_from, traits_of
from onefold.forms.said import Heard, campaign_title, events_of, path_of, person_of
from onefold.infra.postgres import load_queries
from onefold.infra.waking import wake_async

QUERIES: Final = load_queries("onefold.forms", "submissions.sql")
MAIL_TASK: Final = "forms:send_confirmations"
MAX_HELD: Final = 1_000
"""Of a form that are kept aside: what a bot sends beyond that is counted only."""
MAX_WAITING: Final = 20_000
HELD_DAYS: Final = 30
WAITING_DAYS: Final = 7
MAILS_A_DAY: Final = 3
"""To one address: forms must not be a way to fill somebody's mailbox."""
_encode: Final = msgspec.json.Encoder().encode


class LiveForm(NamedTuple):
    """A published form."""

    id: int
    key: str
    name: str
    version: int
    definition: Definition
    secret: bytes
    source_id: int
    lane: int
    ip_policy: str
    origins: tuple[str, ...]  # the form's, else its source's; () = every one


class Came(NamedTuple):
    """What arrived with a submission besides what it says."""

    ip: str
    user_agent: str
    received_at: int  # µs
    has_gpc: bool
    nonce: bytes | None


async def read_forms(conn: AsyncConnection[Any]) -> dict[str, LiveForm]:
    """Every published form by its key."""
    found = {}
    async for row in await conn.execute(QUERIES["forms"]):
        id_, key, name, version, text, secret, source_id, lane, policy, origins = row
        definition = definition_from(text)
        form = LiveForm(
            id=id_,
            key=key,
            name=name,
            version=version,
            definition=definition,
            secret=bytes(secret),
            source_id=source_id,
            lane=lane,
            ip_policy=policy,
            origins=definition.origins or tuple(origins),
        )
        found[form.key] = form
    return found


async def take(conn: AsyncConnection[Any], form: LiveForm, heard: Heard, came: Came, reason: str) -> str:
    """Keep a submission, in one transaction with its events; what became of it.

    "accepted", "held" (for `reason`), "waiting" for its confirmation; "again" = this token came before, and nothing is
    kept twice; "full" = as much is kept aside as may be.
    """
    person = person_of(heard)
    async with conn.transaction():
        state = "held" if reason else "waiting" if form.definition.opt_in.is_on else "accepted"
        if state == "waiting" and await _mailed_lately(conn, person) >= MAILS_A_DAY:
            state, reason = "held", "many_mails"
        added = await conn.execute(QUERIES["add"], _row(form, heard, came, person, state, reason))
        if await added.fetchone() is None:
            used = await conn.execute(QUERIES["came"], {"form_id": form.id, "nonce": came.nonce})
            row = await used.fetchone()
            return "again" if row and row[0] else "full"
        if state == "accepted":
            known = await _traits_of(conn, person)
            new = {name: text for name, text in traits_of(form.definition).items() if not known.get(name)}
            await append_rows_async(
                conn, [log_row(form.source_id, form.lane, events_of(form.definition, heard, new), came)]
            )
        elif state == "waiting":
            await wake_async(conn, MAIL_TASK)
    return state


async def confirm(conn: AsyncConnection[Any], submission: UUID, now: datetime) -> bool:
    """The link of its mail was clicked: it is logged now. Safe to repeat; False when it waits no more."""
    async with conn.transaction():
        found = await conn.execute(QUERIES["held"], {"id": submission})
        row = await found.fetchone()
        if row is None or row[3] not in ("waiting", "confirmed"):
            return False
        if row[3] == "waiting":
            known = await _traits_of(conn, row[12])
            await append_rows_async(conn, [row_of_held(row, known, now=now, is_confirmed=True)])
            await conn.execute(QUERIES["decide"], {"id": submission, "state": "confirmed", "by": "", "days": 0})
    return True


async def store_counts(conn: AsyncConnection[Any], counts: Mapping[tuple[int, date, str], int]) -> None:
    """Add to what was counted by form, day and outcome."""
    keys = list(counts)
    columns = {
        "forms": [key[0] for key in keys],
        "days": [key[1] for key in keys],
        "outcomes": [key[2] for key in keys],
        "n": [counts[key] for key in keys],
    }
    await conn.execute(QUERIES["count"], columns)


def log_row(source_id: int, lane: int, events: Sequence[Mapping[str, Any]], came: Came) -> NewRow:
    """What the log keeps of a submission: one request of a browser."""
    body = stored_body([_encode(event) for event in events], has_gpc=came.has_gpc)
    return NewRow(lane, source_id, Trust.PUBLIC, came.received_at, len(events), came.ip, came.user_agent, body)


def row_of_held(row: Sequence[Any], known: Mapping[str, Any], *, now: datetime, is_confirmed: bool) -> NewRow:
    """The row of the log, received `now`, for a submission of the query `held`. `known`: the person's traits."""
    id_, _form, version, _state, text, at, key, name, _secret, source_id, lane, definition_text, _person = row
    held = json.loads(text)
    definition = definition_from(definition_text)
    kept = held["came"]
    came = Came(kept["ip"], kept["user_agent"], int(now.timestamp() * 1_000_000), kept["has_gpc"], None)
    heard = Heard(
        id_,
        name,
        key,
        version,
        at.isoformat(),
        Sent({}, "", held["about"]),
        Checked(held["answers"], held["has_agreed"], {}),
        held["campaign"],
        came.ip,
        came.user_agent,
    )
    new = {trait: value for trait, value in traits_of(definition).items() if not known.get(trait)}
    events = events_of(definition, heard, new, now.isoformat() if is_confirmed else "")
    return log_row(source_id, lane, events, came)


def _row(form: LiveForm, heard: Heard, came: Came, person: int, state: str, reason: str) -> dict[str, Any]:
    held = {
        "answers": heard.checked.values,
        "has_agreed": heard.checked.has_agreed,
        "about": heard.sent.about,
        "campaign": heard.campaign,
        "came": {"ip": came.ip, "user_agent": came.user_agent, "has_gpc": came.has_gpc},
    }
    return {
        "id": heard.id,
        "form_id": form.id,
        "version": form.version,
        "at": datetime.fromisoformat(heard.at),
        "state": state,
        "reason": reason,
        "person": person,
        "nonce": came.nonce,
        "page": path_of(heard.sent.about.get("url", ""))[:500],
        "campaign": campaign_title(heard.campaign),
        "held": None if state == "accepted" else _encode(held).decode(),
        "days": {"held": HELD_DAYS, "waiting": WAITING_DAYS}.get(state),
        "most": MAX_HELD if state == "held" else MAX_WAITING,
    }


async def _mailed_lately(conn: AsyncConnection[Any], person: int) -> int:
    found = await conn.execute(QUERIES["mailed_lately"], {"person": person})
    row = await found.fetchone()
    return int(row[0]) if row else 0


async def _traits_of(conn: AsyncConnection[Any], person: int) -> dict[str, Any]:
    found = await conn.execute(QUERIES["traits_of"], {"person": person})
    row = await found.fetchone()
    return dict(row[0]) if row else {}
