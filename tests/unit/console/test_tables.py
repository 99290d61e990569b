from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from console.tables import (
    Link,
    age,
    attempt_table,
    call_table,
    cell,
    printable,
    queue_table,
    status_tables,
    timeline_tables,
)
from pipeline.ports import Gate, Person
from pipeline.store.holds import HoldLine
from pipeline.store.status import AtReview, Part, Status, Waiting
from pipeline.store.timeline import AttemptLine, DeliveryLine, EventSummary, Timeline
from pipeline.transport.tally import Counted
from pipeline.words import DeliveryId, EventId, GateKind, LineKey

AT = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)
KEY = "aprimo:dam-record:5f3a"
EVENT = EventSummary(
    id=EventId("ev-1"),
    flow="campaign_brief",
    source="aprimo.pm.webhook",
    type="aprimo.activity.updated",
    subject="aprimo:activity:5012",
    line_key=LineKey("campaign_brief/aprimo:activity:5012"),
    position=3,
    state="planned",
    reason="",
    superseded_by=None,
    accepted_at=AT,
    ended_at=None,
    ready_at=AT,
    wait_reason="backoff",
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (-5, "0 s"),
        (0.4, "0 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h 0 min"),
        (86_400, "1 d"),
        (100_000, "1 d 3 h"),
    ],
)
def test_an_age_is_told_in_its_two_largest_units(seconds: float | None, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (7, "7"), (AT, "2026-02-03 12:00:00"), (Link(text="ev-1", path="/events/ev-1"), "ev-1")],
)
def test_a_cell_is_text(value: object, text: str) -> None:
    assert cell(value) == text


def test_line_breaks_are_kept_and_what_steers_a_terminal_is_not() -> None:
    gone = "\N{REPLACEMENT CHARACTER}"

    assert printable("a\nb\tc\x1b[1m\u200ed") == f"a\nb c{gone}[1m{gone}d"


def test_a_part_tells_why_its_lines_wait_and_when_the_next_is_tried() -> None:
    part = Part(
        name="aprimo",
        open=4,
        dead=1,
        oldest_open_s=75,
        running=1,
        gated=3,
        held=1,
        waiting=(Waiting(reason="backoff", lines=2, next_at=AT), Waiting(reason="lookup", lines=1, next_at=AT)),
    )
    gates = (
        Gate(scope="vendor:aprimo", kind=GateKind.BREAKER, until=AT, reason="5 failures", by="signoff"),
        Gate(scope="flow:campaign_brief", kind=GateKind.PAUSE, until=None, reason="month end", by="anna"),
    )
    person = Person(aprimo_user="88", unresolved_since=AT)
    status = Status(
        at=AT,
        flows=(),
        vendors=(part,),
        gates=gates,
        notices_unseen=2,
        unresolved_people=(person,),
        at_review=(AtReview(flow="campaign_brief", processes=2, reviews=3, first_due_at=AT),),
        hold_waits=(
            HoldLine(
                line_key=LineKey(f"publication/{KEY}"),
                object="dam:record:5f3a",
                field_set="release",
                held_by=EventId("ev-1"),
                held_for=f"asset_review/{KEY}",
                since=AT,
            ),
            HoldLine(line_key=LineKey(f"publication/{KEY}"), object="dam:record:77b0", field_set="release"),
        ),
    )

    _, at_review, vendors, closed, waiting, told, people = status_tables(status)

    waits = "2 backoff, next 2026-02-03 12:00:00\n1 lookup, next 2026-02-03 12:00:00"
    assert at_review.rows == (("campaign_brief", 2, 3, AT),)
    assert vendors.rows == (("aprimo", 4, 1, "1 min 15 s", 1, 0, waits, 3, 1),)
    assert closed.rows == (
        ("vendor:aprimo", "breaker", AT, "5 failures", "signoff"),
        ("flow:campaign_brief", "pause", "a person opens it", "month end", "anna"),
    )
    assert [[str(cell) for cell in row] for row in waiting.rows] == [
        [f"publication/{KEY}", "dam:record:5f3a", "release", "ev-1", f"asset_review/{KEY}", str(AT)],
        [f"publication/{KEY}", "dam:record:77b0", "release", "free now", "", "None"],
    ]
    assert told.rows == (
        ("notices not seen yet", 2),
        ("people nobody could match", 1),
        ("differences that stand", 0),
    )
    assert people.rows == (("88", None, AT),)


def test_only_queues_that_hold_something_are_shown() -> None:
    assert queue_table({"express.aprimo": 0, "bulk.aprimo": 3}).rows == (("bulk.aprimo", 3),)


def test_calls_are_told_by_flow_and_those_for_no_flow_below() -> None:
    counted = (
        Counted(vendor="aprimo", purpose="token", flow="", calls=1),
        Counted(vendor="aprimo", purpose="read", flow="", calls=2),
        Counted(vendor="aprimo", purpose="read", flow="publication", calls=30),
        Counted(vendor="aprimo", purpose="send", flow="publication", calls=4),
        Counted(vendor="opentext", purpose="read", flow="asset_review", calls=5),
        Counted(vendor="opentext", purpose="poll", flow="", calls=6),
        Counted(vendor="opentext", purpose="reconcile", flow="asset_review", calls=7),
    )

    assert call_table(counted).rows == (
        ("asset_review", 0, 5),
        ("publication", 34, 0),
        ("several flows", 2, 0),
        ("polls", 0, 6),
        ("reconciliation", 0, 7),
        ("tokens", 1, 0),
    )


FAILED = AttemptLine(
    number=1,
    purpose="send",
    started_at=AT,
    ended_at=AT,
    outcome="transient",
    status=503,
    code="",
    detail="busy",
    wait_s=2,
)
UNDER_WAY = AttemptLine(
    number=2,
    purpose="send",
    started_at=AT,
    ended_at=None,
    outcome="",
    status=None,
    code="",
    detail="",
    wait_s=None,
)


def delivery(*attempts: AttemptLine) -> DeliveryLine:
    return DeliveryLine(
        id=DeliveryId("d-1"),
        plan_number=2,
        ordinal=1,
        kind="pm.set_fields",
        target="activity:5012",
        effect_key="fields:ev-1:2:activity:5012",
        state="sending",
        failures=1,
        settled_after=None,
        vendor_ref="",
        attempts=attempts,
    )


def test_a_delivery_shows_its_last_answer() -> None:
    sent = (delivery(), delivery(FAILED), delivery(FAILED, UNDER_WAY))
    table = timeline_tables(Timeline(event=EVENT, moments=(), deliveries=sent))[-1]

    shown = ("2.1", "pm.set_fields", "activity:5012", "sending")
    assert table.rows == (
        (*shown, 0, "", ""),
        (*shown, 1, "transient 503 busy", ""),
        (*shown, 2, "under way", ""),
    )


def test_attempts_are_shown_in_order_of_time() -> None:
    later = replace(UNDER_WAY, started_at=AT + timedelta(seconds=2))

    table = attempt_table([delivery(later), replace(delivery(FAILED), ordinal=2)])

    assert table.rows == (
        (AT, "2.2", "pm.set_fields", "activity:5012", "send", "transient", 503, "busy"),
        (later.started_at, "2.1", "pm.set_fields", "activity:5012", "send", "under way", None, ""),
    )
