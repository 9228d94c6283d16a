"""Queries to begin with, as the page offers them."""

from typing import Final, NamedTuple

from onefold.kernel.marking import marked as _


class Example(NamedTuple):
    """`title` is translated where it is shown."""

    title: str
    sql: str


EXAMPLES: Final = (
    Example(
        _("Events by name, last 30 days"),
        "select name, count(*) as n, count(distinct profile_id) as people\nfrom events\n"
        "where kind = 'track' and ts > now() - interval 30 days\ngroup by name\norder by n desc",
    ),
    Example(
        _("Active people by day"),
        "select date_trunc('day', ts) as day, count(distinct profile_id) as people\nfrom events\n"
        "where ts > now() - interval 90 days\ngroup by day\norder by day",
    ),
    Example(
        _("Pages by campaign"),
        "select context_campaign_source as source, context_page_path as page, count(*) as views\nfrom events\n"
        "where kind = 'page' and context_campaign_source is not null\ngroup by all\norder by views desc\nlimit 100",
    ),
    Example(
        _("A property out of the JSON"),
        "select name, sum(try_cast(body ->> '$.properties.total' as double)) as total\nfrom events\n"
        "where kind = 'track'\ngroup by name\norder by total desc nulls last",
    ),
    Example(
        _("People with the most events"),
        "select p.profile_id, p.name, p.last_seen, count(*) as n\nfrom events e\njoin profiles p using (profile_id)\n"
        "group by all\norder by n desc\nlimit 100",
    ),
)
