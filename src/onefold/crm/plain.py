"""Rules of objects that have none: products and custom objects."""

from collections.abc import Sequence

from onefold.crm.rules import Draft, Writing


class PlainRules:
    """Nothing is filled in, nothing follows."""

    def prepare(self, writing: Writing, drafts: Sequence[Draft]) -> None:
        """As `Rules`."""

    def follow(self, writing: Writing, drafts: Sequence[Draft]) -> None:
        """As `Rules`."""

    def removed(self, writing: Writing, ids: Sequence[int], *, is_deleted: bool) -> None:
        """As `Rules`."""
