"""What those who may not see personal data may not ask either: counts would tell it piece by piece."""

from onefold.accounts.api import Actor, Permission, is_masked_name, may
from onefold.audiences.errors import RuleHidden
from onefold.audiences.rules import BOUNDS
from onefold.filters.api import Condition, Node, OneOf, Present, leaves_of


def is_hidden(field: str) -> bool:
    """Whether a field holds e-mail addresses or phone numbers, by its name."""
    plain = field.partition(":")[2] or field
    return plain in ("email", "phone") or is_masked_name(plain)


def demand_whole(actor: Actor, rule: Node) -> None:
    """Whoever may not see addresses may only compare them as a whole. Raises RuleHidden."""
    if may(actor, Permission.SEE_PERSONAL_DATA):
        return
    for at, leaf in leaves_of(rule, BOUNDS):
        if isinstance(leaf, Condition) and is_hidden(leaf.field) and not isinstance(leaf, OneOf | Present):
            raise RuleHidden(
                f"{at}: you may compare {leaf.field!r} only as a whole (is, is not), for you don't see it."
            )
