"""A rule of companies in one plain sentence: the same as of people, said of companies. Pure."""

import re
from typing import Final

from onefold.audiences.words import NAMELESS, Names, Piece, sentence_of
from onefold.filters.api import Node

_SAID: Final = {"People": "Companies", "for whom": "for which", "who": "that"}
_EVERY: Final = {"Everybody": "Every company", "Nobody": "No company"}
_LINKS: Final = re.compile(r"\b(People|for whom|who)\b")


def sentence_of_companies(rule: Node, names: Names = NAMELESS) -> list[Piece]:
    """ "Companies whose size is at least 50 and that have at least 3 people in audience 'VIP'."

    What links the conditions is never in bold, so that no name in one is taken for such a word.
    """
    return [
        Piece(_EVERY.get(piece.text, piece.text), True)
        if piece.is_strong
        else Piece(_LINKS.sub(lambda found: _SAID[found[1]], piece.text))
        for piece in sentence_of(rule, names)
    ]
