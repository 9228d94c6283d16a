"""Figures of reports once more, in plain loops over rows, and random sales to count. Knows nothing of the reports."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from statistics import mean
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

Row = dict[str, Any]
KINDS: Final = ("call", "email", "meeting", "note")
REASONS: Final = ("price", "competitor", "", "gone")


def fill(conn: Connection[Any], rng: Random, owners: list[int | None], now: datetime, n: int = 120) -> None:
    """Two pipelines of deals with stays, activities and tasks, over two years."""
    conn.execute("insert into pipeline (name, place) values ('Partners', 2)")
    conn.execute(
        "insert into stage (pipeline, name, place, state, probability) select p.id, s.* from pipeline p,"
        " (values ('Lead', 1, 'open', 10), ('Offer', 2, 'open', 50), ('Signed', 3, 'won', 100), ('No', 4, 'lost', 0))"
        " s(name, place, state, probability) where p.name = 'Partners'"
    )
    pipelines = [row[0] for row in conn.execute("select id from pipeline order by id")]
    with conn.cursor(row_factory=dict_row) as cursor:
        stages = cursor.execute("select id, pipeline, place, state, probability from stage order by id").fetchall()
    for number in range(n):
        pipeline = rng.choice([*pipelines, pipelines[0]])
        _deal(conn, rng, [one for one in stages if one["pipeline"] == pipeline], rng.choice(owners), now, number)
    for _number in range(n * 2):
        conn.execute(
            "insert into activity (kind, name, at, owner, deleted_at, created_by) values (%s, 'a', %s, %s, %s, 't')",
            [rng.choice(KINDS), _moment(rng, now), rng.choice(owners), rng.choice([None] * 9 + [now])],
        )
        conn.execute(
            "insert into task (name, done_at, owner, created_by) values ('t', %s, %s, 't')",
            [rng.choice([None, _moment(rng, now)]), rng.choice(owners)],
        )


def _deal(conn: Connection[Any], rng: Random, mine: list[Row], owner: int | None, now: datetime, number: int) -> None:
    """In the stages of one pipeline."""
    made = at = _moment(rng, now)
    path = [mine[0]]
    while path[-1]["state"] == "open" and rng.random() < 0.8:
        path.append(rng.choice(mine))  # also backwards, also where it stands
        if path[-1]["id"] == path[-2]["id"]:
            path.pop()
            break
    stays: list[tuple[int, datetime, datetime | None]] = []
    for place, stage in enumerate(path):
        is_last = place == len(path) - 1
        left = None if is_last else min(at + timedelta(days=rng.expovariate(0.05)), now)
        stays.append((stage["id"], at, left))
        at = left or at
    stage = path[-1]
    amount = rng.choice([None, Decimal(rng.randrange(100, 900_000)) / 100])
    row = conn.execute(
        "insert into deal (name, pipeline, stage, state, home_amount, weighted, close_on, closed_at, owner,"
        " lost_reason, created_at, deleted_at, created_by) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 't')"
        " returning id",
        [
            f"Deal {number}", stage["pipeline"], stage["id"], stage["state"], amount,
            None if amount is None else round(amount * stage["probability"] / 100, 2),
            rng.choice([None, now.date() + timedelta(days=rng.randrange(-60, 500))]),
            at if stage["state"] != "open" else None, owner,
            rng.choice(REASONS) if stage["state"] == "lost" else "", made, rng.choice([None] * 9 + [now]),
        ],
    ).fetchone()  # fmt: skip
    assert row
    for one in stays:
        conn.execute("insert into deal_stay (deal, stage, entered_at, left_at) values (%s, %s, %s, %s)", [row[0], *one])


def _moment(rng: Random, now: datetime) -> datetime:
    return now - timedelta(seconds=rng.randrange(1, 700 * 86_400))


@dataclass
class Reference:
    """All rows of a database that a reader may see and asked for, and the figures of them."""

    conn: Connection[Any]
    pipelines: list[int]
    owners: set[int | None] | None  # None = whoever's
    first: date
    last: date
    today: date
    tables: dict[str, list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for table in ("deal", "deal_stay", "stage", "activity", "task"):
            with self.conn.cursor(row_factory=dict_row) as cursor:
                statement = SQL("select * from {}").format(Identifier(table))
                self.tables[table] = cursor.execute(statement).fetchall()
        self.stages = {one["id"]: one for one in self.tables["stage"]}
        self.deals = [one for one in self._live("deal") if one["pipeline"] in self.pipelines]

    def stage(self, number: int) -> dict[str, Any]:
        """Of the report by stage."""
        there = [one for one in self.deals if one["state"] == "open" and one["stage"] == number]
        return {
            "count": len(there),
            "sum": _sum(there, "home_amount"),
            "weighted": _sum(there, "weighted"),
            "without_amount": sum(one["home_amount"] is None for one in there),
        }

    def conversion(self, number: int) -> dict[str, Any]:
        entered = went = lost = still = left = 0
        days: list[float] = []
        for deal in self.deals:
            stays = [one for one in self.tables["deal_stay"] if one["deal"] == deal["id"]]
            mine = [one for one in stays if one["stage"] == number]
            came = [one for one in mine if self._in(one["entered_at"])]
            gone = [one for one in mine if one["left_at"] and self._in(one["left_at"])]
            left += bool(gone)
            days += [(one["left_at"] - one["entered_at"]).total_seconds() / 86_400 for one in gone]
            if came:
                is_on = any(self._went_on(one, stays) for one in came)
                entered, went = entered + 1, went + is_on
                lost += not is_on and deal["state"] == "lost"
                still += not is_on and deal["state"] == "open"
        return {
            "entered": entered, "went_on": went, "rate": went / entered if entered else None, "lost": lost,
            "still": still, "left": left, "median_days": _percentile(days, 0.5), "p90_days": _percentile(days, 0.9),
        }  # fmt: skip

    def velocity(self) -> dict[str, Any]:
        """Of all its pipelines together."""
        closed = [one for one in self.deals if one["closed_at"] and self._in(one["closed_at"])]
        won = [one for one in closed if one["state"] == "won"]
        lost = [one for one in closed if one["state"] == "lost"]
        n = sum(one["state"] == "open" for one in self.deals)
        rate = len(won) / (len(won) + len(lost)) if won or lost else None
        amounts = [float(one["home_amount"]) for one in won if one["home_amount"] is not None]
        days = [(one["closed_at"] - one["created_at"]).total_seconds() / 86_400 for one in won]
        average, long = mean(amounts) if amounts else None, mean(days) if days else None
        speed = None
        if rate is not None and average is not None and long is not None:
            speed = n * rate * average / max(long, 1)
        return {
            "open": n, "won": len(won), "lost": len(lost), "rate": rate, "average": average, "days": long,
            "by_day": speed,
        }  # fmt: skip

    def month(self, month: str) -> dict[str, Any]:
        """Of won and lost; `total`: of the period."""
        closed = [one for one in self.deals if one["closed_at"] and self._in(one["closed_at"])]
        there = [one for one in closed if month in {"total", f"{one['closed_at'].astimezone(UTC):%Y-%m}"}]
        won = [one for one in there if one["state"] == "won"]
        lost = [one for one in there if one["state"] == "lost"]
        return {
            "won": len(won), "lost": len(lost), "rate": len(won) / len(there) if there else None,
            "won_sum": _sum(won, "home_amount"), "lost_sum": _sum(lost, "home_amount"),
        }  # fmt: skip

    def reasons(self, month: str) -> Counter[str]:
        return Counter(
            one["lost_reason"]
            for one in self.deals
            if one["state"] == "lost" and self._in(one["closed_at"])
            and month in {"total", f"{one['closed_at'].astimezone(UTC):%Y-%m}"}
        )  # fmt: skip

    def forecast(self, key: str) -> dict[str, Any]:
        there = [one for one in self.deals if one["state"] == "open" and self._place(one["close_on"]) == key]
        return {"open": len(there), "sum": _sum(there, "home_amount"), "weighted": _sum(there, "weighted")}

    def person(self, owners: set[int | None] | None) -> dict[str, Any]:
        """What these did; None = everybody."""

        def mine(rows: Iterable[Row], when: str) -> list[Row]:
            return [one for one in rows if (owners is None or one["owner"] in owners)
                    and one[when] and self._in(one[when])]  # fmt: skip

        closed = mine(self.deals, "closed_at")
        won = [one for one in closed if one["state"] == "won"]
        kinds = Counter(one["kind"] for one in mine(self._live("activity"), "at"))
        return {kind: kinds[kind] for kind in KINDS} | {
            "tasks": len(mine(self._live("task"), "done_at")),
            "made": len(mine(self.deals, "created_at")),
            "won": len(won),
            "lost": sum(one["state"] == "lost" for one in closed),
            "won_sum": _sum(won, "home_amount"),
        }

    def _live(self, table: str) -> list[Row]:
        return [one for one in self.tables[table] if one["deleted_at"] is None
                and (self.owners is None or one["owner"] in self.owners)]  # fmt: skip

    def _in(self, moment: datetime) -> bool:
        return self.first <= moment.astimezone(UTC).date() <= self.last

    def _went_on(self, stay: Row, stays: list[Row]) -> bool:
        here = self.stages[stay["stage"]]
        for other in stays:
            there = self.stages[other["stage"]]
            is_later = other["entered_at"] >= stay["entered_at"] and there["pipeline"] == here["pipeline"]
            is_further = there["state"] == "open" and there["place"] > here["place"]
            if is_later and (there["state"] == "won" or is_further):
                return True
        return False

    def _place(self, close_on: date | None) -> str:
        if close_on is None:
            return "none"
        months = (close_on.year - self.today.year) * 12 + close_on.month - self.today.month
        return "overdue" if close_on < self.today else "later" if months >= 12 else f"{close_on:%Y-%m}"


def _sum(rows: Iterable[Row], name: str) -> Decimal:
    return sum((one[name] for one in rows if one[name] is not None), Decimal(0))


def _percentile(values: list[float], share: float) -> float | None:
    """Between the two neighbours, as far as it is from each."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low, part = int(place), place - int(place)
    return ordered[low] + (ordered[min(low + 1, len(ordered) - 1)] - ordered[low]) * part
