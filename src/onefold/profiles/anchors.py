"""Anchors: the identifier by which something outside (a deal, a task) points at a person, whoever they become."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection

from onefold.identity.api import MUTE
from onefold.infra.postgres import load_queries
from onefold.profiles.naming import Names
from onefold.profiles.people import Person, person_of

QUERIES: Final = load_queries("onefold.profiles", "anchors.sql")


@dataclass(frozen=True)
class Anchor:
    """An identifier as events name it among `externalIds`."""

    namespace: str
    value: str


def anchors_of(conn: Connection[Any], names: Names, hashes: Iterable[int]) -> dict[int, int]:
    """Of each person that an identifier or profile id leads to, the strongest identifier that conducts.

    What it stands for moves with that identifier through merges and splits. Unknown ones are left out. One statement.
    """
    ranks = [(one.code, one.rank) for one in names.config.namespaces]
    parameters = {
        "hashes": list(hashes),
        "codes": [code for code, _rank in ranks],
        "ranks": [rank for _code, rank in ranks],
        "mute": int(MUTE),
    }
    return dict(conn.execute(QUERIES["anchors"], parameters).fetchall()) if parameters["hashes"] else {}


def identifiers_of(conn: Connection[Any], names: Names, anchors: Collection[int]) -> dict[int, Anchor]:
    """What each anchor's identifier is (primary key)."""
    rows = conn.execute(QUERIES["identifiers"], {"hashes": list(anchors)}) if anchors else ()
    return {h: Anchor(names.namespace(ns), value) for h, ns, value in rows}


def people_at(conn: Connection[Any], anchors: Collection[int]) -> dict[int, Person]:
    """Whose each anchor is today; what leads to nobody's profile is left out. Two look-ups each (primary keys)."""
    rows = conn.execute(QUERIES["people"], {"hashes": list(anchors)}) if anchors else ()
    return {row[0]: person_of(row[1:]) for row in rows}


def identifiers_at(conn: Connection[Any], profile_id: int) -> list[int]:
    """Every identifier of a person: whatever points at one of them is theirs (index on comp)."""
    return [h for (h,) in conn.execute(QUERIES["all_of"], {"id": profile_id})]
