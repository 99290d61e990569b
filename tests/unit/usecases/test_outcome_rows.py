"""The whole row that each outcome leaves behind, and all that follows from it, to the last field."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.backoff import RetryPolicy
from pipeline.commands import ProjectVerb
from pipeline.errors import (
    MisconfiguredError,
    PermanentError,
    StaleError,
    TransientError,
    UnknownOutcomeError,
)
from pipeline.outcomes import Attempted, Ended, Next, judge, late
from pipeline.ports import AttemptEnd, Delivery, Limits, NotThere, Sent
from pipeline.words import DeliveryId, DeliveryState, EffectKey, EventId, Purpose, WaitReason

NOW = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)
LIMITS = Limits(retry=RetryPolicy(tries=5, base_s=2.0, cap_s=900.0), late_factor=3.0)
CLOSE = ProjectVerb(verb="close", project_id=77, revision=1)
DELIVERY = Delivery(
    id=DeliveryId("dl-1"),
    event_id=EventId("ev-1"),
    plan_number=1,
    ordinal=0,
    kind=CLOSE.KIND,
    target=CLOSE.target(),
    command=CLOSE,
    effect_key=EffectKey("close:77"),
    state=DeliveryState.PLANNED,
    failures=2,
)
SENT = AttemptEnd(
    delivery_id=DeliveryId("dl-1"),
    number=4,
    outcome="",
    before=DeliveryState.SENDING,
    after=DeliveryState.PLANNED,
    failures=2,
)
LOOKED_UP = replace(SENT, before=DeliveryState.UNKNOWN, after=DeliveryState.UNKNOWN)


def attempted(purpose: Purpose = Purpose.SEND, *, delivery: Delivery = DELIVERY) -> Attempted:
    return Attempted(delivery=delivery, purpose=purpose, number=4, started_at=NOW)


def judged(outcome: object, what: Attempted) -> Ended:
    """Of the waits the half."""
    return judge(outcome, what, LIMITS, chance=0.5)


def tried(failures: int) -> Delivery:
    return replace(DELIVERY, failures=failures)


def test_of_a_sent_command_its_word_and_the_vendors_reference_are_kept() -> None:
    row = replace(SENT, outcome="sent", after=DeliveryState.DONE, vendor_ref="i-9")

    ended = judged(Sent(how="sent", vendor_ref="i-9"), attempted())

    assert ended == Ended(next=Next.GO_ON, row=row, is_effect=True)


def test_a_look_up_that_finds_nothing_and_had_nothing_to_wait_for_goes_on() -> None:
    row = replace(LOOKED_UP, outcome="not_there", after=DeliveryState.PLANNED)

    assert judged(NotThere(), attempted(Purpose.LOOK_UP)) == Ended(next=Next.GO_ON, row=row)


def test_a_look_up_that_came_too_early_waits_until_the_late_time_is_over() -> None:
    settled = NOW + timedelta(seconds=1)
    delivery = replace(DELIVERY, settled_after=settled)

    assert judged(NotThere(), attempted(Purpose.LOOK_UP, delivery=delivery)) == Ended(
        next=Next.WAIT,
        row=replace(LOOKED_UP, outcome="not_yet"),
        wait_until=settled,
        wait_reason=WaitReason.LOOKUP,
    )


@pytest.mark.parametrize(("purpose", "row"), [(Purpose.SEND, SENT), (Purpose.LOOK_UP, LOOKED_UP)])
def test_a_changed_target_leaves_what_was_seen_in_its_row(purpose: Purpose, row: AttemptEnd) -> None:
    ended = judged(StaleError("withdrawn meanwhile"), attempted(purpose))

    assert ended == Ended(next=Next.REPLAN, row=replace(row, outcome="stale", detail="withdrawn meanwhile"))


@pytest.mark.parametrize(("purpose", "row"), [(Purpose.SEND, SENT), (Purpose.LOOK_UP, LOOKED_UP)])
def test_a_gate_is_closed_for_the_reason_that_the_row_keeps(purpose: Purpose, row: AttemptEnd) -> None:
    ended = judged(MisconfiguredError("not_authenticated", "Renew the secret.", status=401), attempted(purpose))

    assert ended == Ended(
        next=Next.GATE,
        row=replace(row, outcome="misconfigured", status=401, code="not_authenticated", detail="Renew the secret."),
        code="not_authenticated",
        hint="Renew the secret.",
    )


@pytest.mark.parametrize(
    ("purpose", "row"),
    [(Purpose.SEND, replace(SENT, after=DeliveryState.FAILED)), (Purpose.LOOK_UP, LOOKED_UP)],
)
def test_a_refusal_is_a_dead_letter_with_what_the_vendor_said(purpose: Purpose, row: AttemptEnd) -> None:
    ended = judged(PermanentError("refused_by_vendor", "no such field", status=400), attempted(purpose))

    assert ended == Ended(
        next=Next.DIE,
        row=replace(row, outcome="permanent", status=400, code="refused_by_vendor", detail="no such field"),
        code="refused_by_vendor",
        hint="no such field",
    )


@pytest.mark.parametrize(
    ("purpose", "row", "reason"),
    [(Purpose.SEND, SENT, WaitReason.BACKOFF), (Purpose.LOOK_UP, LOOKED_UP, WaitReason.LOOKUP)],
)
def test_a_failure_without_effect_waits_by_our_own_backoff(
    purpose: Purpose, row: AttemptEnd, reason: WaitReason
) -> None:
    """The third failure: half of 8 s."""
    ended = judged(TransientError("busy", status=423), attempted(purpose))

    assert ended == Ended(
        next=Next.WAIT,
        row=replace(row, outcome="transient", status=423, detail="busy", wait_s=4.0, failures=3),
        wait_s=4.0,
        wait_reason=reason,
    )


def test_the_last_failure_without_effect_says_what_the_vendor_said_last() -> None:
    row = replace(SENT, outcome="transient", status=423, detail="busy", wait_s=16.0, failures=5)

    ended = judged(TransientError("busy", status=423), attempted(delivery=tried(4)))

    assert ended == Ended(next=Next.DIE, row=row, code="tries_spent", hint="busy")


@pytest.mark.parametrize(("purpose", "before"), [(Purpose.SEND, SENT), (Purpose.LOOK_UP, LOOKED_UP)])
def test_a_call_without_an_answer_may_take_effect_until_its_late_time_is_over(
    purpose: Purpose, before: AttemptEnd
) -> None:
    """Late is a minute for this kind, and three times that by the settings."""
    row = replace(
        before,
        outcome="unknown",
        after=DeliveryState.UNKNOWN,
        status=504,
        detail="no answer",
        wait_s=4.0,
        failures=3,
        late_s=180.0,
    )

    ended = judged(UnknownOutcomeError("no answer", status=504), attempted(purpose))

    assert ended == Ended(next=Next.WAIT, row=row, wait_s=4.0, wait_reason=WaitReason.LOOKUP)


def test_a_fault_of_ours_is_named_in_the_row() -> None:
    ended = judged(RuntimeError("half a thought"), attempted())

    assert ended.row is not None
    assert (ended.row.outcome, ended.row.status) == ("unknown", None)
    assert ended.row.detail == "RuntimeError: half a thought"


def test_a_call_that_stays_unknown_too_often_is_a_persons_to_look_up() -> None:
    row = replace(
        SENT,
        outcome="unknown",
        after=DeliveryState.UNKNOWN,
        detail="no answer",
        wait_s=16.0,
        failures=5,
        late_s=180.0,
    )

    ended = judged(UnknownOutcomeError("no answer"), attempted(delivery=tried(4)))

    assert ended == Ended(next=Next.DIE, row=row, code="tries_spent", hint="no answer")


def test_an_unanswered_call_is_late_by_its_kind_and_the_settings() -> None:
    assert late(DELIVERY, LIMITS) == timedelta(minutes=3)


@pytest.mark.parametrize(
    ("ended", "wait_s"),
    [
        (Ended(next=Next.WAIT), 0.0),
        (Ended(next=Next.WAIT, wait_s=7.0), 7.0),
        (Ended(next=Next.WAIT, wait_s=7.0, wait_until=NOW + timedelta(seconds=30)), 30.0),
        (Ended(next=Next.WAIT, wait_until=NOW), 0.0),
        (Ended(next=Next.WAIT, wait_until=NOW - timedelta(seconds=30)), 0.0),
    ],
)
def test_a_wait_is_never_negative(ended: Ended, wait_s: float) -> None:
    assert ended.wait_from(NOW) == wait_s


def test_what_nobody_says_of_an_end_is_nothing() -> None:
    ended = Ended(next=Next.WAIT)

    assert (ended.row, ended.wait_until, ended.wait_reason) == (None, None, None)
    assert (ended.code, ended.hint, ended.is_effect) == ("", "", False)
