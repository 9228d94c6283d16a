"""What those who may not see personal data may not ask either: counts would tell it piece by piece."""

from typing import Any, Final

from psycopg import Connection

from onefold.accounts.api import Actor, Permission, is_masked_name, mask_text, may
from onefold.audiences.errors import RuleHidden
from onefold.audiences.found import Reader
from onefold.audiences.live import load_scope
from onefold.audiences.phrases import NAMELESS, Names
from onefold.audiences.rules import BOUNDS, COMPUTED, TRAIT
from onefold.audiences.suggesting import texts_of_trait
from onefold.filters.api import Condition, Contains, Did, Matches, Node, OneOf, Present, TopShare, leaves_of

MAX_TRAITS: Final = 20
"""That are looked into for one rule; a rule that asks for parts of more is refused."""


def is_hidden(field: str) -> bool:
    """Whether a field, or a property of events, holds e-mail addresses or phone numbers, by its name."""
    plain = field.partition(":")[2] or field
    return any(part in ("email", "phone") or is_masked_name(part) for part in (plain, *plain.split(".")))


def reader_for(actor: Actor, names: Names = NAMELESS) -> Reader:
    """Who an explanation is for: they see no values of fields that are hidden from them."""
    return Reader(names) if may(actor, Permission.SEE_PERSONAL_DATA) else Reader(names, is_hidden)


def demand_whole(conn: Connection[Any], actor: Actor, rule: Node) -> None:
    """Whoever may not see addresses may only compare them as a whole: fields that hold them by their name, and traits
    whose values show some. Raises RuleHidden. Cost: some thousand values of each trait that is asked for parts."""
    if may(actor, Permission.SEE_PERSONAL_DATA):
        return
    looked_into: dict[str, bool] = {}
    computed = load_scope(conn).computed
    for at, leaf in leaves_of(rule, BOUNDS):
        if isinstance(leaf, Did) and is_hidden(leaf.property):
            raise RuleHidden(f"{at}: you may only count by {leaf.property!r}, not measure it, for you don't see it.")
        if not isinstance(leaf, Condition | TopShare) or isinstance(leaf, OneOf | Present):
            continue
        read_off = computed.get(leaf.field.removeprefix(COMPUTED)) if leaf.field.startswith(COMPUTED) else None
        is_part = isinstance(leaf, Contains | Matches) and leaf.field.startswith(TRAIT)
        if is_part and leaf.field not in looked_into:
            is_looked_into = len(looked_into) < MAX_TRAITS
            looked_into[leaf.field] = not is_looked_into or _shows_addresses(conn, leaf.field.removeprefix(TRAIT))
        is_of_hidden = read_off is not None and is_hidden(read_off.property)
        if is_hidden(leaf.field) or is_of_hidden or (is_part and looked_into[leaf.field]):
            raise RuleHidden(
                f"{at}: you may compare {leaf.field!r} only as a whole (is, is not), for you don't see it."
            )


def _shows_addresses(conn: Connection[Any], trait: str) -> bool:
    """As suggestions are masked: by the values. What can't be looked into in time counts as hidden."""
    found = texts_of_trait(conn, trait)
    return found is None or any(mask_text(text) != text for text in found)
