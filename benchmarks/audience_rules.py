"""Two hundred audiences as shops have them: by traits, by what people did in windows of time, one after another."""

from typing import Any, Final

N_RULES: Final = 200
_NAMES: Final = ("Product Viewed", "Product Added")
_WINDOWS: Final = (
    {"n": 60, "unit": "minutes"}, {"n": 24, "unit": "hours"}, {"n": 7}, {"n": 30}, {"n": 90}, {"n": 365},
)  # fmt: skip

Rule = dict[str, Any]


def trait_rules(n: int) -> list[Rule]:
    """By traits and columns alone."""
    kinds = (
        lambda i: {"type": "text", "field": "trait:plan", "op": "is", "values": [("free", "pro", "team")[i % 3]]},
        lambda i: {"type": "part", "field": "trait:name", "op": "contains", "value": f"{i % 90:02}"},
        lambda i: {"type": "part", "field": "name", "op": "starts", "value": f"Person {i % 9}"},
        lambda i: {"type": "recent", "field": "first_seen", "op": ("within", "longer_ago")[i % 2], "days": 10 + i},
        lambda i: {"type": "number", "field": "trait:age", "op": "ge", "value": i % 60},
        lambda i: {"type": "present", "field": "trait:email", "value": bool(i % 2)},
    )
    return [_all(kinds[i % len(kinds)](i), {"type": "flag", "field": "known", "value": True}) for i in range(n)]


def window_rules(n: int) -> list[Rule]:
    """By how often and how much in a window."""
    found = []
    for i in range(n):
        did: Rule = {
            "type": "did",
            "event": {"name": _NAMES[i % 2]},
            "window": {"last": _WINDOWS[i % len(_WINDOWS)]},
            "value": 1 + i % 7,
        }
        if i % 3 == 1:
            did |= {"measure": "sum", "property": "price", "value": 20 * (1 + i % 11)}
        if i % 5 == 2:
            did["event"]["where"] = {"type": "text", "field": "currency", "op": "is", "values": ["EUR"]}
        contrary = {"type": "did", "event": {"kind": "page", "name": "Product"}, "window": did["window"], "op": "lt"}
        plan = {"type": "text", "field": "trait:plan", "op": "is", "values": ["free"]}
        found.append(_all(did, *([contrary | {"value": 40}] if i % 4 == 3 else []), *([plan] if i % 4 == 1 else [])))
    return found


def sequence_rules(n: int) -> list[Rule]:
    """One thing after another."""
    viewed, added = {"event": {"name": _NAMES[0]}}, {"event": {"name": _NAMES[1]}}
    found = []
    for i in range(n):
        step = added | {"within": {"n": 1 + i % 5}}
        rule: Rule = {"type": "sequence", "steps": [viewed, step], "window": {"n": 7 * (1 + i % 4)}}
        if i % 3 == 1:
            step["without"] = {"kind": "page", "name": "Product"}
        if i % 3 == 2:
            rule["then_not"] = {"event": {"name": _NAMES[0]}, "within": {"n": 1 + i % 3}}
        found.append(_all(rule))
    return found


def two_hundred() -> list[Rule]:
    """Documents of rules: 90 by traits, 90 with windows, 20 sequences."""
    return [{"v": 1, "where": one} for one in (*trait_rules(90), *window_rules(90), *sequence_rules(20))]


def _all(*parts: Rule) -> Rule:
    return {"type": "all", "of": list(parts)}
