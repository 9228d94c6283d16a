"""What events are about: the chips above a timeline. Pure; SQL and Python use the same patterns."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from onefold.events.api import Kind

_SHOPPING: Final = r"^(order|checkout|cart|product|coupon|payment|wishlist|promotion)"
_MESSAGES: Final = r"^(e-?mail|sms|push|message|call|newsletter|unsubscribed)"
_SALES: Final = (
    r"^(deal (created|stage changed|won|lost|reopened|joined|amount changed|assigned)"
    r"|(call|e-mail|meeting|activity) logged|note added|task (created|completed))$"
)
_NOTHING: Final = r"^\b$"


class Topic(NamedTuple):
    """Events of `kinds` whose name matches `like` and doesn't match `unlike` (regular expressions, any case)."""

    key: str
    title: str | Promise
    icon: str
    kinds: tuple[Kind, ...]
    like: str = ""
    unlike: str = _NOTHING

    def holds(self, kind: Kind, name: str) -> bool:
        """Whether an event is about it."""
        matches = re.search(self.like, name, re.IGNORECASE)
        return kind in self.kinds and bool(matches) and not re.search(self.unlike, name, re.IGNORECASE)


class Chip(NamedTuple):
    """A topic with how many events it has."""

    topic: Topic
    n: int


TOPICS: Final = (
    Topic("visits", _("Visits"), "world", (Kind.PAGE, Kind.SCREEN)),
    Topic("shopping", _("Shopping"), "shopping-cart", (Kind.TRACK,), _SHOPPING),
    Topic("sales", _("Sales"), "briefcase", (Kind.TRACK,), _SALES),
    Topic("messages", _("Messages"), "mail", (Kind.TRACK,), _MESSAGES, _SALES),
    Topic("actions", _("Actions"), "bolt", (Kind.TRACK,), "", f"{_SHOPPING}|{_MESSAGES}|{_SALES}"),
    Topic("details", _("Details"), "id", (Kind.IDENTIFY, Kind.GROUP, Kind.ALIAS)),
)
BY_KEY: Final = {topic.key: topic for topic in TOPICS}


def topic_of(kind: Kind, name: str) -> Topic | None:
    """The topic of an event."""
    return next((topic for topic in TOPICS if topic.holds(kind, name)), None)


def chips(tally: Iterable[tuple[Kind, str, int]], *, is_capped: bool = False) -> list[Chip]:
    """The topics that occur, in their order; all of them, if not all events were counted. `tally`: (kind, name, n)."""
    counts: dict[str, int] = {}
    for kind, name, n in tally:
        topic = topic_of(kind, name)
        if topic is not None:
            counts[topic.key] = counts.get(topic.key, 0) + n
    return [Chip(topic, counts.get(topic.key, 0)) for topic in TOPICS if is_capped or topic.key in counts]
