"""Fields of related records in one word, as lists offer them: `deals/amount` is `amount` of one of `deals`. Pure."""

from typing import Final

import msgspec

from onefold.filters.tree import Condition, Group, Node, RelatedTo

SEPARATOR: Final = "/"
_WHOLE: Final = ("trait:", "identifier:")
"""What begins so is a field of its own, whatever stands in it."""


def with_relations(node: Node) -> Node:
    """The same with conditions on fields behind a relation as the filter's language has them."""
    if isinstance(node, Group):
        return type(node)(tuple(with_relations(one) for one in node.of))
    if isinstance(node, RelatedTo):
        return msgspec.structs.replace(node, where=with_relations(node.where))
    if isinstance(node, Condition) and SEPARATOR in node.field and not node.field.startswith(_WHOLE):
        head, _sep, rest = node.field.partition(SEPARATOR)
        return RelatedTo(head, with_relations(msgspec.structs.replace(node, field=rest)))
    return node
