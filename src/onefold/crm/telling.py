"""What users hear of from the CRM: who names them in a note, what they are given, what is to remind them."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_noop as _
from psycopg import Connection

from onefold.accounts.api import API_SCOPES, ApiKeyHolder, NotAllowed, PersonalData, Role
from onefold.crm.access import viewer_of
from onefold.crm.objects import ObjectType
from onefold.crm.rules import Draft, Writing
from onefold.crm.sharing import reachable
from onefold.crm.viewer import Doing, Viewer
from onefold.infra.postgres import load_queries
from onefold.notifications.api import News, end, tell

QUERIES: Final = load_queries("onefold.crm", "telling.sql")
MOST_MENTIONS: Final = 20
"""Of one text."""
MOST_REMINDERS: Final = 500
"""Of one transaction."""
_PAST: Final = timedelta(hours=1)
"""What is written as of longer ago is no news."""
_NAMED: Final = re.compile(r"(?<![\w@.])@([\w.+-]{1,150})")
_GIVEN: Final = {
    "deal": (_("%(who)s gave you the deal “%(name)s”"), _("%(who)s gave you %(n)d deals")),
    "task": (_("%(who)s gave you the task “%(name)s”"), _("%(who)s gave you %(n)d tasks")),
}


def mentioned_in(text: str) -> list[str]:
    """Whom a text may name, each once; a full stop may end a sentence or belong to a name."""
    found: dict[str, None] = {}
    for match in _NAMED.finditer(text):
        found |= dict.fromkeys((match[1], match[1].rstrip(".+-")))
    return list(found)[: 2 * MOST_MENTIONS]


def marked(text: str, names: Mapping[str, str]) -> SafeString:
    """The text for a page, with those it names marked and called what they are called today."""
    parts, last = [], 0
    for match in _NAMED.finditer(text):
        written = next((one for one in (match[1], match[1].rstrip(".+-")) if one in names), None)
        if written is not None:
            parts.append(escape(text[last : match.start()]))
            parts.append(format_html('<span class="mention">@{}</span>', names[written]))
            last = match.start() + 1 + len(written)
    return mark_safe("".join((*parts, escape(text[last:]))))  # noqa: S308  every part is escaped


def mentions_of(conn: Connection[Any], kind: ObjectType, ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """By record: what its text calls users, and what they are called today. One statement."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    rows = conn.execute(QUERIES["mentions_of"], {"object": kind.name, "ids": list(ids)}) if ids else ()
    for number, written, name in rows:
        found[number][written] = name
    return found


def keep_mentions(writing: Writing, kind: ObjectType, name: str, drafts: Sequence[Draft]) -> None:
    """Whom the field `name` names from now on; who is named for the first time, and may see the record, hears of it."""
    told = {draft.id: draft for draft in drafts if draft.is_new_value(name)}
    texts = {number: mentioned_in(draft.after[name] or "") for number, draft in told.items()}
    if not any(texts.values()) and all(draft.before is None for draft in told.values()):
        return
    conn = writing.conn
    names = sorted({one for found in texts.values() for one in found})
    users = {name: number for number, name in conn.execute(QUERIES["users"], {"names": names})}
    rows = [
        {"record": number, "user": users[one], "name": one}
        for number, found in texts.items()
        for one in [one for one in found if one in users][:MOST_MENTIONS]
    ]
    parameters = {"object": kind.name, "records": list(told), "rows": msgspec.json.encode(rows).decode()}
    conn.execute(QUERIES["forget_mentions"], parameters)
    new: dict[int, list[int]] = defaultdict(list)
    for number, user in conn.execute(QUERIES["note_mentions"], parameters).fetchall():
        if user != writing.viewer.user_id and writing.now - told[number].at < _PAST:
            new[user].append(number)
    for user, viewer in _viewers(conn, list(new)):
        owners = {number: told[number].after["owner"] for number in new[user]}
        for number in sorted(reachable(conn, viewer, kind.name, Doing.SEE, owners)):
            tell(
                conn,
                News(
                    key=f"mention:{kind.name}:{number}:{user}",
                    tone="ok",
                    title=_("%(who)s mentioned you in a note"),
                    params={"who": _called(writing.viewer)},
                    url=f"{kind.path}/{number}",
                    user_id=user,
                ),
            )


def tell_given(writing: Writing, kind: ObjectType, drafts: Sequence[Draft]) -> None:
    """Who is given records by somebody else hears of it: of several at once by one notification."""
    given: dict[int, list[Draft]] = defaultdict(list)
    for draft in drafts:
        owner = draft.after["owner"]
        is_news = draft.is_new_value("owner") and writing.now - draft.at < _PAST
        if is_news and owner is not None and owner != writing.viewer.user_id:
            given[owner].append(draft)
    one, many = _GIVEN[kind.name]
    for user, viewer in _viewers(writing.conn, list(given)):
        owners = {draft.id: user for draft in given[user]}
        seen = reachable(writing.conn, viewer, kind.name, Doing.SEE, owners)
        of_user = [draft for draft in given[user] if draft.id in seen]
        if not of_user:
            continue
        first, is_one = of_user[0], len(of_user) == 1
        params: dict[str, str | int] = {"who": _called(writing.viewer)}
        params |= {"name": first.after["name"][:120]} if is_one else {"n": len(of_user)}
        key = f"given:{kind.name}:{first.id}" if is_one else f"given:{kind.name}:{writing.act}"
        url = f"{kind.path}/{first.id}" if is_one else kind.path
        title = one if is_one else many
        tell(writing.conn, News(key=f"{key}:{user}", tone="ok", title=title, params=params, url=url, user_id=user))


def end_reminders(conn: Connection[Any], tasks: Sequence[int]) -> None:
    """These are done, deleted or put off: nobody need be told any more. Safe to repeat."""
    end(conn, [_reminder(number) for number in tasks])


def remind(conn: Connection[Any], now: datetime) -> int:
    """Tells owners of tasks whose reminder is due, each once; how many. Safe to repeat, and to run twice at once."""
    told = 0
    while True:
        with conn.transaction():
            due = conn.execute(QUERIES["due_reminders"], {"now": now, "limit": MOST_REMINDERS}).fetchall()
            for number, name, owner, _at in due:
                if owner is not None:
                    news = News(
                        key=_reminder(number),
                        tone="warn",
                        title=_("Reminder: %(name)s"),
                        params={"name": name[:120]},
                        url=f"/tasks/{number}",
                        user_id=owner,
                    )
                    tell(conn, news)
            conn.execute(QUERIES["note_reminded"], {"now": now, "ids": [row[0] for row in due]})
        told += len(due)
        if len(due) < MOST_REMINDERS:
            return told


def _reminder(task: int) -> str:
    return f"reminder:task:{task}"


def _called(viewer: Viewer) -> str:
    return viewer.username or viewer.name


def _viewers(conn: Connection[Any], ids: Sequence[int]) -> Iterator[tuple[int, Viewer]]:
    """Those of the users who may sign in and see records, as who they ask the CRM."""
    rows = conn.execute(QUERIES["roles"], {"ids": list(ids)}).fetchall() if ids else []
    for number, username, role, level in rows:
        # as whoever holds a key that may all that its user may: there is no request of theirs
        holder = ApiKeyHolder(
            key_id=0,
            username=username,
            role=Role(role),
            personal_data=PersonalData(level),
            scopes=frozenset(API_SCOPES),
        )
        try:
            yield number, viewer_of(conn, holder)
        except NotAllowed:
            continue
