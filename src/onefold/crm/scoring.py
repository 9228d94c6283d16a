"""What somebody's score is and why: a function of the rules, their traits, their events, and the moment. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from onefold.events.api import Kind

HORIZON: Final = timedelta(days=365)
"""Events count for so long."""
MOST_EVENTS: Final = 2_000
"""The newest of somebody that are looked at."""
_VIEWS: Final = (Kind.PAGE, Kind.SCREEN)
_DAY_S: Final = 86_400


class Earns(StrEnum):
    """What a rule looks at."""

    PAGE = "page"  # a page or screen viewed
    EVENT = "event"
    TRAIT = "trait"


class ScoreRule(NamedTuple):
    """`subject`: name of the event or trait; `value`: of a trait, '' = any; `half_life_days` None: points stay."""

    id: int
    kind: Earns
    subject: str
    value: str
    points: int
    half_life_days: int | None
    most: int


class Deed(NamedTuple):
    """An event, as far as it matters."""

    kind: int
    name: str
    at: datetime


class Reason(NamedTuple):
    """What a rule gave: how often it counted, and how many points, faded as they are."""

    rule: ScoreRule
    n: int
    points: float


@dataclass(frozen=True)
class Score:
    """Somebody's points as of a moment, and what gave them, the weightiest first."""

    reasons: Sequence[Reason]

    @property
    def points(self) -> int:
        """All of them, rounded."""
        return round(sum(one.points for one in self.reasons))


def score_of(rules: Iterable[ScoreRule], traits: Mapping[str, Any], deeds: Iterable[Deed], now: datetime) -> Score:
    """Each event counts for every rule that it is of, up to the rule's `most` newest; each trait once.

    What lies in the future, as wrong clocks have it, counts as of now.
    """
    newest = sorted((one for one in deeds if one.at > now - HORIZON), key=lambda one: one.at, reverse=True)
    reasons = [reason for rule in rules if (reason := _reason(rule, traits, newest, now)) is not None]
    return Score(sorted(reasons, key=lambda one: (-abs(one.points), one.rule.id)))


def _reason(rule: ScoreRule, traits: Mapping[str, Any], newest: Sequence[Deed], now: datetime) -> Reason | None:
    if rule.kind is Earns.TRAIT:
        return Reason(rule, 1, rule.points) if _holds(traits.get(rule.subject), rule.value) else None
    counted = [one for one in newest if _is_of(rule, one)][: rule.most]
    if not counted:
        return None
    return Reason(rule, len(counted), sum(rule.points * _left(rule, one, now) for one in counted))


def _is_of(rule: ScoreRule, deed: Deed) -> bool:
    return deed.kind in _VIEWS if rule.kind is Earns.PAGE else deed.kind == Kind.TRACK and deed.name == rule.subject


def _left(rule: ScoreRule, deed: Deed, now: datetime) -> float:
    """What is left of a point: 1 at first, half of it after the half-life."""
    if rule.half_life_days is None:
        return 1.0
    age_s = max((now - deed.at).total_seconds(), 0.0)
    return float(0.5 ** (age_s / _DAY_S / rule.half_life_days))


def _holds(held: Any, wanted: str) -> bool:  # noqa: ANN401  (a trait is any JSON value)
    """Whether a trait has a value, or the wanted one; of a list one of them."""
    if held in (None, "", [], {}):
        return False
    if not wanted:
        return True
    values = held if isinstance(held, list) else [held]
    return any(_text(one).casefold() == wanted.casefold() for one in values)


def _text(value: Any) -> str:  # noqa: ANN401  (any JSON value)
    return str(value).lower() if isinstance(value, bool) else str(value)
