"""Sends calls by segment-analytics-python. Standard input: {"base", "key", "options", "calls"}.

See tests/scenarios/clients.py.
"""

import json
import sys
from datetime import datetime
from typing import Any

from segment.analytics.client import Client  # type: ignore[import-untyped]  # it has no types

NAMES = {"userId": "user_id", "anonymousId": "anonymous_id", "previousId": "previous_id", "groupId": "group_id"}


def arguments_of(call: dict[str, Any]) -> dict[str, Any]:
    """The call's fields as the library names them."""
    fields = {NAMES.get(name, name): value for name, value in call.items() if name != "call"}
    if "timestamp" in fields:
        fields["timestamp"] = datetime.fromisoformat(fields["timestamp"])
    return fields


def main() -> int:
    told = json.load(sys.stdin)
    failed: list[str] = []
    options = told["options"] | {"on_error": lambda fault, _: failed.append(str(fault))}
    client = Client(told["key"], host=told["base"], **options)
    for call in told["calls"]:
        getattr(client, call["call"])(**arguments_of(call))
    if client.consumers:
        client.shutdown()
    sys.stderr.write("\n".join(failed))
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
