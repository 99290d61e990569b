from __future__ import annotations

from sqlalchemy import create_engine, text

from pipeline.plan import LinkChanges, Notice
from pipeline.words import BusinessKey
from tests.support.terminal import Terminal
from tests.support.web_rows import Rows

ITEM = BusinessKey("aprimo:activity:5012")


def told(behind: Rows, *codes: str) -> None:
    notices = tuple(Notice(code=code, text=f"About {code}.") for code in codes)
    with behind.store.begin() as tx:
        tx.links.apply([("campaign_brief", ITEM, LinkChanges(revision=1, notices=notices))])


def test_notices_are_listed_until_they_are_seen(terminal: Terminal, behind: Rows) -> None:
    told(behind, "unknown_state", "person_unresolved")
    assert [each["code"] for each in terminal.json("notices", "list")["notices"]] == [
        "person_unresolved",
        "unknown_state",
    ]

    result = terminal.run("notices", "seen", "1")

    assert (result.exit_code, result.stdout) == (0, "1 marked seen.\n")
    assert terminal.json("notices", "list")["notices"] == [
        {
            "id": "2",
            "at": "2026-02-03T12:00:00+00:00",
            "flow": "campaign_brief",
            "subject": ITEM,
            "revision": 1,
            "person": "",
            "code": "person_unresolved",
            "text": "About person_unresolved.",
            "seen_at": None,
        }
    ]
    assert [each["id"] for each in terminal.json("notices", "list", "--all")["notices"]] == ["2", "1"]
    assert terminal.json("status")["notices_unseen"] == 1


def test_a_notice_is_shown_with_its_item_and_whom_it_is_for(terminal: Terminal, behind: Rows) -> None:
    told(behind, "unknown_state")

    last = terminal.run("notices", "list").stdout.splitlines()[-1].split("  ")

    assert [part.strip() for part in last if part.strip()] == [
        "1",
        "2026-02-03 12:00:00",
        "campaign_brief",
        ITEM,
        "1",
        "operators",
        "unknown_state",
        "About unknown_state.",
    ]


def test_seeing_a_notice_is_on_the_record(terminal: Terminal, behind: Rows) -> None:
    told(behind, "unknown_state")

    terminal.run("notices", "seen", "1", "--by", "bert")

    with create_engine(behind.url).connect() as conn:
        rows = conn.execute(text("select actor, act, object from audit")).all()
    assert [tuple(row) for row in rows] == [("bert", "notice.seen", "1")]


def test_what_is_no_unseen_notice_is_named_and_is_exit_code_1(terminal: Terminal, behind: Rows) -> None:
    result = terminal.run("notices", "seen", "7", "x")

    assert (result.exit_code, result.stdout) == (1, "0 marked seen.\n")
    assert result.stderr == ("7 is no notice that waits to be seen.\nx is no notice that waits to be seen.\n")


def test_what_is_about_no_item_is_an_alarm_until_it_is_seen(terminal: Terminal, behind: Rows) -> None:
    notice = Notice(code="source_silent", text="It has told nothing.")
    with behind.store.begin() as tx:
        assert tx.ledger.tell_about("aprimo.pm.webhook", notice, revision=1)
        assert not tx.ledger.tell_about("aprimo.pm.webhook", notice, revision=1)

    (alarm,) = terminal.json("status")["alarms"]
    assert (alarm["flow"], alarm["subject"], alarm["code"]) == ("", "aprimo.pm.webhook", "source_silent")
    assert "Alarms" in terminal.run("status").stdout
    assert "aprimo.pm.webhook" in terminal.run("notices", "list").stdout

    terminal.run("notices", "seen", alarm["id"])

    assert terminal.json("status")["alarms"] == []
    assert "Alarms" not in terminal.run("status").stdout
