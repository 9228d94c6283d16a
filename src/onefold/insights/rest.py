"""REST: questions by SQL."""

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from onefold.accounts.api import Permission, actor_of, demand
from onefold.insights.acting import placed, run_for
from onefold.insights.asking import MAX_ROWS
from onefold.insights.files import file_response, json_response
from onefold.insights.job import MAX_SQL

router = Router()


class SqlIn(Schema):
    """A question."""

    sql: str = Field(
        max_length=MAX_SQL, examples=["select name, count(*) as n from events group by name order by n desc"]
    )
    limit: int | None = Field(
        None, ge=1, le=MAX_ROWS["csv"], description="Most rows; as JSON 10,000 if unsaid, 100,000 at most"
    )
    format: Literal["json", "csv", "parquet"] = "json"


class ColumnOut(Schema):
    """A column of a result."""

    name: str
    type: str = Field(description="DuckDB's: BIGINT, VARCHAR, TIMESTAMP WITH TIME ZONE …")


class SqlOut(Schema):
    """A result."""

    columns: list[ColumnOut]
    rows: list[list[Any]] = Field(description="In the columns' order")
    row_count: int
    is_cut: bool = Field(description="There would have been more rows")
    seconds: float
    fresh_until: str = Field(description="Everything processed by then is in it (ISO 8601)")
    position: int = Field(description="Events up to here came from the lake's files, later ones from the database")


@router.post("/sql", response=SqlOut, tags=["SQL"], summary="Ask by SQL")
def sql(request: HttpRequest, asked: SqlIn) -> HttpResponse:
    """Run one query of DuckDB's SQL over the lake; read only, bounded in time, memory and rows.

    Columns of personal data are null for whoever doesn't see it. 400 `sql_invalid` says what is wrong and where,
    400 `sql_too_much` that it took too long or too much memory, 503 `sql_busy` that others run.
    """
    actor = actor_of(request)
    demand(actor, Permission.RUN_SQL)
    most = asked.limit or (10_000 if asked.format == "json" else MAX_ROWS[asked.format])
    with placed(), run_for(actor, asked.sql, form=asked.format, max_rows=most) as answer:
        return json_response(answer) if asked.format == "json" else file_response(answer, asked.format)
