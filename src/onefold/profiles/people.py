"""The list of people: by last seen, searched, in keyset pages."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import Connection

from onefold.infra.postgres import load_queries
from onefold.kernel.instants import instant_of, micros_of

QUERIES = load_queries("onefold.profiles", "people.sql")
PAGE_SIZE: Final = 50
COUNT_CAP: Final = 1_000
MAX_QUERY: Final = 200
_START: Final = (datetime(9999, 12, 31, tzinfo=UTC), (1 << 63) - 1)

Place = tuple[datetime, int]
"""(last seen, profile id): where a page begins. Both together are unique, so equal times lose nobody."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """A profile as lists and pages show it. Empty text = not known."""

    id: int
    name: str
    email: str
    phone: str
    is_known: bool
    first_seen: datetime
    last_seen: datetime
    company: str  # name, else its key
    company_space: str | None  # None = in no company
    company_key: str | None

    @property
    def title(self) -> str:
        """What to call them."""
        return self.name or self.email or self.phone or "Anonymous"


@dataclass(frozen=True, kw_only=True)
class PeoplePage:
    """Up to PAGE_SIZE people, newest first. `next_place` None = the list ends here."""

    people: list[Person]
    next_place: Place | None
    count: int  # at most COUNT_CAP
    is_count_capped: bool


def people_page(conn: Connection[Any], *, query: str, is_known: bool, after: Place | None) -> PeoplePage:
    """The people after a place, those that match `query` (all when empty), only known ones if `is_known`.

    A query of three letters or more is searched anywhere, a shorter one at the beginnings of words: shorter ones
    have no trigrams of their own. Two statements.
    """
    before_at, before_id = after or _START
    patterns = like_patterns(query)
    parameters: dict[str, object] = {
        "before_at": before_at,
        "before_id": before_id,
        "is_known": is_known,
        "limit": PAGE_SIZE + 1,
        "cap": COUNT_CAP + 1,
    }
    if patterns:
        name = "matching"
        parameters |= {"pattern": patterns[0], "other_pattern": patterns[1]}
    else:
        name = "newest_known" if is_known else "newest"
    rows = conn.execute(QUERIES[name], parameters).fetchall()
    (count,) = conn.execute(QUERIES[f"count_{name}"], parameters).fetchone() or (0,)
    people = [person_of(row) for row in rows[:PAGE_SIZE]]
    has_more = len(rows) > PAGE_SIZE
    return PeoplePage(
        people=people,
        next_place=(people[-1].last_seen, people[-1].id) if has_more else None,
        count=min(count, COUNT_CAP),
        is_count_capped=count > COUNT_CAP,
    )


def like_patterns(query: str) -> tuple[str, str] | None:
    """Two LIKE patterns of which one must match, for text in lower case; None for an empty query."""
    text = query.replace("\0", "").strip().lower()[:MAX_QUERY]
    if not text:
        return None
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    if len(text) >= 3:
        return f"%{escaped}%", f"%{escaped}%"
    return f"{escaped}%", f"% {escaped}%"


def place_to_text(place: Place) -> str:
    """For a URL: µs since 1970 and profile id."""
    return f"{micros_of(place[0])}_{place[1]}"


def place_from_text(text: str) -> Place | None:
    """What `place_to_text` wrote; None when it is no place."""
    instant, _, number = text.partition("_")
    try:
        place = (instant_of(int(instant)), int(number))
    except (ValueError, OverflowError):
        return None
    return place if -(1 << 63) <= place[1] < 1 << 63 else None


def person_of(row: tuple[Any, ...]) -> Person:
    """From the columns of `newest` and of `profile` in person.sql."""
    profile_id, name, email, phone, is_known, first_seen, last_seen, company, space, key = row
    return Person(
        id=profile_id,
        name=name,
        email=email,
        phone=phone,
        is_known=is_known,
        first_seen=first_seen,
        last_seen=last_seen,
        company=company or key or "",
        company_space=space,
        company_key=key,
    )
