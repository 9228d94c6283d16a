"""Hours, days, weeks and months by the clocks of a time zone, as SQL expressions. Pure."""

from functools import cache
from zoneinfo import available_timezones

from sqlglot import exp

from onefold.lake.plans import PlanRejected, TimeBucket, Unit
from onefold.lake.sources import Dialect


def period_of(moment: exp.Expr, bucket: TimeBucket, dialect: Dialect, at: str) -> exp.Expr:
    """The period's begin: of an hour its instant, else its date in the zone. Raises PlanRejected."""
    check_zone(bucket.time_zone, at)
    if dialect == "duckdb":
        return _in_duckdb(moment, bucket.unit, bucket.time_zone)
    return _in_spark(moment, bucket.unit, bucket.time_zone)


def check_zone(name: str, at: str) -> None:
    """Raises PlanRejected unless the time zone is known by the name of its place, as every engine knows it."""
    if name != "UTC" and ("/" not in name or name not in _zones()):
        raise PlanRejected(
            f"{at}.time_zone: there is no time zone {name[:40]!r}. They are named like Europe/Berlin, or UTC."
        )


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _in_duckdb(moment: exp.Expr, unit: Unit, zone: str) -> exp.Expr:
    # without a zone: DuckDB's calendar of instants is ten times slower, and right for UTC only in a UTC session
    plain = _function("MAKE_TIMESTAMP", _function("EPOCH_US", moment))
    local = plain if zone == "UTC" else exp.AtTimeZone(this=moment, zone=exp.Literal.string(zone))
    begin = _function("DATE_TRUNC", exp.Literal.string(unit), local)
    if unit != "hour":
        return exp.cast(begin, "date")
    # the hour that comes twice in autumn is two hours
    since = exp.Paren(this=_function("EPOCH_US", local.copy()) - _function("EPOCH_US", begin))
    return _function("MAKE_TIMESTAMPTZ", _function("EPOCH_US", moment.copy()) - since)


def _in_spark(moment: exp.Expr, unit: Unit, zone: str) -> exp.Expr:
    local = moment if zone == "UTC" else _function("FROM_UTC_TIMESTAMP", moment, exp.Literal.string(zone))
    begin = _function("DATE_TRUNC", exp.Literal.string(unit), local)
    if unit != "hour":
        return exp.cast(begin, "date")
    since = exp.Paren(this=_function("UNIX_MICROS", local.copy()) - _function("UNIX_MICROS", begin))
    return _function("TIMESTAMP_MICROS", _function("UNIX_MICROS", moment.copy()) - since)


def _function(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))
