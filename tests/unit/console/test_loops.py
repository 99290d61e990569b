from __future__ import annotations

from pipeline.plan import LinkChanges, Loop
from pipeline.words import BusinessKey
from tests.support.hook_samples import NOW
from tests.support.terminal import Terminal
from tests.support.web_rows import Rows

ITEM = BusinessKey("aprimo:activity:5012")


def stop(behind: Rows) -> None:
    loop = Loop(field="matrix", written="0a", at=NOW, rounds=3, is_stopped=True)
    with behind.store.begin() as tx:
        tx.links.apply([("campaign_brief", ITEM, LinkChanges(loops={"activity:5012 extrAttr306": loop}))])


def test_stopped_fields_are_listed_and_shown_with_the_status(terminal: Terminal, behind: Rows) -> None:
    stop(behind)
    stopped = [
        {
            "flow": "campaign_brief",
            "subject": ITEM,
            "field": "matrix",
            "target": "activity:5012 extrAttr306",
            "rounds": 3,
            "written_at": "2026-02-03T12:00:00+00:00",
        }
    ]

    assert terminal.json("loops", "list") == {"stopped": stopped}
    assert terminal.json("status")["stopped"] == stopped
    assert "Fields stopped by a loop" in terminal.run("status").stdout


def test_a_field_is_written_again_when_a_person_says_so(terminal: Terminal, behind: Rows) -> None:
    stop(behind)

    result = terminal.run("loops", "release", "campaign_brief", ITEM)

    assert (result.exit_code, result.stdout) == (0, "Written again: matrix.\n")
    assert terminal.json("loops", "list") == {"stopped": []}
    assert {event["type"] for event in terminal.json("events", "list")["events"]} == {"signoff.look"}


def test_a_field_that_is_not_stopped_is_exit_code_1(terminal: Terminal, behind: Rows) -> None:
    stop(behind)

    result = terminal.run("loops", "release", "campaign_brief", ITEM, "--field", "state")

    assert (result.exit_code, result.stderr) == (1, f"No field state of {ITEM} is stopped in campaign_brief.\n")


def test_a_flow_that_is_none_is_exit_code_2(terminal: Terminal, behind: Rows) -> None:
    assert terminal.run("loops", "release", "campain_brief", ITEM).exit_code == 2
