"""A rule in one plain sentence, as a marketer would say it. Pure.

In English only: a sentence is built of clauses whose order and endings are a language's own, so that a catalogue of
translated words would make no sentence of it; and nothing here may import Django, which has the catalogue.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from onefold.audiences.phrases import NAMELESS, PAIRS, Names, Piece, phrase_of, purpose_of, together
from onefold.filters.api import AllOf, AnyOf, Behaviour, Condition, Consents, Group, Node, NoneOf

__all__ = ["NAMELESS", "Names", "Piece", "sentence_of", "text_of", "words_of"]
_EMPTY: Final = ("everybody", "nobody")


class _Clause(NamedTuple):
    """What follows "people", after its pronoun; "" where the pieces have theirs."""

    pronoun: str
    said: list[Piece]

    @property
    def whole(self) -> list[Piece]:
        return [Piece(f"{self.pronoun} "), *self.said] if self.pronoun else self.said


def sentence_of(rule: Node, names: Names = NAMELESS) -> list[Piece]:
    """ "People who did 'Order Completed' at least once. Only those who allow e-mail marketing. Not those who …"

    Of groups of AND at the top each part is a clause; those of NOT, and consent, are sentences. 10 µs a condition.
    """
    asked: list[Node] = []
    allowed: list[str] = []
    excluded: list[NoneOf] = []
    for part in _all_of(rule):
        if isinstance(part, Consents) and part.op == "given":
            allowed.append(purpose_of(part.purpose, names))
        elif isinstance(part, NoneOf):
            excluded.append(part)
        else:
            asked.append(part)
    said = _opening(asked, names)
    if allowed:
        purposes = f"{', '.join(allowed[:-1])} and {allowed[-1]}" if len(allowed) > 1 else allowed[0]
        allow = [Piece(". Only those who "), Piece("allow", True)] if asked else [Piece(" who "), Piece("allows", True)]
        said += [*allow, Piece(f" {purposes}", True)]
    said.append(Piece("."))
    for group in excluded:
        said += [Piece(" Not those "), *_in_series([_clause_of(one, names) for one in group.of], "or"), Piece(".")]
    return _in_few(said)


def text_of(rule: Node, names: Names = NAMELESS) -> str:
    """The whole sentence as text."""
    return "".join(piece.text for piece in sentence_of(rule, names))


def words_of(node: Node, names: Names = NAMELESS) -> str:
    """A rule or a part of one as a line of its own, said of one person: "allows e-mail marketing", "plan is 'pro'"."""
    return "".join(piece.text for piece in _alone(node, names))


def _all_of(node: Node) -> Iterator[Node]:
    """What must all hold; groups that everybody meets left out."""
    if isinstance(node, AllOf):
        for one in node.of:
            yield from _all_of(one)
    elif not (isinstance(node, NoneOf) and not node.of):
        yield node


def _opening(asked: Sequence[Node], names: Names) -> list[Piece]:
    if not asked:
        return [Piece("Everybody", True)]
    if asked == [AnyOf(())]:
        return [Piece("Nobody", True)]
    (first, *others) = asked
    if not others and isinstance(first, AnyOf):
        return [Piece("People "), *_in_series([_clause_of(one, names) for one in first.of], "or")]
    return [Piece("People "), *_in_series([_clause_of(one, names) for one in asked], "and")]


def _in_series(clauses: Sequence[_Clause], link: str) -> list[Piece]:
    """who A, B, and whose C: of clauses that follow each other with "who", the first says so."""
    has_commas = len(clauses) > 2 or any(len(one.said) > 1 or "," in one.said[0].text for one in clauses)
    said: list[Piece] = []
    for i, one in enumerate(clauses):
        if i:
            is_last = i == len(clauses) - 1
            said.append(Piece(f"{',' if has_commas else ''} {link + ' ' if is_last else ''}"))
        repeats = bool(i) and one.pronoun == "who" == clauses[i - 1].pronoun
        said += one.said if repeats else one.whole
    return said


def _clause_of(node: Node, names: Names) -> _Clause:
    if not isinstance(node, Group):
        phrase = phrase_of(node, names, is_of_many=True)
        return _Clause(phrase.pronoun, [Piece(phrase.text, True)])
    if not node.of:
        return _Clause("who", [Piece("are nobody" if isinstance(node, AnyOf) else "are anybody", True)])
    if len(node.of) == 1 and not isinstance(node, NoneOf):
        return _clause_of(node.of[0], names)
    if len(node.of) == 2 and not any(isinstance(one, Group) for one in node.of):
        return _pair(node, names)
    return _Clause("for whom", _alone(node, names))


def _pair(group: Group, names: Names) -> _Clause:
    first, link = PAIRS[type(group)]
    one, other = (_clause_of(member, names) for member in group.of)
    if one.pronoun == other.pronoun == "who":
        return _Clause("who", [Piece(f"{first} "), *one.said, Piece(f" {link} "), *other.said])
    if isinstance(group, NoneOf):
        return _Clause("for whom", _alone(group, names))
    return _Clause("", [Piece(f"{first} "), *one.whole, Piece(f" {link} "), *other.whole])


def _alone(node: Node, names: Names) -> list[Piece]:
    def say(leaf: Condition | Behaviour) -> list[Piece]:
        return [Piece(phrase_of(leaf, names).text, True)]

    return together(node, say, _EMPTY)


def _in_few(said: Sequence[Piece]) -> list[Piece]:
    """Pieces alike that follow each other as one."""
    few: list[Piece] = []
    for piece in said:
        if few and few[-1].is_strong is piece.is_strong:
            few[-1] = Piece(few[-1].text + piece.text, piece.is_strong)
        elif piece.text:
            few.append(piece)
    return few
