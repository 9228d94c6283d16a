"""The page of figures lists every figure with its bounds."""

from pathlib import Path

from benchmarks.figures import FIGURES, Figure

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "performance.md"


def bound(figure: Figure, value: float | None) -> str:
    """How the page shows a bound."""
    if value is None:
        return ""
    return f"{'≤' if figure.is_cost else '≥'} {value:,g}"


def test_every_figure_stands_there_with_its_bounds() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    beginnings = [
        f"| `{name}` | {figure.unit} | {bound(figure, figure.must)} | {bound(figure, figure.aim)} |"
        for name, figure in FIGURES.items()
    ]
    assert [row[: len(start)] for row, start in zip(rows, beginnings, strict=True)] == beginnings
