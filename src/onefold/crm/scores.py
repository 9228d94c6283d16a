"""Scores of people: reckoned anew whenever they do something, and every day, as points fade."""

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from onefold.crm.following import next_step
from onefold.crm.scoring import HORIZON, MOST_EVENTS, Deed, Earns, Score, ScoreRule, score_of
from onefold.events.api import Flag, Kind
from onefold.infra.logs import get_logger
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "scores.sql")
FOLLOWER: Final = "scores"
MAX_ARCHIVED: Final = 50
FADES: Final = timedelta(days=1)
"""A score is reckoned anew at the latest after so long."""
_PIECE: Final = 500
_MAX_STEPS: Final = 50
log = get_logger(__name__)


def load_rules(conn: Connection[Any]) -> list[ScoreRule]:
    """Those that count, in order."""
    return [_rule(row) for row in conn.execute(QUERIES["rules"])]


def archived_rules(conn: Connection[Any]) -> list[ScoreRule]:
    """Those that no longer count, up to MAX_ARCHIVED."""
    return [_rule(row) for row in conn.execute(QUERIES["archived"], {"most": MAX_ARCHIVED})]


def reckon_scores(conn: Connection[Any]) -> int:
    """Reckons who did something, who is yet to be reckoned, and whose points faded; of how many people.

    Up to _MAX_STEPS steps, each a transaction. Safe to repeat, to kill, and to run twice at once.
    """
    reckoned = 0
    for _step in range(_MAX_STEPS):
        with conn.transaction():
            step = next_step(conn, FOLLOWER)
            if step is None:
                break
            if step.span is not None:
                conn.execute(QUERIES["gone"], {"after": step.span[0], "until": step.span[1]})
            for start in range(0, len(step.people), _PIECE):
                _reckon(conn, step.people[start : start + _PIECE])
            reckoned += len(step.people)
    with conn.transaction():
        before = datetime.now(UTC) - FADES
        faded = [number for (number,) in conn.execute(QUERIES["faded"], {"before": before, "most": _PIECE})]
        _reckon(conn, faded)
    if reckoned or faded:
        log.debug("scores_reckoned", count=reckoned + len(faded))
    return reckoned + len(faded)


def score_now(conn: Connection[Any], person: int) -> Score:
    """Somebody's (profile id) score as of now, with its reasons. Three statements."""
    return _scores(conn, [person], datetime.now(UTC)).get(person, Score(()))


def _reckon(conn: Connection[Any], people: Collection[int]) -> None:
    """Brings the scores of these people up to date. Who has no points has no row."""
    if not people:
        return
    now = datetime.now(UTC)
    points = {person: score.points for person, score in _scores(conn, people, now).items() if score.reasons}
    conn.execute(QUERIES["forget"], {"people": [person for person in people if person not in points]})
    if points:
        conn.execute(QUERIES["keep"], {"people": list(points), "points": list(points.values()), "at": now})


def _scores(conn: Connection[Any], people: Collection[int], now: datetime) -> dict[int, Score]:
    """Of those who are known."""
    rules = load_rules(conn)
    traits = dict(conn.execute(QUERIES["people"], {"people": list(people)}).fetchall())
    asked = {
        "people": list(traits),
        "since": now - HORIZON,
        "bot": int(Flag.BOT),
        "kinds": [int(Kind.PAGE), int(Kind.SCREEN)] if any(one.kind is Earns.PAGE for one in rules) else [],
        "track": int(Kind.TRACK),
        "names": [one.subject for one in rules if one.kind is Earns.EVENT],
        "most": MOST_EVENTS,
    }
    deeds: dict[int, list[Deed]] = defaultdict(list)
    for person, *deed in conn.execute(QUERIES["deeds"], asked):
        deeds[person].append(Deed(*deed))
    return {person: score_of(rules, held, deeds[person], now) for person, held in traits.items()}


def _rule(row: tuple[Any, ...]) -> ScoreRule:
    number, kind, *rest = row
    return ScoreRule(number, Earns(kind), *rest)
