"""Who a deal is about besides its person, and in what role."""

from collections.abc import Sequence

from onefold.crm.parts import profiles_of
from onefold.crm.rules import Draft, Writing


def prepare_people(writing: Writing, drafts: Sequence[Draft]) -> None:
    """Everybody once, by the anchor that the record had for them. A statement, if anybody is new."""
    told = [draft for draft in drafts if draft.is_new_value("people")]
    both = [(draft.old("people") or [], draft.after["people"]) for draft in told]
    whose = profiles_of(writing.conn, (one["person"] for pair in both for people in pair for one in people))
    for draft, (before, after) in zip(told, both, strict=True):
        anchors = {whose.get(one["person"], one["person"]): one["person"] for one in before}
        people = {whose.get(one["person"], one["person"]): one for one in after}  # of one that is there twice the last
        draft.after["people"] = [
            {"person": anchors.get(profile, one["person"]), "role": one.get("role") or ""}
            for profile, one in people.items()
        ]
