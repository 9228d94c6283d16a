"""The identity configuration: namespaces, limits, blocked values. One immutable object a version."""

from collections.abc import Iterable
from functools import cached_property

import msgspec


class Namespace(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of identifier. `rank` 0 is the strongest; `code` is what `node.ns` stores and never changes."""

    code: int
    name: str
    rank: int
    is_unique: bool = False  # a person has one
    limit: int | None = None  # values one person may have
    shared_above: int | None = None  # k: touches more values of a unique namespace = shared


class IdentityConfig(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What identity depends on besides the events; see docs/reference/identity.md."""

    namespaces: tuple[Namespace, ...]
    blocked_values: tuple[str, ...]  # lower case, compared whole
    blocked_patterns: tuple[str, ...]  # regular expressions, searched in the lower-case value
    size_cap: int = 1_000
    busy_above: int = 300
    component_limit: int = 2_000
    phone_region: str | None = None  # ISO 3166 code for numbers without a country; None = such numbers are invalid

    @cached_property
    def by_name(self) -> dict[str, Namespace]:
        return {namespace.name: namespace for namespace in self.namespaces}

    @cached_property
    def by_code(self) -> dict[int, Namespace]:
        return {namespace.code: namespace for namespace in self.namespaces}


_BLOCKED = (
    *("null", "undefined", "none", "nil", "nan", "true", "false", "anonymous", "anon", "guest", "unknown", "user"),
    *("n/a", "na", "-1", "[object object]", "test", "{{user_id}}", "%user_id%"),
    *("test@test.com", "a@a.com", "noreply@example.com", "none@none.com", "no@no.com", "email@example.com"),
)
DEFAULT_CONFIG = IdentityConfig(
    namespaces=(
        Namespace(code=1, name="crm:id", rank=0, is_unique=True, limit=1),
        Namespace(code=2, name="user_id", rank=10, is_unique=True, limit=1),
        Namespace(code=3, name="email", rank=20, limit=5, shared_above=3),
        Namespace(code=4, name="phone", rank=30, limit=5, shared_above=3),
        Namespace(code=5, name="device_id", rank=40, shared_above=1),
        Namespace(code=6, name="advertising_id", rank=45, shared_above=1),
        Namespace(code=7, name="anonymous_id", rank=50, shared_above=1),
    ),
    blocked_values=_BLOCKED,
    blocked_patterns=(r"^[0\-_.*x\s]+$",),
)
FIRST_SPACE_CODE = 1_000
"""Codes below are the stored configuration's to give."""


def with_user_spaces(config: IdentityConfig, spaces: Iterable[tuple[int, str]]) -> IdentityConfig:
    """`config` with the namespace `<space>:user_id` of each (source id, space); itself when it has them all.

    The code follows from the first source of a space: sources are never deleted and keep their space.
    """
    added: dict[str, Namespace] = {}
    for source_id, space in sorted(spaces):
        name = user_namespace(space)
        if name not in config.by_name and name not in added:
            code = FIRST_SPACE_CODE + source_id
            added[name] = Namespace(code=code, name=name, rank=10, is_unique=True, limit=1)
    if not added:
        return config
    return msgspec.structs.replace(config, namespaces=(*config.namespaces, *added.values()))


def user_namespace(space: str) -> str:
    """The namespace of user ids that come from sources of this space."""
    return f"{space}:user_id" if space else "user_id"
