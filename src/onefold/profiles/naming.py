"""From `namespace:value` as people write it to an identifier, under the configuration in force."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.events.api import Source, list_sources
from onefold.identity.api import Extractor, Identifier, IdentityConfig, Refused, load_config
from onefold.infra.memory import Memory
from onefold.kernel.errors import NotFound, Rejected

MAX_AGE_S: Final = 3.0
_UNSTORABLE: Final = "\0"  # PostgreSQL's texts can't hold it, so no identifier does


class IdentifierRejected(Rejected):
    """This names no identifier that anybody could have."""

    code = "identifier_invalid"


@dataclass(frozen=True)
class Names:
    """The configuration in force and the sources, as of at most MAX_AGE_S ago."""

    config: IdentityConfig
    extractor: Extractor
    sources: dict[int, Source]

    @property
    def priorities(self) -> dict[int, int]:
        """Source id → survivorship priority."""
        return {source.id: source.priority for source in self.sources.values()}

    def namespace(self, code: int) -> str:
        """Name of the namespace that `node.ns` stores."""
        known = self.config.by_code.get(code)
        return known.name if known else f"namespace {code}"

    def split(self, text: str) -> tuple[str, str] | None:
        """`shop:user_id:a:b` → (`shop:user_id`, `a:b`): the longest known namespace wins; None if there is none."""
        found = [name for name in self.config.by_name if text.startswith(f"{name}:")]
        if not found:
            return None
        namespace = max(found, key=len)
        return namespace, text[len(namespace) + 1 :]

    def identifier(self, text: str) -> Identifier:
        """The identifier that `namespace:value` names. Raises IdentifierRejected, which lists what is allowed."""
        parts = self.split(text)
        if parts is None:
            allowed = ", ".join(sorted(self.config.by_name))
            raise IdentifierRejected(
                _("Write an identifier as namespace:value. Namespaces: %(allowed)s.") % {"allowed": allowed}
            )
        found = self.extractor.normalise(*parts)
        if isinstance(found, Refused):
            raise IdentifierRejected(found.detail)
        if _UNSTORABLE in found.value:
            raise IdentifierRejected(
                _("%(namespace)s holds a NUL character, which no identifier has.") % {"namespace": parts[0]}
            )
        return found


_known: Final = Memory[Names](MAX_AGE_S)


def names_in_force(conn: Connection[Any]) -> Names:
    """Configuration and sources; asked of the database every MAX_AGE_S at most, so that a fast call stays one query."""
    if (known := _known.get()) is not None:
        return known
    before = _known.last()
    _version, config = load_config(conn)
    sources = {source.id: source for source in list_sources(conn)}
    # the extractor remembers what it normalised: kept while the configuration is the same
    extractor = before.extractor if before and before.config == config else Extractor(config, {})
    return _known.keep(Names(config, extractor, sources))


def with_sources(conn: Connection[Any], names: Names, source_ids: Iterable[int]) -> Names:
    """These names, or newer ones when a source among them was made a moment ago."""
    if all(source_id in names.sources for source_id in source_ids):
        return names
    forget_names()
    return names_in_force(conn)


def find_source(conn: Connection[Any], slug: str) -> Source:
    """The source of that slug, one made a moment ago too. Raises NotFound."""
    for _try in range(2):
        for source in names_in_force(conn).sources.values():
            if source.slug == slug:
                return source
        forget_names()
    raise NotFound("There is no source with this slug.")


def forget_names() -> None:
    """The next question asks the database."""
    _known.forget()
