"""Sends calls by segment-analytics-python or rudder-sdk-python, which came of it: one program fits both.

Standard input: {"base", "key", "options", "calls"}; `library` of the options names the package.
See tests/scenarios/clients.py.
"""

import json
import sys
from datetime import datetime
from importlib import import_module
from typing import Any

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
    library = import_module(f"{options.pop('library')}.analytics.client")
    client = library.Client(told["key"], host=told["base"], **options)
    for call in told["calls"]:
        getattr(client, call["call"])(**arguments_of(call))
    if client.consumers:
        client.shutdown()
    sys.stderr.write("\n".join(failed))
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
