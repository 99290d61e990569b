"""What the flows' files name is looked up in both tenants, over HTTP."""

from __future__ import annotations

from collections.abc import Callable

from console import flow_names
from tests.support.acceptance import Desk


def test_every_name_of_the_shipped_files_is_found_or_said_to_be_not_checkable(desk: Desk) -> None:
    rows = flow_names.check(desk.made.words.values(), desk.made)

    assert [row.cells() for row in rows if row.is_wrong] == []
    assert {row.flow for row in rows} == set(desk.made.words)
    assert {row.check.what for row in rows if row.system == "OpenText"} == {"process model", "group"}


def test_a_name_that_is_missing_is_shown_with_what_comes_closest(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk({"asset_review": lambda text: text.replace('"Legal check"', '"Legal chek"')})

    rows = flow_names.check([desk.made.words["asset_review"]], desk.made)

    (wrong,) = [row for row in rows if row.is_wrong]
    assert (wrong.check.name, wrong.cells()[4]) == ("Legal chek", "missing")
    assert "Legal check" in wrong.cells()[5]


def test_what_a_release_makes_records_say_is_looked_up(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk({"publication": lambda text: text.replace('"Taken back"', '"Taken bak"')})

    rows = flow_names.check([desk.made.words["publication"]], desk.made)

    (wrong,) = [row for row in rows if row.is_wrong]
    assert (wrong.check.what, wrong.check.name, wrong.cells()[4]) == (
        "option of ReleaseState",
        "Taken bak",
        "missing",
    )
    assert "Taken back" in wrong.cells()[5]
    statuses = [row.check.name for row in rows if row.check.what == "state of a record"]
    assert statuses == ["released", "draft"]


def test_a_model_that_is_not_deployed_is_missing(desk: Desk) -> None:
    desk.opentext_sandbox.admin("POST", "reset")

    rows = flow_names.check([desk.made.words["campaign_brief"]], desk.made)

    assert [row.check.name for row in rows if row.is_wrong] == ["campaignBrief"]
