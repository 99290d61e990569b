"""Plans and what they are made of: what nobody says is empty, and what a link knows of its processes."""

from __future__ import annotations

from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline import plan
from pipeline.commands import EndProcess
from pipeline.plan import (
    Agreed,
    FollowUp,
    FoundDifference,
    Hold,
    Link,
    LinkChanges,
    Plan,
    ProcessRow,
    Verdict,
    Wake,
    deliver,
    ignore,
    refuse,
)
from pipeline.words import BusinessKey, InstanceId, LineKey, LinkId, ProcessState, Side, Urgency, WakeReason

NOW = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)
KEY = BusinessKey("aprimo:activity:5012")
ENDED = ProcessRow(revision=1, process_key="review", state=ProcessState.ENDED, instance_id=InstanceId("i-1"))
FIRST = ProcessRow(revision=2, process_key="review", state=ProcessState.RUNNING, instance_id=InstanceId("i-2"))
LAST = ProcessRow(revision=3, process_key="review", state=ProcessState.ENDING, instance_id=InstanceId("i-3"))
END = EndProcess(instance_id="i-1", reason="withdrawn")
CHANGES = LinkChanges(state="submitted")
FOLLOW_UP = FollowUp(line_key=LineKey("l"), subject=KEY, flow="campaign_brief", type="decided", side=Side.APRIMO)
HOLD = Hold(object="dam:record:5f3a", field_set="release")


def link(*processes: ProcessRow, item: str = "", agreed: dict[str, Agreed] | None = None) -> Link:
    return Link(
        id=LinkId(1), flow="campaign_brief", business_key=KEY, processes=processes, item=item, agreed=agreed or {}
    )


def unsaid(kind: Any) -> dict[str, object]:  # noqa: ANN401 - A dataclass has no name among types.
    """What a value has where nobody says it, by field; empty texts and rows are left out."""
    made = {
        each.name: each.default if each.default_factory is MISSING else each.default_factory()
        for each in fields(kind)
        if each.default is not MISSING or each.default_factory is not MISSING
    }
    return {name: value for name, value in made.items() if value not in ("", (), None)}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (plan.Want, {}),
        (plan.TaskRead, {}),
        (plan.ProcessRead, {"variables": {}}),
        (plan.Snapshot, {"is_absent": False, "values": {}, "wire": {}}),
        (plan.Loop, {"rounds": 0, "is_stopped": False}),
        (plan.ProcessRow, {}),
        (plan.ReviewRow, {}),
        (plan.CommentRow, {}),
        (plan.Link, {"revision": 0, "row_version": 0, "agreed": {}, "seen": {}, "loops": {}}),
        (plan.Notice, {}),
        (plan.Met, {}),
        (plan.LinkChanges, {"agreed": {}, "seen": {}, "loops": {}}),
        (plan.FollowUp, {"data": {}, "urgency": Urgency.STANDARD}),
        (plan.Plan, {"changes": LinkChanges(), "urgency": Urgency.BULK}),
    ],
)
def test_what_nobody_says_is_nothing(kind: type, values: dict[str, object]) -> None:
    assert unsaid(kind) == values


@pytest.mark.parametrize("state", list(ProcessState))
def test_a_process_lives_until_it_has_ended(state: ProcessState) -> None:
    row = ProcessRow(revision=1, process_key="review", state=state)

    assert row.is_live is (state is not ProcessState.ENDED)


def test_a_link_is_about_what_its_business_key_names() -> None:
    assert link().item_key == KEY


def test_a_link_whose_key_names_no_object_is_about_its_item() -> None:
    assert link(item="aprimo:generic_object_alpha:9").item_key == "aprimo:generic_object_alpha:9"


@pytest.mark.parametrize(
    ("processes", "live"),
    [((), None), ((ENDED,), None), ((FIRST, ENDED), FIRST), ((ENDED, FIRST, LAST), LAST)],
    ids=["none", "ended", "an earlier one", "the last"],
)
def test_the_live_process_is_the_last_that_has_not_ended(
    processes: tuple[ProcessRow, ...], live: ProcessRow | None
) -> None:
    assert link(*processes).live_process() == live


def test_a_process_is_found_by_its_instance_whether_it_has_ended_or_not() -> None:
    both = link(ENDED, FIRST)

    assert (both.process_of("i-1"), both.process_of("i-2"), both.process_of("i-9")) == (ENDED, FIRST, None)


def test_what_was_agreed_of_a_field_is_its_value() -> None:
    agreed = {"budget": Agreed(value="1.00", owner=Side.APRIMO, written_by="ev-1", at=NOW)}

    assert link(agreed=agreed).agreed_value("budget") == "1.00"
    assert link(agreed=agreed).agreed_value("title") is None


def test_a_wake_has_its_time_and_its_reason_or_neither() -> None:
    assert Wake(at=None) == Wake(at=None, reason=None)
    assert Wake(at=NOW, reason=WakeReason.REVIEW_DUE).at == NOW


@pytest.mark.parametrize(("at", "reason"), [(NOW, None), (None, WakeReason.REVIEW_DUE)])
def test_a_wake_that_no_job_would_find_is_refused(at: datetime | None, reason: WakeReason | None) -> None:
    with pytest.raises(ValueError, match="both its time and its reason"):
        Wake(at=at, reason=reason)


def test_a_plan_that_delivers_keeps_what_it_is_told() -> None:
    told = deliver(END, changes=CHANGES, follow_ups=(FOLLOW_UP,), holds=(HOLD,))

    assert told == Plan(
        verdict=Verdict.DELIVER, commands=(END,), changes=CHANGES, follow_ups=(FOLLOW_UP,), holds=(HOLD,)
    )
    assert (deliver(END).commands, deliver().changes) == ((END,), LinkChanges())


def test_a_plan_that_ignores_sends_nothing_and_may_change_the_link() -> None:
    told = ignore("unchanged", changes=CHANGES, follow_ups=(FOLLOW_UP,))

    assert told == Plan(verdict=Verdict.IGNORE, reason="unchanged", changes=CHANGES, follow_ups=(FOLLOW_UP,))
    assert ignore("unchanged") == Plan(verdict=Verdict.IGNORE, reason="unchanged", changes=LinkChanges())


def test_a_plan_that_refuses_says_what_a_person_can_do() -> None:
    told = refuse("no_template", "Name the template.")

    assert told == Plan(verdict=Verdict.REFUSE, reason="no_template", hint="Name the template.")


def test_the_verdicts_have_these_words() -> None:
    assert [str(verdict) for verdict in Verdict] == ["deliver", "ignore", "supersede", "refuse"]


def difference(field: str, cause: str) -> FoundDifference:
    return FoundDifference(field=field, ours="agreed", theirs="edited", cause=cause, policy="propose")


@pytest.mark.parametrize(
    ("field", "cause", "aprimo", "opentext"),
    [
        ("matrix", "edited_in_aprimo", "edited", "agreed"),
        ("matrix", "edited_by_automation", "edited", "agreed"),
        ("budget", "edited_in_opentext", "agreed", "edited"),
        ("state", "edited_in_aprimo", "edited", None),
    ],
)
def test_a_difference_says_what_each_side_shows_and_what_both_agree_on(
    field: str, cause: str, aprimo: str, opentext: str | None
) -> None:
    found = difference(field, cause)

    assert (found.aprimo, found.opentext, found.agreed) == (aprimo, opentext, "agreed")
