"""Audiences of companies as the processor holds companies against them: which is this company in, and until when?

Pure but for `load_companies_live`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from onefold.audiences.asked import Asked, Person, company_rule, is_count_met
from onefold.audiences.references import counted_in
from onefold.audiences.rules import BOUNDS, Scope
from onefold.audiences.states import COMPANIES as QUERIES
from onefold.audiences.states import bits_of
from onefold.filters.api import FOREVER, Node, PeopleIn, from_json


@dataclass(frozen=True)
class LiveCompanies:
    """`versions`: of each live audience of companies the version of its rule. `paused`: whose members stay as they are.

    `counted`: audiences of which it is kept how many of a company's people are in. `counts`: how people's rules compare
    those. `asks_traits`, `asks_times`: what people's rules ask of companies besides.
    """

    versions: Mapping[int, int] = field(default_factory=dict)
    paused: int = 0
    counted: frozenset[int] = frozenset()
    counts: frozenset[PeopleIn] = frozenset()
    asks_traits: bool = False
    asks_times: bool = False
    rules: Mapping[int, Asked] = field(default_factory=dict, compare=False, repr=False)

    def evaluate(self, company: Person, now_us: int) -> tuple[set[int], int]:
        """The audiences that a company is in, and until when that is sure if nothing happens. Times in µs.

        `company`: somebody of whom nothing is known but the company.
        """
        inside, until = set(), FOREVER
        for number, asked in self.rules.items():
            is_in, sure_until = asked(company, now_us)
            until = min(until, sure_until)
            if is_in:
                inside.add(number)
        return inside, until

    def may_move_people(self, before: Mapping[int, int], after: Mapping[int, int]) -> bool:
        """Whether a rule of people says otherwise of these counts (audience → people) than of those."""
        return any(is_count_met(one, before) is not is_count_met(one, after) for one in self.counts)


def load_companies_live(
    conn: Connection[Any], scope: Scope, counts: Collection[PeopleIn], *, asks_traits: bool, asks_times: bool
) -> LiveCompanies:
    """As of now. The rest: what people's live rules ask of companies. Cost: three small queries."""
    rows = conn.execute(QUERIES["rules_in_force"]).fetchall()
    rules = {number: from_json(text, BOUNDS) for number, _, text in rows}
    asking = [from_json(text, BOUNDS) for (text,) in conn.execute(QUERIES["rules_that_count"])]
    return LiveCompanies(
        versions={number: version for number, version, _ in rows},
        paused=bits_of(row[0] for row in conn.execute(QUERIES["paused"])),
        counted=_counted((*asking, *rules.values()), scope) | {one.audience for one in counts},
        counts=frozenset(counts),
        asks_traits=asks_traits,
        asks_times=asks_times,
        rules={number: company_rule(rule, scope.company_rule_of) for number, rule in rules.items()},
    )


def _counted(rules: Iterable[Node], scope: Scope) -> frozenset[int]:
    return frozenset(number for rule in rules for number in counted_in(rule, scope))
