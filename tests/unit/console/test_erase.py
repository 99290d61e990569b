from __future__ import annotations

import pytest

from pipeline.plan import Agreed, CommentRow, LinkChanges, Notice, ProcessRow
from pipeline.ports import AuditEntry, Person
from pipeline.words import BusinessKey, InstanceId, ProcessState, Side
from tests.support.hook_samples import NOW
from tests.support.terminal import Terminal
from tests.support.web_rows import Rows

ITEM = BusinessKey("aprimo:activity:5012")
LINK = f"campaign_brief/{ITEM}"
JANE = "jane@acme.example"


def _work(behind: Rows, state: ProcessState = ProcessState.ENDED) -> None:
    """An item of Jane's, with a remark and a notice, and an act of hers."""
    owner = Agreed(value={"id": "88", "email": JANE, "name": "Jane Doe"}, owner=Side.APRIMO, written_by=JANE, at=NOW)
    process = ProcessRow(revision=1, process_key="campaignBrief", state=state, instance_id=InstanceId("pi-1"))
    remark = CommentRow(origin=Side.OPENTEXT, origin_id="c-1", author=JANE, text="Ask Jane Doe.", at=NOW)
    notice = Notice(code="late", text="Jane Doe is late.", person="88")
    changes = LinkChanges(agreed={"owner": owner}, processes=(process,), comments=(remark,), notices=(notice,))
    with behind.store.begin() as tx:
        tx.links.apply([("campaign_brief", ITEM, changes)])
        tx.ledger.put_person(Person(aprimo_user="88", opentext_user=JANE, how="e-mail", name="Jane Doe"))
        tx.ledger.audit([AuditEntry(actor=JANE, act="notice.seen", object="1")])


def test_a_person_is_erased_everywhere_and_the_log_is_still_whole(terminal: Terminal, behind: Rows) -> None:
    _work(behind)

    told = terminal.json("erase", JANE, "--by", "dpo", "--note", "request 17")

    assert told["known_as"] == ["88", "Jane Doe", JANE]
    assert told["placeholder"].startswith("erased-")
    assert told["rows"] == {"audit": 1, "comments": 1, "links": 1, "notices": 1, "people": 1}
    assert (told["in_use"], told["overrides"]) == ({}, [])
    assert terminal.run("audit", "verify").exit_code == 0
    assert terminal.json("people", "list") == {"people": []}
    shown = terminal.run("notices", "list").stdout
    assert (told["placeholder"] in shown, "Jane" in shown) == (True, False)
    assert terminal.run("erase", JANE).stdout.splitlines()[-1] == "Would be erased: none."


def test_a_dry_run_shows_what_would_be_erased_and_changes_nothing(terminal: Terminal, behind: Rows) -> None:
    _work(behind)

    result = terminal.run("erase", JANE, "--dry-run")

    assert (result.exit_code, "Would be erased" in result.stdout, "comments" in result.stdout) == (0, True, True)
    assert [each["name"] for each in terminal.json("people", "list")["people"]] == ["Jane Doe"]


def test_work_under_way_is_named_and_refused_unless_the_rest_is_asked_for(terminal: Terminal, behind: Rows) -> None:
    _work(behind, ProcessState.RUNNING)

    refused = terminal.run("erase", JANE)

    assert refused.exit_code == 2
    assert LINK in refused.stdout
    assert "--even-open erases the rest now" in refused.stdout
    assert terminal.json("notices", "list")["notices"][0]["text"] == "Jane Doe is late."
    rest = terminal.run("erase", JANE, "--even-open")
    assert (rest.exit_code, "In their place stands erased-" in rest.stdout) == (2, True)
    assert [each["name"] for each in terminal.json("people", "list")["people"]] == ["Jane Doe"]
    assert terminal.run("audit", "verify").exit_code == 0


def test_who_acts_may_not_be_the_one_who_is_erased(terminal: Terminal, behind: Rows) -> None:
    _work(behind)

    result = terminal.run("erase", JANE, "--by", JANE)

    assert result.exit_code == 2
    assert "must not name the person" in result.stderr


@pytest.mark.parametrize("nobody", [" ", "signoff"])
def test_what_names_no_person_is_wrong_usage(terminal: Terminal, behind: Rows, nobody: str) -> None:
    _work(behind)

    assert terminal.run("erase", nobody).exit_code == 2
    assert terminal.run("erase", JANE, "--name", nobody).exit_code == 2
    assert terminal.run("notices", "list").stdout.count("Jane Doe") == 1
