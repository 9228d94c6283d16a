"""`crm_*_p95`, `crm_kanban_move`: how long the server takes to answer what a salesperson's browser asks.

Onefold is up, all of it. Each question is asked by somebody who sees everything and by somebody who sees their teams'
records, one after the other, on one connection each. A record page is what the browser loads of it: of a deal the page
and its parts, of a person the parts about records, one after the other.
"""

import http.client
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Final
from urllib.parse import urlencode

import httpx

from benchmarks.crm_data import PASSWORD, SEES_ALL, SEES_TEAM
from benchmarks.figures import Measuring, percentile, tell_times
from benchmarks.installation import Running
from benchmarks.scale import Scale
from onefold.filters.api import AllOf, Number, OneOf, Present, Recent, RelatedTo, to_json
from onefold.profiles.ids import to_text

IDLE_S: Final = 5.0
_OPEN: Final = OneOf("state", "is", ("open",))
_UNDONE: Final = Present("done_at", value=False)
VIEWS: Final[dict[str, tuple[str, str, AllOf]]] = {
    "large open deals of large firms": (
        "/deals",
        "-home_amount",
        AllOf((_OPEN, Number("amount", "gt", 10_000), Number("company/trait:employees", "gt", 500))),
    ),
    "my deals with something overdue": (
        "/deals",
        "close_on",
        AllOf((_OPEN, OneOf("owner", "is", ("me",)),
               RelatedTo("tasks", AllOf((Recent("due_at", "longer_ago", 1), _UNDONE))))),
    ),
    "tasks of what closes this month": (
        "/tasks",
        "due_at",
        AllOf((_UNDONE, RelatedTo("deal", AllOf((_OPEN, Recent("close_on", "ahead", 30)))))),
    ),
    "calls with firms of an industry": (
        "/activities",
        "-at",
        AllOf((OneOf("kind", "is", ("call",)), Recent("at", "within", 90),
               OneOf("company/trait:industry", "is", ("Energy",)), Number("deal/amount", "gt", 5_000))),
    ),
    "firms of more than 50 people with an open deal over 10,000": (
        "/companies",
        "name",
        AllOf((Number("trait:employees", "gt", 50),
               RelatedTo("deals", AllOf((_OPEN, Number("amount", "gt", 10_000)))))),
    ),
}  # fmt: skip
OPEN_DEALS_SQL: Final = """
select d.id, d.stage from deal d join accounts_user u on u.id = d.owner
where u.username = %s and d.state = 'open' and d.pipeline = 1 order by d.id
"""
OPEN_STAGES_SQL: Final = "select id from stage where pipeline = 1 and state = 'open' order by place"


@dataclass
class Reader:
    """Somebody at a browser, signed in."""

    name: str
    connection: http.client.HTTPConnection
    headers: dict[str, str]
    used_at: float = 0.0

    def get_ms(self, path: str) -> float:
        """Milliseconds until the answer is there. Raises RuntimeError unless it is one."""
        return self._ms("GET", path)

    def post_ms(self, path: str, form: dict[str, str]) -> float:
        """As `get_ms`, of a form that htmx sends."""
        return self._ms("POST", path, urlencode(form))

    def _ms(self, method: str, path: str, body: str | None = None) -> float:
        sent = self.headers | ({"content-type": "application/x-www-form-urlencoded"} if body is not None else {})
        began = time.perf_counter()
        if began - self.used_at > IDLE_S:
            self.connection.close()  # the server has, or may any moment; the next request opens it again
        self.connection.request(method, path, body, sent)
        answer = self.connection.getresponse()
        text = answer.read()
        self.used_at = time.perf_counter()
        taken = (self.used_at - began) * 1000
        if answer.status != http.client.OK:
            raise RuntimeError(f"{method} {path} was answered with {answer.status}: {text[:300]!r}")
        return taken


def figures(scale: Scale, running: Running, wanted: set[str]) -> Measuring:
    """Those that are wanted, of a database of `crm_data.fill_sales`."""
    readers = [_sign_in(running, name) for name in (SEES_ALL, SEES_TEAM)]
    asking: dict[str, Callable[[], Iterator[tuple[str, float]]]] = {
        "crm_list_p95": lambda: _lists(readers, scale),
        "crm_search_p95": lambda: _searches(readers, scale),
        "crm_record_p95": lambda: _records(running, readers, scale),
        "crm_kanban_p95": lambda: _boards(readers, scale),
        "crm_kanban_move": lambda: _moves(running, readers[0], scale),
    }
    for name, ask in asking.items():
        if name in wanted:
            yield name, _p95(name, ask())


def _p95(name: str, taken: Iterator[tuple[str, float]]) -> float:
    by_question: dict[str, list[float]] = {}
    for question, ms in taken:
        by_question.setdefault(question, []).append(ms)
    for question, times in by_question.items():
        tell_times(question, times)
    times = [ms for times in by_question.values() for ms in times]
    tell_times(name, times)
    return percentile(times, 0.95)


def _lists(readers: list[Reader], scale: Scale) -> Iterator[tuple[str, float]]:
    for title, (path, sort, tree) in VIEWS.items():
        address = f"{path}?{urlencode({'filter': to_json(tree), 'sort': sort})}"
        for reader in readers:
            for _ in range(scale.sales_pages):
                yield f"{title} ({reader.name})", reader.get_ms(address)


def _searches(readers: list[Reader], scale: Scale) -> Iterator[tuple[str, float]]:
    """As somebody types them: in the palette, and where a form asks for a company, a person or a deal."""
    r = random.Random(7)  # noqa: S311 made-up searches
    for reader in readers:
        for _ in range(scale.sales_pages):
            person, firm, deal = r.randrange(scale.people), r.randrange(scale.companies), r.randrange(scale.deals)
            for query in (f"person {person}"[: r.randrange(8, 14)], f"firm {firm}", f"{deal} for", "upgrade"):
                yield f"palette ({reader.name})", reader.get_ms(f"/jump?{urlencode({'q': query})}")
            for field, query in (
                ("company", f"firm {firm}"),
                ("person", f"person {person}"),
                ("deal", f"rollout {deal}"),
            ):
                address = f"/records/task/look-up/{field}?{urlencode({'q': query})}"
                yield f"look-up of a {field} ({reader.name})", reader.get_ms(address)


def _records(running: Running, readers: list[Reader], scale: Scale) -> Iterator[tuple[str, float]]:
    """Deals of the first reader, whom the second has in their team; people with deals."""
    with running.connect() as conn:
        mine = "select d.id, d.person from deal d join accounts_user u on u.id = d.owner where u.username = %s"
        rows = conn.execute(f"{mine} order by d.id", [SEES_TEAM]).fetchall()
    chosen = random.Random(3).sample(rows, min(len(rows), scale.sales_pages))  # noqa: S311 which ones doesn't matter
    for reader in readers:
        for deal, person in chosen:
            parts = [f"/deals/{deal}", f"/records/deal/{deal}/shares", f"/records/of/deal/{deal}"]
            yield f"deal ({reader.name})", sum(map(reader.get_ms, parts))
            parts = [f"/records/of/person/{to_text(person)}", f"/records/of/person/{to_text(person)}/acts"]
            yield f"a person's records ({reader.name})", sum(map(reader.get_ms, parts))


def _boards(readers: list[Reader], scale: Scale) -> Iterator[tuple[str, float]]:
    for reader in readers:
        for path in ("/deals/board", "/deals/board?owner=me", "/deals/board?pipeline=2"):
            for _ in range(scale.sales_pages):
                yield f"{path} ({reader.name})", reader.get_ms(path)


def _moves(running: Running, reader: Reader, scale: Scale) -> Iterator[tuple[str, float]]:
    """A card after another to the next stage."""
    with running.connect() as conn:
        stages = [stage for (stage,) in conn.execute(OPEN_STAGES_SQL)]
        deals = conn.execute(OPEN_DEALS_SQL, [reader.name]).fetchall()
    next_of = dict(zip(stages, [*stages[1:], stages[0]], strict=True))
    chosen = random.Random(5).sample(deals, len(deals))  # noqa: S311 which ones doesn't matter
    for (deal, stage), _ in zip(cycle(chosen), range(4 * scale.sales_pages), strict=False):
        form = {"deal": str(deal), "stage": str(next_of[stage])}
        yield "move", reader.post_ms("/deals/move", form)


def _sign_in(running: Running, name: str) -> Reader:
    """By the form, as a person does."""
    base = f"http://127.0.0.1:{running.web_port}"
    with httpx.Client(base_url=base, follow_redirects=True, timeout=60) as client:
        client.get("/signin")
        form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": client.cookies["onefold_csrf"]}
        answer = client.post("/signin", data=form, headers={"referer": f"{base}/signin"})
        if answer.url.path == "/signin":
            raise RuntimeError(f"{name} could not sign in: {answer.text[:2000]}")
        cookies = "; ".join(f"{key}={value}" for key, value in client.cookies.items())
        headers = {
            "cookie": cookies, "accept-encoding": "gzip", "hx-request": "true",
            "x-csrftoken": client.cookies["onefold_csrf"], "referer": f"{base}/",
        }  # fmt: skip
    print(f"  {name} signed in", file=sys.stderr)
    return Reader(name, http.client.HTTPConnection("127.0.0.1", running.web_port, timeout=60), headers)
