"""The stages of a person's life as a customer: names and order are the workspace's. Few rows, read whole.

Each write is one transaction with an entry of the audit log, and safe to repeat.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from psycopg import Connection

from onefold.accounts.api import audit
from onefold.crm.errors import LifecycleRejected
from onefold.crm.objects import Option
from onefold.infra.memory import Memory
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "lifecycle.sql")
TRAIT: Final = "lifecycle_stage"
MAX_AGE_S: Final = 3.0
MAX_STAGES: Final = 30
MAX_NAME: Final = 60
COUNT_CAP: Final = 10_000
TONES: Final = ("", "accent", "warn", "ok", "bad")
_BUILT_IN: Final[Mapping[str, tuple[str, str | Promise]]] = {
    "visitor": ("Visitor", gettext_lazy("Visitor")),
    "lead": ("Lead", gettext_lazy("Lead")),
    "qualified": ("Qualified", gettext_lazy("Qualified")),
    "opportunity": ("Opportunity", gettext_lazy("Opportunity")),
    "customer": ("Customer", gettext_lazy("Customer")),
    "evangelist": ("Evangelist", gettext_lazy("Evangelist")),
}
_known: Final = Memory["Lifecycle"](MAX_AGE_S)


@dataclass(frozen=True, kw_only=True)
class LifecycleStage:
    """A stage. `key` is what people's trait holds."""

    key: str
    name: str
    tone: str
    is_archived: bool = False

    @property
    def title(self) -> str | Promise:
        """Its name; one that nobody has renamed in the reader's language."""
        usual, translated = _BUILT_IN.get(self.key, ("", ""))
        return translated if usual == self.name else self.name


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """All stages in order, archived ones too, which people may still be in."""

    stages: Sequence[LifecycleStage]

    @property
    def live(self) -> list[LifecycleStage]:
        """Those that can be chosen."""
        return [one for one in self.stages if not one.is_archived]

    @property
    def archived(self) -> list[LifecycleStage]:
        """Those that no longer can."""
        return [one for one in self.stages if one.is_archived]

    def options(self, *, with_archived: bool = False) -> tuple[Option, ...]:
        """For inputs and filters."""
        stages = [*self.live, *self.archived] if with_archived else self.live
        return tuple(Option(one.key, one.title, one.tone) for one in stages)

    def stage(self, key: str) -> LifecycleStage:
        """Raises LifecycleRejected."""
        found = next((one for one in self.stages if one.key == key), None)
        if found is None:
            raise LifecycleRejected(_("There is no such stage."))
        return found

    def is_later(self, key: str, than: str) -> bool:
        """Whether a stage comes after another; after one that isn't known or none, every stage does."""
        keys = [one.key for one in self.stages]
        return key in keys and (than not in keys or keys.index(key) > keys.index(than))


def load_lifecycle(conn: Connection[Any]) -> Lifecycle:
    """Asked of the database every MAX_AGE_S at most."""
    return _known.get() or _known.keep(_load(conn))


def people_in(conn: Connection[Any], keys: Sequence[str]) -> dict[str, int]:
    """How many people are in each of these stages, up to COUNT_CAP."""
    return dict(conn.execute(QUERIES["people"], {"keys": list(keys), "most": COUNT_CAP}).fetchall())


def add_stage(conn: Connection[Any], name: str, tone: str, *, acting_user: str) -> str:
    """A stage behind the last; its key. Raises LifecycleRejected."""
    with conn.transaction():
        known = _locked(conn)
        if len(known.stages) >= MAX_STAGES:
            raise LifecycleRejected(_("There may be %(n)d stages, archived ones included.") % {"n": MAX_STAGES})
        name = _named(known, name)
        key = _key(name, {one.key for one in known.stages})
        conn.execute(QUERIES["add"], {"key": key, "name": name, "tone": _toned(tone)})
        _note(conn, "lifecycle_stage.added", key, acting_user, {"name": name})
    return key


def change_stage(conn: Connection[Any], key: str, *, name: str, tone: str, acting_user: str) -> None:
    """Another name, another tone. Raises LifecycleRejected."""
    with conn.transaction():
        known = _locked(conn)
        before = known.stage(key)
        name = _named(known, name, key)
        conn.execute(QUERIES["change"], {"key": key, "name": name, "tone": _toned(tone)})
        details = {"name": [before.name, name], "tone": [before.tone, tone]}
        _note(conn, "lifecycle_stage.changed", key, acting_user, details)


def move_stage(conn: Connection[Any], key: str, by: int, *, acting_user: str) -> None:
    """One place earlier (-1) or later (1) among those that can be chosen; at an end it stays. Raises
    LifecycleRejected."""
    with conn.transaction():
        known = _locked(conn)
        live = [one.key for one in known.live]
        if key not in live:
            raise LifecycleRejected(_("There is no such stage."))
        here = live.index(key)
        there = min(max(here + by, 0), len(live) - 1)
        live.insert(there, live.pop(here))
        conn.execute(QUERIES["place"], {"keys": [*live, *(one.key for one in known.archived)]})
        if there != here:
            _note(conn, "lifecycle_stage.moved", key, acting_user, {"place": [here + 1, there + 1]})


def archive_stage(conn: Connection[Any], key: str, *, is_sure: bool, acting_user: str) -> None:
    """No longer offered. Whoever is in it stays in it, and it keeps its name. Raises LifecycleRejected, also for one
    that people are in, unless `is_sure`, and for the last one."""
    with conn.transaction():
        known = _locked(conn)
        if known.stage(key).is_archived:
            return
        if len(known.live) == 1:
            raise LifecycleRejected(_("This is the last stage. Add another one before."))
        n = people_in(conn, [key])[key]
        if n and not is_sure:
            said = ngettext(
                "%(n)s person is in this stage. Say that it is to be archived all the same, or move them first.",
                "%(n)s people are in this stage. Say that it is to be archived all the same, or move them first.",
                n,
            )
            raise LifecycleRejected(said % {"n": f"{n:,}"})
        conn.execute(QUERIES["archive"], {"key": key, "is": True})
        _note(conn, "lifecycle_stage.archived", key, acting_user, {"people": n})


def restore_stage(conn: Connection[Any], key: str, *, acting_user: str) -> None:
    """Offered again. Raises LifecycleRejected."""
    with conn.transaction():
        known = _locked(conn)
        stage = known.stage(key)
        if stage.is_archived:
            _named(known, stage.name, key)
            conn.execute(QUERIES["archive"], {"key": key, "is": False})
            _note(conn, "lifecycle_stage.restored", key, acting_user, {})


def forget_lifecycle() -> None:
    """The next question asks the database."""
    _known.forget()


def _load(conn: Connection[Any]) -> Lifecycle:
    rows = conn.execute(QUERIES["all"])
    return Lifecycle(
        stages=tuple(LifecycleStage(key=row[0], name=row[1], tone=row[2], is_archived=row[3]) for row in rows)
    )


def _locked(conn: Connection[Any]) -> Lifecycle:
    conn.execute(QUERIES["lock"])
    return _load(conn)


def _note(conn: Connection[Any], action: str, key: str, acting_user: str, details: dict[str, Any]) -> None:
    audit(conn, actor=acting_user, action=action, target=f"lifecycle_stage:{key}", details=details)
    forget_lifecycle()


def _named(known: Lifecycle, name: str, own: str = "") -> str:
    """As it is kept: no other stage that can be chosen is called so. Raises LifecycleRejected."""
    name = " ".join(name.replace("\0", "").split())
    if not name or len(name) > MAX_NAME:
        raise LifecycleRejected(_("A stage's name has 1 to %(n)d characters.") % {"n": MAX_NAME})
    if any(one.name.casefold() == name.casefold() and one.key != own for one in known.live):
        raise LifecycleRejected(_("There is a stage of this name."))
    return name


def _toned(tone: str) -> str:
    if tone not in TONES:
        raise LifecycleRejected(_("Choose a colour from those that are offered."))
    return tone


def _key(name: str, taken: set[str]) -> str:
    """Of its first name, in letters that programs write; never that of another stage."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:50] or "stage"
    return next(key for key in (stem, *(f"{stem}_{n}" for n in range(2, MAX_STAGES + 3))) if key not in taken)
