"""The part of docs/reference/lake.md that is made from the tables: `python -m tests.lake.lake_page` writes it."""

from collections.abc import Iterator
from pathlib import Path

from onefold.lake.tables import TABLES, Table

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "lake.md"
MARK = "<!-- tables -->\n"


def sections() -> str:
    """All tables as Markdown."""
    return "\n".join(line for table in TABLES for line in _section(table))


def _section(table: Table) -> Iterator[str]:
    yield f"\n### `{table.name}`\n"
    parts = ", ".join(f"`{name}`" for name in table.partitioned_by)
    order = ", ".join(f"`{name}`" for name in table.sorted_by)
    yield f"{table.meaning} {f'Partitioned by {parts}; files' if parts else 'Files'} sorted by {order}.\n"
    yield "| column | type | personal | meaning |"
    yield "|---|---|---|---|"
    for column in table.columns:
        yield f"| `{column.name}` | {column.type} | {'yes' if column.is_personal else ''} | {column.meaning} |"


def written() -> str:
    """What the page has."""
    return PAGE.read_text("utf-8").partition(MARK)[2]


if __name__ == "__main__":
    PAGE.write_text(PAGE.read_text("utf-8").partition(MARK)[0] + MARK + sections() + "\n", "utf-8")
