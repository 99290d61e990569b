"""The completeness certificate: who told of each change first, and what nobody told of."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipeline.certificate import Certificate, Change, Compared, Learned, certify
from pipeline.ports import Bounds
from pipeline.ports.told import Told
from pipeline.routes import Routes
from pipeline.words import EventId, EventState, Side, Urgency
from tests.support import briefs
from tests.support.changes import Aprimo, OpenText, audit_row, changed_item
from tests.support.fakes import T0

BOUNDS = Bounds(no_call_after=9e9, lease_until=9e9, urgency=Urgency.BULK)
UNTIL = T0 + timedelta(hours=1)


def told(  # noqa: PLR0917 - What a table of samples varies.
    source: str,
    object_id: str,
    time: datetime,
    after_s: float = 1.0,
    state: EventState = EventState.DELIVERED,
    reason: str = "",
    flow: str = "campaign_brief",
) -> Told:
    side = Side.OPENTEXT if source.startswith("opentext") else Side.APRIMO
    return Told(
        event_id=EventId(f"ev-{source}-{object_id}-{flow}"),
        flow=flow,
        source=source,
        side=side,
        object_id=object_id,
        time=time,
        accepted_at=time + timedelta(seconds=after_s),
        state=state,
        reason=reason,
    )


def certified(
    *events: Told,
    aprimo: Aprimo | None = None,
    opentext: OpenText | None = None,
    compared: Compared = lambda _: (),
) -> Certificate:
    return certify(
        T0,
        UNTIL,
        events,
        routes=Routes.of([briefs.words()]),
        aprimo=aprimo or Aprimo(),
        opentext=opentext or OpenText(),
        compared=compared,
        bounds=BOUNDS,
    )


def learned(found: Certificate) -> dict[str, str]:
    return {each.change.object_id: each.learned for each in found.untold}


def test_the_first_that_made_us_look_at_a_change_or_after_it_has_told_of_it() -> None:
    at = T0 + timedelta(minutes=5)
    found = certified(
        told("aprimo.pm.webhook", "1", at, after_s=1),
        told("aprimo.pm.poll", "1", at, after_s=9),
        told("aprimo.pm.poll", "2", at, after_s=1),
        told("aprimo.pm.webhook", "2", at, after_s=9),
        told("signoff.reconciliation", "3", at + timedelta(minutes=2)),
        told("aprimo.pm.webhook", "4", at - timedelta(minutes=1)),
        aprimo=Aprimo(items=tuple(changed_item(number, at) for number in (1, 2, 3, 4))),
    )

    assert found.changes == {
        (Side.APRIMO, "activity", Learned.NOTICE): 1,
        (Side.APRIMO, "activity", Learned.POLL): 1,
        (Side.APRIMO, "activity", Learned.RECONCILIATION): 1,
        (Side.APRIMO, "activity", Learned.NOBODY): 1,
    }
    assert learned(found) == {"2": "poll", "3": "reconciliation", "4": "nobody"}
    assert [each.change.object_id for each in found.gaps] == ["4"]


def test_a_time_that_was_cut_off_to_the_second_is_the_same_time() -> None:
    at = T0 + timedelta(minutes=5, milliseconds=900)
    found = certified(
        told("aprimo.pm.webhook", "1", T0 + timedelta(minutes=5)), aprimo=Aprimo(items=(changed_item(1, at),))
    )

    assert found.untold == []


def test_each_row_of_the_audit_log_is_a_change_of_its_own() -> None:
    first, second = T0 + timedelta(minutes=1), T0 + timedelta(minutes=9)
    found = certified(
        told("opentext.callback", "i1", first),
        opentext=OpenText(
            rows=(
                audit_row("i1", first),
                audit_row("i1", second),
                audit_row("i1", UNTIL),
                audit_row("i1", T0 - timedelta(1)),
            )
        ),
    )

    assert found.changes == {
        (Side.OPENTEXT, "process-task-complete", Learned.NOTICE): 1,
        (Side.OPENTEXT, "process-task-complete", Learned.NOBODY): 1,
    }
    assert [each.change.at for each in found.gaps] == [second]


def test_how_it_ended_is_told_for_each_flow_that_the_notice_concerned() -> None:
    at = T0 + timedelta(minutes=5)
    found = certified(
        told("aprimo.pm.webhook", "1", at),
        told("aprimo.pm.webhook", "1", at, state=EventState.IGNORED, reason="not_ours", flow="budget_exception"),
        told("aprimo.pm.webhook", "1", at, after_s=99, state=EventState.DEAD),
        aprimo=Aprimo(items=(changed_item(1, at),)),
    )

    assert found.ended == {"delivered": 1, "ignored: not_ours": 1}


def test_facts_of_our_own_tell_of_no_change() -> None:
    at = T0 + timedelta(minutes=5)
    found = certified(
        told("signoff", "1", at), told("timetable", "1", at), aprimo=Aprimo(items=(changed_item(1, at),))
    )

    assert [each.change.object_id for each in found.gaps] == ["1"]


def test_what_we_wrote_ourselves_is_known_from_the_write() -> None:
    at = T0 + timedelta(minutes=5)
    write = told("signoff.write", "1", at, after_s=-0.5)
    found = certified(write, aprimo=Aprimo(items=(changed_item(1, at), changed_item(2, at))))
    before = certified(write, aprimo=Aprimo(items=(changed_item(1, at - timedelta(minutes=1)),)))

    assert found.changes[Side.APRIMO, "activity", Learned.OURS] == 1
    assert [each.change.object_id for each in found.untold] == ["2"]
    assert [each.learned for each in before.untold] == [Learned.NOBODY]


@pytest.mark.parametrize(
    ("moment_s", "learned_by"),
    [(-5.5, Learned.NOBODY), (-5, Learned.OURS), (0, Learned.OURS), (67, Learned.OURS), (67.5, Learned.NOBODY)],
)
def test_a_change_is_ours_from_the_writes_beginning_to_the_last_moment_it_may_land_give_or_take_the_clocks(
    moment_s: float, learned_by: Learned
) -> None:
    began = T0 + timedelta(minutes=5)
    write = replace(told("signoff.write", "1", began + timedelta(seconds=62)), accepted_at=began)

    found = certified(write, aprimo=Aprimo(items=(changed_item(1, began + timedelta(seconds=moment_s)),)))

    assert list(found.changes) == [(Side.APRIMO, "activity", learned_by)]


def test_what_comparisons_have_read_since_is_learned_from_them_and_is_no_gap() -> None:
    at = T0 + timedelta(minutes=5)
    asked: list[Change] = []

    def compared(change: Change) -> tuple[str, ...]:
        asked.append(change)
        return ("agrees", "process_missing") if change.object_id == "2" else ()

    found = certified(
        told("aprimo.pm.webhook", "1", at),
        aprimo=Aprimo(items=tuple(replace(changed_item(number, at), type_id=17) for number in (1, 2, 3))),
        compared=compared,
    )

    assert [(each.object_id, each.type_id) for each in asked] == [("2", 17), ("3", 17)]
    assert learned(found) == {"2": "reconciliation", "3": "nobody"}
    assert found.ended == {"delivered": 1, "compared: agrees": 1, "compared: process_missing": 1}


def test_what_we_did_to_a_task_is_known_of_the_process_that_the_audit_log_says_it_is_of() -> None:
    at = T0 + timedelta(minutes=5)
    write = replace(told("signoff.write", "t1", at, after_s=-0.5), side=Side.OPENTEXT)
    rows = (
        audit_row("i1", at),
        audit_row("i1", at, "process-task-create", task="t2"),
        audit_row("i2", at, task="t3"),
    )

    found = certified(write, opentext=OpenText(rows=rows))

    assert [(each.change.object_id, each.learned) for each in found.untold] == [("i2", Learned.NOBODY)]
    assert found.changes[Side.OPENTEXT, "process-task-create", Learned.OURS] == 1


def test_what_others_do_in_a_shared_tenant_is_counted_and_is_no_gap() -> None:
    at = T0 + timedelta(minutes=5)
    others = (audit_row("i8", at, definition="payroll:7:x"), audit_row("i9", at, definition="payroll:8:y"))
    outside = audit_row("i8", UNTIL, definition="payroll:7:x")

    found = certified(opentext=OpenText(rows=(*others, outside, audit_row("i7", at, definition=""))))

    assert (found.gaps, found.changes) == ([], {})
    assert found.left_out == {"payroll": 2, "": 1}


def test_without_others_nothing_is_left_out() -> None:
    found = certified(opentext=OpenText(rows=(audit_row("i1", T0),)))

    assert found.left_out == {}
    assert [each.change.object_id for each in found.gaps] == ["i1"]


def test_kinds_whose_lists_bear_no_times_are_named() -> None:
    assert certified(aprimo=Aprimo(undated=("generic-objects/brief",))).unasked == ("generic-objects/brief",)
