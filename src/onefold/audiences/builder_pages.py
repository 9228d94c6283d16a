"""What the builder's page and its answers hold: the rule, everything it can be made of, figures and people."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.audiences import shown, suggesting
from onefold.audiences.actions import MAX_NAME
from onefold.audiences.company_words import sentence_of_companies
from onefold.audiences.explain import Explanation, Line
from onefold.audiences.membership import member_ids
from onefold.audiences.pages import names_of
from onefold.audiences.phrases import Piece
from onefold.audiences.preview import Asked, Preview
from onefold.audiences.rules import BOUNDS, Scope, asked_as, with_purpose
from onefold.audiences.shown import QUERIES as SHOWN
from onefold.audiences.shown_companies import companies_shown
from onefold.audiences.suggesting import QUERIES, Named
from onefold.audiences.words import Names, sentence_of
from onefold.filters.api import AllOf, Consents, Flag, Group, Has, Node, Number, from_json, leaves_of, to_json
from onefold.kernel.errors import Rejected

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.int64]

LIVE: Final = ("filling", "live", "paused")
SAMPLE: Final = 30
MOST_MOVING: Final = 10
MAX_BODY: Final = 1_500_000
_WITHIN: Final = "where.of[1]"
"""Where the rule stands that is counted together with its purpose."""


class RequestRejected(Rejected):
    """What the page sent can't be read."""

    code = "request_invalid"


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """What the page asks: a rule, and what about it. `id` and `version`: of the audience as it was opened."""

    rule: msgspec.Raw
    purpose: str
    of: Literal["people", "companies"] = "people"
    id: int | None = None
    version: int | None = None
    name: str = ""
    description: str = ""
    is_sampled: bool = False
    as_of: str = ""
    overlap: int | None = None
    who: str = ""
    starts: bool = False

    @property
    def is_of_companies(self) -> bool:
        """Whether its members are companies."""
        return self.of == "companies"


def wanted_of(body: bytes) -> Wanted:
    """Raises RequestRejected."""
    if len(body) > MAX_BODY:
        raise RequestRejected("The rule is too long.")
    try:
        return msgspec.json.decode(body, type=Wanted)
    except (msgspec.DecodeError, UnicodeError) as fault:
        raise RequestRejected(f"The request can't be read: {fault}.") from fault


def ingredients(conn: Connection[Any], scope: Scope) -> dict[str, Any]:
    """Everything that conditions can be made of."""
    return {
        "purposes": [{"slug": slug, "name": name} for slug, name in conn.execute(SHOWN["purposes"])],
        "audiences": [
            {"id": number, "name": name, "state": state, "of": "companies" if is_of_companies else "people"}
            for number, name, state, is_of_companies in conn.execute(QUERIES["audiences"])
        ],
        "lists": [{"id": number, "name": name} for number, name in conn.execute(SHOWN["list_names"])],
        "computed": [{"name": name, "kind": _kind_of(scope, name)} for name in sorted(scope.computed)],
        "traits": as_json(suggesting.traits(conn)),
        "company_traits": as_json(suggesting.company_traits(conn)),
        "events": as_json(suggesting.event_names(conn)),
    }


def as_json(found: list[Named]) -> list[dict[str, Any]]:
    """For scripts."""
    return [one._asdict() for one in found]


def rule_json(rule: Node) -> dict[str, Any]:
    """The tree without its document."""
    tree: dict[str, Any] = msgspec.json.decode(to_json(rule))["where"]
    return tree


def copied_name(name: str, taken: Collection[str]) -> str:
    """ "Copy of …", cut to what a name may have; with a number behind if there are copies already."""
    known = {one.lower() for one in taken}
    for number in range(1, len(known) + 2):
        said = _("Copy of %(name)s") if number == 1 else _("Copy %(n)s of %(name)s")
        room = MAX_NAME - len(said % {"name": "", "n": number})
        copy = said % {"name": name if len(name) <= room else f"{name[: room - 1]}…", "n": number}
        if copy.lower() not in known:
            return copy
    return name


def first_sentence(rule: dict[str, Any], found: dict[str, Any], *, is_of_companies: bool) -> list[Piece]:
    """The rule in words as the page opens, before anybody has counted."""
    names = Names(
        audiences={one["id"]: one["name"] for one in found["audiences"]},
        purposes={one["slug"]: one["name"] for one in found["purposes"]},
        lists={one["id"]: one["name"] for one in found["lists"]},
    )
    said = sentence_of_companies if is_of_companies else sentence_of
    if _has_open_choice(rule):
        return []  # a template that somebody has yet to fill in
    return said(from_json(msgspec.json.encode({"v": 1, "where": rule}), BOUNDS), names)


def _has_open_choice(node: dict[str, Any]) -> bool:
    return node.get("audience", 0) is None or any(_has_open_choice(one) for one in node.get("of", ()))


def asked_of(conn: Connection[Any], wanted: Wanted) -> Asked:
    """What the engine is asked. Members are compared only of an audience that has some. Raises RequestRejected."""
    compared = None
    if wanted.id is not None and not wanted.is_sampled and shown.find_audience(conn, wanted.id).state in LIVE:
        compared = wanted.id
    return Asked(
        rule=b'{"v":1,"where":%b}' % bytes(wanted.rule),
        purpose=wanted.purpose,
        is_sampled=wanted.is_sampled,
        at=_end_of_day(wanted.as_of),
        compared_to=compared,
        own_id=wanted.id,
        is_of_companies=wanted.is_of_companies,
    )


def with_consent(asked: Asked, rule: Node) -> Asked:
    """The same question of a rule that also counts who allows the purpose; the same rule if it has no room for more."""
    if asked.is_of_companies:
        return asked
    if sum(1 for _ in leaves_of(rule, BOUNDS)) >= BOUNDS.conditions or _depth(rule) >= BOUNDS.depth:
        return asked
    return replace(asked, rule=to_json(AllOf((Consents(asked.purpose), rule))))


def parts_of(found: Preview, is_wrapped: bool) -> dict[str, int]:
    """The counts by place in the rule, and by `purpose` of who allows it."""
    if not is_wrapped:
        return found.parts
    parts = {f"where{at.removeprefix(_WITHIN)}": n for at, n in found.parts.items() if at.startswith(_WITHIN)}
    return parts | {"purpose": found.parts["where.of[0]"]}


def preview_json(
    conn: Connection[Any], found: Preview, wanted: Wanted, rule: Node, parts: dict[str, int]
) -> dict[str, Any]:
    """The answer to the page: figures, the sentence, some people."""
    people = _companies if wanted.is_of_companies else _people
    said = sentence_of_companies if wanted.is_of_companies else sentence_of
    whole = rule if wanted.is_of_companies else with_purpose(rule, wanted.purpose)
    at_least, at_most = found.bounds
    answer: dict[str, Any] = {
        "count": found.count,
        "at_least": at_least,
        "at_most": at_most,
        "people": found.people,
        "looked_at": found.looked_at,
        "is_sampled": found.is_sampled,
        "fresh_until": found.fresh_until.isoformat(),
        "parts": parts,
        "their_people": found.their_people if wanted.is_of_companies else found.count,
        "with_email": found.with_email,
        "with_phone": found.with_phone,
        "sentence": [[one.text, one.is_strong] for one in said(whole, names_of(conn))],
        "sample": people(conn, _some(found.ids, SAMPLE)),
        "entering": {"count": len(found.entering), "people": people(conn, _some(found.entering, MOST_MOVING))},
        "leaving": {"count": len(found.leaving), "people": people(conn, _some(found.leaving, MOST_MOVING))},
    }
    if wanted.overlap is not None and not found.is_sampled:
        answer["overlap"] = _overlap(conn, found.ids, wanted.overlap)
    return answer


def explanation_json(explanation: Explanation, name: str, url: str) -> dict[str, Any]:
    """Lines with ticks and crosses, and what would change the answer."""
    return {
        "name": name,
        "url": url,
        "root": _line(explanation.root),
        "changes": [
            {"at": one.at, "words": one.words, "until": one.at_us and one.at_us // 1000} for one in explanation.changes
        ],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "at": line.at,
        "kind": line.kind,
        "is_held": line.is_held,
        "words": line.words,
        "found": line.found,
        "children": [_line(one) for one in line.children],
    }


def _people(conn: Connection[Any], ids: "Ids") -> list[str]:
    """Each as a line of HTML."""
    rows = sorted(shown.people_shown(conn, ids.tolist()), key=lambda row: (not row[1], row[0]))
    return [
        render_to_string("audiences/builder_person.html", {"h": h, "name": name, "email": email, "last_seen": seen})
        for h, name, email, seen in rows
    ]


def _companies(conn: Connection[Any], ids: "Ids") -> list[str]:
    """The same of companies."""
    found = sorted(companies_shown(conn, ids.tolist()), key=lambda one: (-one.people, one.title))
    return [render_to_string("audiences/builder_company.html", {"one": one}) for one in found]


def _some(ids: "Ids", most: int) -> "Ids":
    """By chance, the same ones as long as they are the same people."""
    import numpy as np  # heavy

    return ids if len(ids) <= most else np.random.default_rng(len(ids)).choice(ids, most, replace=False)


def _overlap(conn: Connection[Any], ids: "Ids", other: int) -> dict[str, int]:
    import numpy as np  # heavy

    members = np.array(member_ids(conn, other), np.int64)
    both = len(np.intersect1d(ids, members))
    return {"both": both, "only_this": len(ids) - both, "only_that": len(members) - both}


def _depth(node: Node) -> int:
    return 1 + max((_depth(one) for one in node.of), default=0) if isinstance(node, Group) else 0


def _end_of_day(text: str) -> datetime | None:
    """The last instant of a day that is over; of today, or none, now."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError) as fault:
        raise RequestRejected("Write a day as 2026-05-17.") from fault
    return end if end < datetime.now(UTC) else None


def _kind_of(scope: Scope, name: str) -> str:
    """What a computed trait holds."""
    asked = asked_as(scope.computed[name])
    kinds = {Has: "list", Number: "number", Flag: "flag"}
    return next((kind for condition, kind in kinds.items() if condition in asked), "text")
