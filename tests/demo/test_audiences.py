"""The sample shop's audiences: live with people in them, each for a reason of its own; figures by name."""

from typing import Any

import pytest

from onefold.programs.demo.audiences import AUDIENCES, BEST, COMPUTED
from tests.demo.shop import Demo
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def audiences(demo: Demo) -> dict[str, dict[str, Any]]:
    """All of them by name, as the API tells, once none is being filled."""

    def found() -> dict[str, dict[str, Any]]:
        told = {one["name"]: one for one in demo.api("/audiences")}
        return told if len(told) == len(AUDIENCES) and all(one["state"] != "filling" for one in told.values()) else {}

    return wait_until(found, 90, "the audiences")


def test_all_but_the_draft_are_live_and_somebody_is_in(audiences: dict[str, dict[str, Any]]) -> None:
    drafts = {one.name for one in AUDIENCES if not one.starts}
    assert len(drafts) == 1
    for name, one in audiences.items():
        assert one["state"] == ("draft" if name in drafts else "live"), name
        assert (one["members"] > 0) is (name not in drafts), name


def test_who_is_in_allows_it_and_is_few_of_all(demo: Demo, audiences: dict[str, dict[str, Any]]) -> None:
    everyone = demo.value("select count(*) from profile")
    for name, one in audiences.items():
        assert one["members"] < everyone / 2, name
    quiet = demo.api(f"/audiences/{audiences['Buyers going quiet']['id']}/members")["members"]
    for one in quiet:
        consent = demo.api(f"/profiles/{one['profile_id']}/consent")
        assert consent["purposes"]["email_marketing"] is True


def test_one_names_another_and_is_a_part_of_it(demo: Demo, audiences: dict[str, dict[str, Any]]) -> None:
    (inner,) = [one.name for one in AUDIENCES if one.within == BEST]

    def ids(name: str) -> set[str]:
        return {one["profile_id"] for one in demo.api(f"/audiences/{audiences[name]['id']}/members")["members"]}

    assert ids(inner) < ids(BEST)


def test_figures_are_complete_and_asked_by_a_rule(demo: Demo, audiences: dict[str, dict[str, Any]]) -> None:
    told = {one["name"]: one for one in demo.api("/computed-traits")}
    assert set(told) == set(COMPUTED)
    assert all(one["is_complete"] for one in told.values())
    assert "computed:total_spent" in str(audiences[BEST]["rule"])


def test_every_entry_has_its_cause(demo: Demo, audiences: dict[str, dict[str, Any]]) -> None:
    changes = demo.api("/audiences/changes", limit="1000")
    assert {one["audience"] for one in changes} == {one["id"] for one in audiences.values() if one["state"] == "live"}
    assert {one["kind"] for one in changes} <= {"entered", "left"}
