"""200 rules by name: every kind of condition, operator, figure, window and sequence, groups, and awkward text."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import product
from typing import Any, Final

from onefold.filters import api as f
from tests.audiences.drawing import NAMES
from tests.audiences.rich_world import LONG, ODD_NAME

ORDER: Final = f.EventMatch("Order Completed")
VIEW: Final = f.EventMatch("Product Viewed")
PAGE: Final = f.EventMatch("", "page")
HOME: Final = f.EventMatch("Home", "page")
ODD_PATH: Final = ODD_NAME.replace(".", "\\.")
Named = Iterator[tuple[str, Any]]


def _texts() -> Named:
    """Texts of people, letter by letter and by part."""
    plan, free, odd = "trait:plan", "trait:näme", f"trait:{ODD_NAME}"
    for i, text in enumerate(("", "x", "a'b\\c", 'say "hi"', "12", "é\n", "%_", "\\d", "\r", "😀", LONG)):
        yield f"text_{i}", f.OneOf((plan, free, odd)[i % 3], "is", (text,))
    yield "text_any", f.OneOf(plan, "is", ("x", "X", "true", "tab\there", "\u2028"))
    yield "text_is_not", f.OneOf(free, "is_not", ("x", "", "null"))
    for i, part in enumerate(("STRAẞE", "ς", "I", "İ", "ı", "'", "\\", "%", "\n", "ǆ")):  # noqa: RUF001  (a dotless i)
        yield f"part_{i}", f.Contains((plan, free)[i % 2], ("contains", "contains", "contains_not")[i % 3], part)
    for i, start in enumerate(("a'B", "STRA", "é", "\\")):
        yield f"starts_{i}", f.Contains((plan, odd)[i % 2], "starts", start)


def _patterns() -> Named:
    """Patterns that RE2 and other dialects read differently."""
    patterns = (
        "^x", "x$", r"\bhi\b", r"^.$", "^[a-z]{2,}", r"\d+", "(?i)straße", "(?s)^l.*e$", "[a&&b]", r"\s", r"\z",
        "(?P<first>a)(?P<second>')", "[[:upper:]]", r"\pL\PN", r"\Q\d\E", "(x+x+)+y", r"\\",
    )  # fmt: skip
    for i, pattern in enumerate(patterns):
        yield f"regex_{i}", f.Matches(("trait:plan", "trait:näme")[i % 2], pattern)
    yield "regex_of_a_column", f.Matches("name", "(?i)σ")  # noqa: RUF001  (a sigma)
    yield "regex_in_an_event", f.Did(f.EventMatch(NAMES[0], where=f.Matches("category", r"^\W|\.$|s.y")), value=2)


def _numbers() -> Named:
    for i, op in enumerate(("eq", "ne", "lt", "le", "gt", "ge")):
        yield f"number_{op}", f.Number("trait:score", op, (1, 19.99, -0.5, 0.1, 1e12, 0)[i])  # type: ignore[arg-type]  # mypy takes the tuple for str
    yield "number_minus_zero", f.Number("trait:score", "eq", -0.0)
    yield "number_small", f.Number("trait:a.b", "le", 1e-7)
    yield "number_great", f.Number("trait:a.b", "ge", 1e22)
    yield "number_beyond_doubles", f.Number("trait:score", "eq", 2**53)
    yield "range", f.Between("trait:score", 0.1, 19.99)
    yield "range_of_nothing", f.Between("trait:score", 3, 2)
    yield "flag_true", f.Flag("trait:vip", True)
    yield "flag_false", f.Flag("trait:vip", False)
    yield "flag_of_anything", f.Flag("trait:näme", True)


def _lists() -> Named:
    yield "list_text", f.Has("trait:tags", "has", ("x", "a'b\\c"))
    yield "list_text_quotes", f.Has("trait:tags", "has", ('say "hi"', "😀"))
    yield "list_number", f.Has("trait:tags", "has", (12, 0.1))
    yield "list_zero", f.Has("trait:tags", "has", (0,))
    yield "list_beyond_doubles", f.Has("trait:tags", "has", (2**53, 7))
    yield "list_text_or_number", f.Has("trait:tags", "has", ("12", 1))
    yield "list_not", f.Has("trait:tags", "has_not", ("x", 12))
    yield "list_of_words", f.Has("trait:tags", "has", ("true", "null"))
    yield "list_odd_name", f.Has(f"trait:{ODD_NAME}", "has", ("é\n", 1))
    yield "there", f.Present("trait:näme")
    yield "there_list", f.Present("trait:tags", True)
    yield "not_there", f.Present("trait:plan", False)
    yield "not_there_odd_name", f.Present(f"trait:{ODD_NAME}", False)


def _dates() -> Named:
    for field in ("trait:born", "first_seen"):
        name = field.removeprefix("trait:")
        yield f"{name}_before", f.Days(field, "before", date(2025, 11, 20))
        yield f"{name}_after", f.Days(field, "after", date(2025, 3, 1))
        yield f"{name}_between", f.Days(field, "between", date(1990, 3, 1), date(2026, 2, 28))
        yield f"{name}_within", f.Recent(field, "within", 2)
        yield f"{name}_longer_ago", f.Recent(field, "longer_ago", 100)
        yield f"{name}_ahead", f.Recent(field, "ahead", 1)
        yield f"{name}_anniversary", f.Anniversary(field, 1)
    yield "anniversary_year", f.Anniversary("trait:born", 365)
    yield "anniversary_today", f.Anniversary("trait:since", 0)
    yield "long_ago", f.Days("trait:born", "before", date(1582, 10, 15))
    yield "there_moment", f.Present("last_seen", True)


def _people() -> Named:
    yield "name", f.OneOf("name", "is", ("x", "O'Neil \\ Söhne"))
    yield "name_is_not", f.OneOf("name", "is_not", ("x",))
    yield "name_part", f.Contains("name", "contains", "ΣΊΣΥΦΟΣ")
    yield "email_start", f.Contains("email", "starts", "x@")
    yield "known", f.Flag("known", True)
    yield "unknown", f.Flag("known", False)
    for op in ("given", "denied", "unknown"):
        yield f"consent_{op}", f.Consents("email_marketing", op)
    yield "consent_other", f.Consents("advertising")
    yield "sample", f.Sample(30.0)
    yield "sample_seed", f.Sample(50.0, "é' \\ \"")
    yield "listed", f.Listed(1)
    yield "audience", f.InAudience(7)
    yield "audience_not", f.InAudience(8, False)
    yield "top", f.TopShare("trait:score", 10.0)
    yield "bottom", f.TopShare("trait:a.b", 33.3, True)
    yield "top_computed", f.TopShare("computed:sum_number", 20.0)
    yield "top_count", f.TopShare("computed:count", 50.0)
    yield "company", f.AtCompany(f.OneOf("name", "is", ("Acme", "Ünïon's")))
    yield "company_any", f.AtCompany(f.AllOf())
    yield "company_trait", f.AtCompany(f.Number("trait:size", "ne", 12))
    yield "company_date", f.AtCompany(f.AnyOf((f.Recent("first_seen", "within", 5), f.Anniversary("trait:since", 30))))
    yield "company_list", f.AtCompany(f.Has("trait:tags", "has", (1,)))
    yield "company_not", f.NoneOf((f.AtCompany(f.Present("name")),))


def _windows() -> Named:
    spans = (f.Span(1, "minutes"), f.Span(1440, "minutes"), f.Span(25, "hours"), f.Span(30), f.Span(90), f.Span(91))
    windows = {f"last_{i}": f.Window(last=span) for i, span in enumerate(spans)} | {
        "since": f.Window(since=date(2026, 2, 15)),
        "since_trait": f.Window(since_trait="since"),
        "since_odd": f.Window(since_trait="born"),
        "ever": f.EVER,
    }
    for i, (name, window) in enumerate(windows.items()):
        yield f"did_{name}", f.Did((ORDER, VIEW, PAGE)[i % 3], window=window, value=1 + i % 2)
        if i % 3 == 1:
            yield f"did_{name}_not", f.Did(ORDER, window=window, op="eq", value=0)


def _figures() -> Named:
    windows = (f.EVER, f.Window(last=f.Span(30)), f.Window(since_trait="since"))
    for i, (measure, op) in enumerate(product(("sum", "average", "min", "max", "distinct"), ("ge", "lt", "ne"))):
        value = {"sum": 100.25, "average": 19.99, "min": 0, "max": 100, "distinct": 3}[measure]
        prop, kind = ("category", "text") if measure == "distinct" and i % 2 else ("total", "number")
        yield f"{measure}_{op}", f.Did(ORDER, measure, prop, kind, windows[i % 3], op, value)  # type: ignore[arg-type]  # each is one of them
    for op in ("eq", "ne", "lt", "le", "gt"):
        yield f"count_{op}", f.Did(VIEW, op=op, value=4)  # type: ignore[arg-type]  # as above
    where = f.AllOf((f.Number("total", "gt", 1), f.NoneOf((f.OneOf("category", "is", ("x",)),))))
    yield "where", f.Did(f.EventMatch("Order Completed", where=where), "sum", "total", op="gt", value=1e12)
    yield "where_deep", f.Did(f.EventMatch(NAMES[2], where=f.Number("cart.deep", "ge", 1)), value=2)
    yield "where_list", f.Did(f.EventMatch("", "page", f.Has("cart", "has", ("x", 12))), value=1)
    yield "where_odd", f.Did(f.EventMatch(NAMES[3], where=f.Contains(ODD_PATH, "contains", "'B\\")), value=1)
    yield "where_date", f.Did(f.EventMatch(NAMES[1], where=f.Days("category", "after", date(2024, 1, 1))), value=1)
    yield "where_text", f.Did(f.EventMatch(NAMES[0], where=f.OneOf("category", "is", ("Straße", "a'b\\c"))), value=1)
    yield "where_flag", f.Did(f.EventMatch(NAMES[0], where=f.Flag("gift", True)), "average", "total", op="le", value=30)
    yield "sum_deep", f.Did(f.EventMatch(NAMES[2]), "sum", "cart.deep", op="gt", value=0.1)
    yield "odd_event", f.Did(f.EventMatch(NAMES[3]), value=3)


def _computed() -> Named:
    for name in ("sum_number", "average_number", "min_number", "max_number", "distinct_number", "sum_30_days"):
        yield f"computed_{name}", f.Between(f"computed:{name}", 1, 100)
    for name in ("first_number", "last_number", "most_frequent_number", "days_since", "count", "distinct_text"):
        yield f"computed_{name}", f.Number(f"computed:{name}", "ge", 2)
    for name in ("first_text", "last_text", "most_frequent_text", "last_since", "most_since_trait"):
        yield f"computed_{name}", f.OneOf(f"computed:{name}", "is", ("x", "X", "Straße", "12"))
    for name in ("first_flag", "last_flag", "most_frequent_flag"):
        yield f"computed_{name}", f.Flag(f"computed:{name}", True)
    yield "computed_list", f.Has("computed:unique_text", "has", ("a'b\\c", "é\n"))
    yield "computed_list_number", f.Has("computed:unique_number", "has_not", (42, 0.1))
    yield "computed_there", f.Present("computed:unique_text", True)
    yield "computed_not_there", f.Present("computed:last_text", False)


def _sequences() -> Named:
    order, view, page = f.Step(ORDER), f.Step(VIEW), f.Step(PAGE)
    yield "steps_1", f.Sequence((view,))
    yield "steps_2", f.Sequence((view, order))
    yield "steps_same", f.Sequence((order, order, order))
    yield "steps_within", f.Sequence((view, f.Step(ORDER, f.Span(90, "minutes"))))
    yield (
        "steps_without",
        f.Sequence((view, f.Step(ORDER, None, PAGE), f.Step(VIEW, f.Span(5), HOME)), window=f.Span(90)),
    )
    yield "steps_then_not", f.Sequence((view, page), f.ThenNot(ORDER, f.Span(6, "hours")))
    yield "steps_then_not_long", f.Sequence((view,), f.ThenNot(VIEW, f.Span(60)), f.Span(90))
    yield "steps_window", f.Sequence((view, order), None, f.Span(25, "hours"))
    yield "steps_overlap", f.Sequence((page, f.Step(HOME), page), None, f.Span(10))
    odd = f.EventMatch(NAMES[3], where=f.Present("category", True))
    yield "steps_where", f.Sequence((f.Step(odd), f.Step(ORDER, f.Span(3), odd)), f.ThenNot(HOME, f.Span(1, "minutes")))


def _groups() -> Named:
    order, vip = f.Did(ORDER, value=8), f.Flag("trait:vip", True)
    steps = f.Sequence((f.Step(VIEW), f.Step(ORDER)), None, f.Span(2))
    yield "all_of_none", f.AllOf()
    yield "any_of_none", f.AnyOf(())
    yield "none_of_none", f.NoneOf(())
    yield "all", f.AllOf((order, f.NoneOf((vip,)), f.AnyOf((steps, f.Present("name")))))
    yield "none", f.NoneOf((order, f.AllOf((vip, f.Listed(1))), f.AnyOf(())))
    deep: Any = steps
    for i in range(6):
        deep = (f.NoneOf, f.AllOf, f.AnyOf)[i % 3]((deep, (vip, order, f.Consents("advertising"))[i % 3]))
    yield "deep", deep
    wide = tuple(f.Did(f.EventMatch(name), window=f.Window(last=f.Span(n))) for name in NAMES for n in (1, 7, 30))
    yield "wide", f.AllOf((f.AnyOf(wide[:6]), f.NoneOf(wide[6:9]), f.InAudience(8)))


def _rules() -> Mapping[str, Any]:
    rules: dict[str, Any] = {}
    for some in (
        _texts, _patterns, _numbers, _lists, _dates, _people, _windows, _figures, _computed, _sequences, _groups,
    ):  # fmt: skip
        for name, rule in some():
            assert name not in rules, name
            rules[name] = rule
    return rules


RULES: Final = _rules()
