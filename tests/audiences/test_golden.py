"""Rules become the SQL that stands in golden/, in both dialects."""

import pyarrow as pa
import pytest

from onefold.audiences.compile import Members
from onefold.audiences.evaluate import key_of_share
from onefold.audiences.rules import BOUNDS, rule_of, shares_in
from onefold.audiences.words import Names, text_of
from onefold.filters.api import from_json, to_json
from onefold.lake.compile import Compiled
from onefold.lake.sources import Dialect
from tests.audiences.golden_rules import GOLDEN, NOW, RULES, SCOPE
from tests.lake.test_compile import bare, full


def sql_of(compiled: Compiled) -> str:
    """The query, and those that must be asked before it."""
    walks = (
        f"\n-- {name}, of whom is found by walking:\n{walked.query.sql(dialect=compiled.dialect, pretty=True)}\n"
        for name, walked in compiled.walks.items()
    )
    return "".join([compiled.sql(), "\n", *walks])


@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
@pytest.mark.parametrize("name", RULES)
def test_a_rule_becomes_its_golden_sql(name: str, dialect: Dialect) -> None:
    """A missing file is written, and the test fails so that somebody reads it."""
    rule = rule_of(RULES[name], SCOPE)
    people = pa.table({"profile_id": pa.array([1], pa.int64())})
    thresholds = {key_of_share(share): 49.5 for share in shares_in(rule, SCOPE)}
    counts = {1: pa.table({"company_id": pa.array([1], pa.int64()), "n": pa.array([3], pa.int64())})}
    plan = Members(rule=rule, scope=SCOPE, now=NOW, thresholds=thresholds, lists={1: people}, counts=counts)
    for kind, snapshot in (("", bare()), (".full", full())):
        if kind and name not in ("spent_100_in_a_year", "abandoned_cart"):
            continue
        sql = sql_of(plan.compiled(snapshot, dialect))
        path = GOLDEN / f"{name}{kind}.{dialect}.sql"
        if not path.exists():
            path.write_text(sql)
            pytest.fail(f"{path} is new: read it, and keep it if it is right")
        assert sql == path.read_text()


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_said_as_its_golden_sentence(name: str) -> None:
    """A missing file is written, as above."""
    names = Names({1: "Buyers", 2: "VIP", 3: "Big spenders"}, {"email_marketing": "e-mail marketing"}, {1: "Fair 2026"})
    text = text_of(rule_of(RULES[name], SCOPE), names) + "\n"
    path = GOLDEN / f"{name}.txt"
    if not path.exists():
        path.write_text(text)
        pytest.fail(f"{path} is new: read it, and keep it if it is right")
    assert text == path.read_text()


@pytest.mark.parametrize("name", RULES)
def test_a_golden_rule_is_written_as_it_is_read(name: str) -> None:
    rule = rule_of(RULES[name], SCOPE)
    assert from_json(to_json(rule), BOUNDS) == rule


def test_every_golden_file_belongs_to_a_rule() -> None:
    assert {path.name.split(".")[0] for path in GOLDEN.iterdir()} == set(RULES)
