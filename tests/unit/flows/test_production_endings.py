"""Flow 3: how a production ends: produced, cancelled, withdrawn, or in a way that nobody understands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.commands import EndProcess, SetFields
from pipeline.flows import content_production, facts
from pipeline.flows.shared import assets
from pipeline.plan import Notice, Plan, TaskRead, Verdict
from pipeline.words import EndedBy, JsonValue, ProcessState, Side, Urgency
from tests.support.briefs import applied
from tests.support.productions import (
    INSTANCE,
    NOW,
    done,
    event,
    in_production,
    plan,
    process,
    request,
    seen,
    shown,
    task,
    written,
)

WORKED = done("copywriting", "design", "translation", "localization")
ASSET = "0123456789abcdef0123456789abcdef"
LINK = f"https://sandbox.aprimo.example.test/#/records/{ASSET}"
LONG_AGO = NOW - timedelta(hours=1)
REQUESTER = "requester.one@example.test"


def ended(*tasks: TaskRead, **variables: JsonValue) -> Plan:
    """What is planned when a process has ended by itself an hour ago, with these tasks."""
    link = seen(in_production(), process(task("copywriting")))
    return plan(link, process(*tasks, ended=LONG_AGO, **variables))


def test_an_approved_production_is_produced_with_links_in_one_write() -> None:
    made = ended(*WORKED, task("qa", "approved"), producedAssets=[ASSET, "https://files.example.test/1"])

    assert [each.KIND for each in made.commands] == ["pm.set_fields"]
    told = written(made)
    assert told.pop("matrix")
    assert told == {
        "state": "produced",
        "percent": 100,
        "step": "",
        "step_owner": "",
        "next_due": "",
        "assets": f"{LINK}\nhttps://files.example.test/1",
        "produced_on": "2026-03-02T08:00:00Z",
        "message": "Produced, revision 1.",
    }
    assert (made.urgency, made.changes.notices) == (Urgency.EXPRESS, ())
    assert made.changes.agreed["submitted"].value is False
    (row,) = made.changes.processes
    assert (row.state, row.ended_by, row.outcome) == (ProcessState.ENDED, EndedBy.THEM, "produced")


def test_produced_is_written_only_while_it_is_requested_in_these_languages() -> None:
    (write,) = ended(*WORKED, task("qa", "approved")).commands

    assert isinstance(write, SetFields)
    assert write.expects == {"status": 2, "extrAttr326": ["de", "fr"]}


@pytest.mark.parametrize(
    "tasks",
    [
        WORKED,
        (*WORKED, task("qa", "to_design")),
        (*WORKED, task("qa", "looks fine")),
        (*WORKED, task("qa", gone="cleaned up")),
        (*WORKED[:-1], task("qa", "approved")),
        (*WORKED[1:], task("qa", "approved")),
        (*WORKED, task("qa", "approved"), task("qa", "to_copy", turn=2, opened=NOW + timedelta(hours=9))),
    ],
    ids=["no check", "sent back", "odd answer", "taken away", "language missing", "step missing", "newer answer"],
)
def test_without_every_step_and_the_last_approval_nothing_is_produced(tasks: tuple[TaskRead, ...]) -> None:
    made = ended(*tasks)

    told = written(made)
    assert "state" not in told
    assert "percent" not in told
    assert "does not count as produced" in str(told["message"])
    assert "decision_unknown" in {each.code for each in made.changes.notices}
    assert made.changes.state == "unknown"


def test_a_language_that_the_process_names_and_nobody_did_is_missed() -> None:
    made = ended(*WORKED, task("qa", "approved"), languages=["de", "fr", "it"])

    assert "state" not in written(made)


def test_a_history_that_lags_behind_the_end_is_waited_for() -> None:
    link = seen(in_production(), process(task("copywriting")))

    made = plan(link, process(*WORKED, task("qa"), ended=NOW - timedelta(seconds=5)))

    assert (made.verdict, made.reason) == (Verdict.IGNORE, "not_yet")
    assert made.changes.wake is not None
    assert made.changes.wake.at == NOW + timedelta(seconds=10)


def test_produced_without_any_named_asset_says_so_to_the_requester() -> None:
    made = ended(*WORKED, task("qa", "approved"))

    assert written(made)["message"] == "Produced, revision 1. No produced assets were named."
    assert made.changes.notices == (
        Notice(code="assets_missing", text="Nobody named what was produced.", person=REQUESTER),
    )


def test_what_is_neither_a_record_nor_a_link_is_told_by_its_name() -> None:
    made = ended(*WORKED, task("qa", "approved"), producedAssets=[ASSET, "the page on my disk"])

    assert written(made)["assets"] == LINK
    assert made.changes.notices == (
        Notice(
            code="assets_unclear",
            text="Named as produced, but neither a record's id nor a link: the page on my disk.",
            person=REQUESTER,
        ),
    )


@pytest.mark.parametrize(
    ("named", "links", "unclear"),
    [
        ([ASSET, ASSET.upper()], ("at/" + ASSET,), ()),
        (f"{ASSET}; https://a.example.test/b", ("at/" + ASSET, "https://a.example.test/b"), ()),
        ("01234567-89ab-cdef-0123-456789abcdef", ("at/" + ASSET,), ()),
        (
            ["javascript:alert(1)", "https://", "http://[", "https://a b"],
            (),
            ("javascript:alert(1)", "https://", "http://[", "https://a b"),
        ),
        ([], (), ()),
        (None, (), ()),
        ({"recordId": ASSET}, (), ("{'recordId':", f"'{ASSET}'}}")),
    ],
)
def test_assets_are_named_by_record_or_by_link(
    named: JsonValue, links: tuple[str, ...], unclear: tuple[str, ...]
) -> None:
    assert assets.read(named, "at/{id}") == assets.Named(links=links, unclear=unclear)


# ---- ended by others, or by us -----------------------------------------------------------------------------------


def test_a_process_that_others_cancelled_says_so_and_tells_the_requester() -> None:
    link = seen(in_production(), process(task("copywriting")))

    made = plan(link, process(task("copywriting", gone="No budget"), ended=NOW, reason="No budget"))

    told = written(made)
    assert told.pop("matrix")
    message = "Cancelled in OpenText (No budget), revision 1. Nothing was produced."
    assert told == {"state": "cancelled", "step": "", "step_owner": "", "next_due": "", "message": message}
    assert made.changes.notices == (Notice(code="cancelled_in_opentext", text=message, person=REQUESTER),)


def test_a_withdrawn_request_ends_its_process_and_shows_nobodys_turn() -> None:
    link = seen(in_production(), process(task("copywriting")))

    made = plan(link, shown(link, "withdrawn"))

    assert made.commands[0] == EndProcess(instance_id=INSTANCE, reason="Withdrawn in Aprimo (Signoff)")
    told = written(made)
    assert told.pop("matrix")
    assert told == {
        "step": "",
        "step_owner": "",
        "next_due": "",
        "message": "Withdrawn, the production of revision 1 was ended",
    }


def test_a_deleted_request_ends_its_process() -> None:
    link = seen(in_production(), process(task("copywriting")))
    gone = event(Side.APRIMO, "aprimo.generic_object_charlie.deleted")

    made = plan(link, replace(request(), is_absent=True), what=gone)

    assert made.commands == (EndProcess(instance_id=INSTANCE, reason="Deleted in Aprimo (Signoff)"),)


def test_our_own_end_is_no_cancellation_of_theirs() -> None:
    link = seen(in_production(), process(task("copywriting")))

    made = plan(link, process(ended=NOW, reason="Withdrawn in Aprimo (Signoff)"))

    assert (made.verdict, made.reason, made.changes.notices) == (Verdict.IGNORE, "own_end", ())


def test_what_was_produced_and_is_submitted_again_is_a_new_revision() -> None:
    link = seen(in_production(), process(task("copywriting")))
    over = process(*WORKED, task("qa", "approved"), ended=LONG_AGO, producedAssets=[ASSET])
    link = applied(link, plan(link, over).changes)

    made = plan(link, shown(link, "submitted"))

    assert [each.KIND for each in made.commands] == ["ot.start_process", "pm.set_fields"]
    assert (made.changes.revision, written(made)["assets"]) == (2, "")


def test_what_was_produced_and_stays_so_is_left_alone() -> None:
    link = seen(in_production(), process(task("copywriting")))
    link = applied(link, plan(link, process(*WORKED, task("qa", "approved"), ended=LONG_AGO)).changes)

    assert plan(link, shown(link, "produced")).commands == ()


def test_a_person_may_ask_for_a_new_revision() -> None:
    link = seen(in_production(), process(task("copywriting")))

    made = plan(link, shown(link), what=event(Side.APRIMO, facts.RESTART))

    assert made.commands == (EndProcess(instance_id=INSTANCE, reason="Superseded by a new revision (Signoff)"),)


def test_a_request_on_hold_is_told_and_an_end_meanwhile_waits_until_it_is_back() -> None:
    link = seen(in_production(), process(task("copywriting")))
    over = process(*WORKED, task("qa", "approved"), ended=LONG_AGO)

    made = plan(link, shown(link, ""), over)
    waiting = applied(link, made.changes)

    assert {each.code for each in made.changes.notices} == {"unknown_state"}
    assert "state" not in written(made)
    assert waiting.state == "decision_waits"
    assert written(plan(waiting, shown(waiting), over))["state"] == "produced"


def test_a_state_set_by_hand_is_put_back() -> None:
    link = seen(in_production(), process(task("copywriting")))

    made = plan(link, shown(link, "produced"))

    assert written(made) == {"state": "submitted"}


def test_what_was_produced_is_said_again_only_of_what_was_asked_for() -> None:
    link = seen(in_production(), process(*WORKED, task("qa", "approved"), ended=LONG_AGO))

    as_it_was = plan(link, shown(link, "cancelled"))
    of_others = plan(link, shown(link, "cancelled", languages=["Klingon"]))

    assert written(as_it_was) == {"state": "produced"}
    assert not any(isinstance(each, SetFields) for each in of_others.commands)
    assert [(each.field, each.policy) for each in of_others.changes.differences] == [("state", "propose")]


def test_what_must_agree_speaks_of_states_of_the_flow() -> None:
    for each in content_production.AGREES:
        assert each.states <= set(content_production.STATES)
