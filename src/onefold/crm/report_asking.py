"""What every report is worked out with: who asks, of what, and the statements over the records that they may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Composable, Identifier

from onefold.crm.catalogue import Asking
from onefold.crm.listing import Question, where_of
from onefold.crm.objects import ObjectType
from onefold.crm.pipelines import Pipeline, Pipelines
from onefold.crm.report_state import ReportState
from onefold.crm.viewer import Doing, Reach
from onefold.filters.api import AllOf, Node

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class ReportAsked:
    """A question of reports, at a moment."""

    conn: Connection[Any]
    asking: Asking
    pipelines: Pipelines
    state: ReportState
    now: datetime

    @property
    def deal(self) -> ObjectType:
        """Deals as who asks knows them."""
        return self.asking.objects["deal"]

    @property
    def has_amounts(self) -> bool:
        """Whether sums may be shown."""
        return "home_amount" in self.deal.by_name

    @property
    def chosen(self) -> Sequence[Pipeline]:
        """The pipelines that it is of."""
        one = self.pipelines.pipeline(self.state.pipeline)
        return [one] if one else self.pipelines.live

    def sees(self, object_name: str) -> bool:
        """Whether who asks may see any of these."""
        return self.asking.viewer.reach(object_name, Doing.SEE) is not Reach.NONE

    def sums(self, *names: str) -> Composable:
        """Columns of a statement: sums of these fields of deals `r`, null where they are hidden."""
        return SQL(", ").join(
            SQL("coalesce(sum({}), 0)").format(Identifier("r", name))
            if name in self.deal.by_name
            else SQL("null::numeric")
            for name in names
        )

    def rows(self, object_name: str, statement: SQL, nodes: Sequence[Node], **parts: Composable | object) -> Rows:
        """Of a statement over `r` with a place {where}, which the list of the same `nodes` has as well.

        Composable `parts` are put in by name, others are parameters; of the period there are `begins` and `ends`.
        """
        kind = self.asking.objects[object_name]
        tree = AllOf(tuple(nodes))
        where, parameters = where_of(Question(asking=self.asking, kind=kind, tree=tree, now=self.now))
        composed = {name: one for name, one in parts.items() if isinstance(one, Composable)}
        given = {name: one for name, one in parts.items() if name not in composed}
        # not prepared: which plan is good depends on the values
        query = statement.format(where=where, **composed)
        return self.conn.execute(query, parameters | self.state.moments | given, prepare=False).fetchall()
