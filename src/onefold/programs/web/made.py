"""What Onefold made of an accepted event: its time, identifiers, traits and marks, beside what was sent."""

from typing import Any

import msgspec
from psycopg import Connection

from onefold.events.api import Decoded, Flag
from onefold.identity.api import Extractor
from onefold.kernel.instants import instant_of
from onefold.profiles.api import names_in_force


def made_of(conn: Connection[Any], event: Decoded) -> dict[str, Any]:
    """For people who debug, in the order in which things happen. Identifiers as the configuration has them now."""
    names = names_in_force(conn)
    spaces = {source.id: source.user_space for source in names.sources.values()}
    found, refused = Extractor(names.config, spaces).identifiers(event)
    made: dict[str, Any] = {
        "type": event.kind.name.lower(),
        "name": event.name,
        "happened": instant_of(event.ts),
        "identifiers": [f"{names.namespace(one.ns)}:{one.value}" for one in found],
        "left_out": [one.detail for one in refused],
        "trust": event.trust.name.lower(),
        "marks": [flag.name.lower().replace("_", " ") for flag in Flag if flag & event.flags and flag.name],
    }
    if event.traits:
        made["traits"] = msgspec.json.decode(event.traits)
    return {name: value for name, value in made.items() if value or name == "identifiers"}
