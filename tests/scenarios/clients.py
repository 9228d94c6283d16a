"""The real tracking clients, each a script in tests/clients that makes the calls it is given."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.node import node, node_modules

SCRIPTS: Final = Path(__file__).parent.parent / "clients"
Call = dict[str, Any]


@dataclass(frozen=True)
class RealClient:
    """A client library, a way of using it, and what it can't do."""

    name: str
    script: str
    options: Mapping[str, Any] = field(default_factory=dict)
    lacks: frozenset[str] = frozenset()

    def start(self, base: str, key: str, calls: list[Call]) -> subprocess.Popen[str]:
        """A process that makes `calls` and ends with 0 when the library says that all are delivered."""
        path = str(SCRIPTS / self.script)
        if path.endswith(".py"):
            command, environ = [sys.executable, "-W", "ignore", path], None
        else:
            command, environ = [node(), path], {"NODE_PATH": str(node_modules())}
        told = {"base": base, "key": key, "options": dict(self.options), "calls": self.can(calls)}
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environ)
        assert process.stdin is not None
        process.stdin.write(json.dumps(told))
        process.stdin.close()
        process.stdin = None
        return process

    def send(self, base: str, key: str, calls: list[Call]) -> None:
        """Makes `calls`; returns when the library has delivered them."""
        demand_delivered(self.start(base, key, calls))

    def can(self, calls: list[Call]) -> list[Call]:
        """Those of `calls` that the library has a function for."""
        return [call for call in calls if call["call"] not in self.lacks]


def demand_delivered(process: subprocess.Popen[str], timeout_s: float = 90) -> None:
    """The library must say that everything was delivered."""
    _, errors = process.communicate(timeout=timeout_s)
    assert process.returncode == 0, errors


SEGMENT: Final = {"library": "segment"}
RUDDER: Final = {"library": "rudderstack"}
SEGMENT_PYTHON: Final = RealClient("segment-python", "analytics_python.py", SEGMENT | {"upload_interval": 0.2})
RUDDER_PYTHON: Final = RealClient("rudder-python", "analytics_python.py", RUDDER | {"upload_interval": 0.2})
SEGMENT_NODE: Final = RealClient("segment-node", "segment_node.cjs", {"flushInterval": 200})
RUDDER_NODE: Final = RealClient("rudder-node", "rudder_node.cjs", {"flushInterval": 200, "retryCount": 10})
JITSU_NODE: Final = RealClient("jitsu-node", "jitsu_node.cjs", lacks=frozenset({"screen", "alias"}))
CLIENTS: Final = (SEGMENT_PYTHON, RUDDER_PYTHON, SEGMENT_NODE, RUDDER_NODE, JITSU_NODE)
WAYS: Final = (
    *CLIENTS,
    RealClient("segment-python-gzip", "analytics_python.py", SEGMENT | {"gzip": True, "upload_interval": 0.2}),
    RealClient("segment-python-sync", "analytics_python.py", SEGMENT | {"sync_mode": True}),
    RealClient("rudder-python-plain", "analytics_python.py", RUDDER | {"gzip": False, "upload_interval": 0.2}),
    RealClient("rudder-python-sync", "analytics_python.py", RUDDER | {"sync_mode": True}),
)


@dataclass(frozen=True)
class Visitor:
    """A person of one client's story; no two clients share one."""

    client: str

    @property
    def user_id(self) -> str:
        return f"{self.client}-88213"

    @property
    def anonymous_id(self) -> str:
        return f"{self.client}-visitor-1"

    @property
    def email(self) -> str:
        return f"ingrid@{self.client}.example"

    @property
    def traits(self) -> dict[str, Any]:
        """All kinds of values."""
        return {
            "email": self.email,
            "name": "Ingrid Ålund",
            "age": 41,
            "score": 0.75,
            "isVip": True,
            "birthday": "1985-02-28",
            "interests": ["tea", "träd", "🌲"],
            "address": {"city": "Umeå", "geo": {"lat": 63.8258, "lon": 20.263}},
        }

    @property
    def order(self) -> dict[str, Any]:
        """Properties of an order."""
        products = [{"sku": "T-1", "price": 12.5, "quantity": 2}, {"sku": "T-2", "price": 7, "quantity": 1}]
        return {"orderId": f"{self.client}-o-1", "revenue": 32.0, "currency": "SEK", "products": products}

    def story(self) -> list[Call]:
        """Every kind of call: a visit, a login, an order, a company, an older id."""
        who = {"userId": self.user_id}
        visit = {"anonymousId": self.anonymous_id}
        return [
            {"call": "page", **visit, "name": "Home", "properties": {"url": "https://tindra.example/"}},
            {"call": "track", **visit, "event": "Product Viewed", "properties": {"sku": "T-1"}},
            {"call": "identify", **who, **visit, "traits": self.traits},
            {"call": "track", **who, "event": "Order Completed", "properties": self.order},
            {"call": "screen", **who, "name": "Receipt", "properties": {"total": 32}},
            {"call": "group", **who, "groupId": f"{self.client}-g-1", "traits": {"name": "Tindra AB", "employees": 12}},
            {"call": "alias", **who, "previousId": f"{self.client}-old"},
        ]


def outline(calls: list[Call]) -> Counter[tuple[str, str]]:
    """Kinds and names of calls, counted."""
    return Counter((call["call"], str(call.get("event") or call.get("name") or "")) for call in calls)
