"""The language of rules as JSON Schema, made from the structs that read it."""

from typing import Any

import msgspec

from onefold.filters.api import Filter


def rule_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `{"v": 1, "where": …}`."""
    schema = msgspec.json.schema(Filter)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Rule of an audience", **schema}
