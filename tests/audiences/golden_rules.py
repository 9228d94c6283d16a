"""Rules whose SQL and words are kept beside them: `golden/NAME.json`, and what their names stand for.

To add one, write the JSON file and run the tests twice: the first time they write the other files, for you to read.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from onefold.audiences.rules import Computed, Scope
from onefold.filters import api as f

GOLDEN: Final = Path(__file__).parent / "golden"
RULES: Final[Mapping[str, str]] = {path.stem: path.read_text() for path in sorted(GOLDEN.glob("*.json"))}
"""Name → document."""
NOW: Final = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
ORDER: Final = f.EventMatch("Order Completed")
VIEW: Final = f.EventMatch("Product Viewed")
SCOPE: Final = Scope(
    audiences={
        1: f.Did(ORDER, window=f.Window(last=f.Span(90))),
        2: f.AnyOf((f.OneOf("trait:plan", "is", ("vip",)), f.InAudience(3))),
        3: f.Did(ORDER, "sum", "total", op="ge", value=10_000),
    },
    companies={5: f.AllOf((f.Number("trait:employees", "ge", 50), f.PeopleIn(1, "eq", 0)))},
    computed={
        "revenue": Computed(ORDER, "sum", "total"),
        "last_category": Computed(VIEW, "last", "category", "text"),
        "categories": Computed(VIEW, "unique", "category", "text", f.Window(last=f.Span(30))),
        "favourite": Computed(VIEW, "most_frequent", "category", "text"),
        "days_since_order": Computed(ORDER, "days_since"),
    },
    purposes=("advertising", "email_marketing"),
    lists=(1,),
)
