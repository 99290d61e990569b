"""What follows from the outcome of an attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.backoff import RetryPolicy
from pipeline.commands import EndProcess
from pipeline.errors import (
    LeaseLostError,
    MisconfiguredError,
    PermanentError,
    StaleError,
    TransientError,
    UnknownOutcomeError,
)
from pipeline.outcomes import Attempted, Ended, Next, judge
from pipeline.ports import Delivery, Limits, NotThere, Sent
from pipeline.words import DeliveryId, DeliveryState, EffectKey, EventId, Purpose, WaitReason

NOW = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)
LIMITS = Limits(retry=RetryPolicy(tries=3, base_s=2.0, cap_s=900.0))


def attempted(
    purpose: Purpose = Purpose.SEND, *, failures: int = 0, settled_after: datetime | None = None
) -> Attempted:
    command = EndProcess(instance_id="i-1", reason="withdrawn")
    delivery = Delivery(
        id=DeliveryId("dl-1"),
        event_id=EventId("ev-1"),
        plan_number=1,
        ordinal=0,
        kind=command.KIND,
        target=command.target(),
        command=command,
        effect_key=EffectKey("end:i-1"),
        state=DeliveryState.PLANNED if purpose is Purpose.SEND else DeliveryState.UNKNOWN,
        failures=failures,
        settled_after=settled_after,
    )
    return Attempted(delivery=delivery, purpose=purpose, number=failures + 1, started_at=NOW)


def judged(outcome: object, what: Attempted) -> Ended:
    return judge(outcome, what, LIMITS, chance=0.5)


def move(ended: Ended) -> tuple[DeliveryState, DeliveryState]:
    assert ended.row is not None
    return ended.row.before, ended.row.after


def test_a_sent_command_is_done_and_keeps_the_vendors_reference() -> None:
    ended = judged(Sent(how="sent", vendor_ref="i-9"), attempted())

    assert (ended.next, move(ended)) == (Next.GO_ON, (DeliveryState.SENDING, DeliveryState.DONE))
    assert ended.row is not None
    assert ended.row.vendor_ref == "i-9"


def test_an_effect_that_a_look_up_finds_counts_at_once() -> None:
    early = attempted(Purpose.LOOK_UP, settled_after=NOW + timedelta(hours=1))

    assert move(judged(Sent(how="found"), early)) == (DeliveryState.UNKNOWN, DeliveryState.DONE)


def test_a_look_up_that_finds_nothing_before_the_late_time_waits_for_it() -> None:
    settled = NOW + timedelta(seconds=30)

    ended = judged(NotThere(), attempted(Purpose.LOOK_UP, settled_after=settled))

    assert move(ended) == (DeliveryState.UNKNOWN, DeliveryState.UNKNOWN)
    assert (ended.next, ended.wait_reason, ended.wait_from(NOW)) == (Next.WAIT, WaitReason.LOOKUP, 30.0)


def test_a_look_up_that_finds_nothing_after_the_late_time_opens_the_way_to_another_send() -> None:
    ended = judged(NotThere(), attempted(Purpose.LOOK_UP, settled_after=NOW))

    assert (ended.next, move(ended)) == (Next.GO_ON, (DeliveryState.UNKNOWN, DeliveryState.PLANNED))


@pytest.mark.parametrize("outcome", [UnknownOutcomeError("no answer"), RuntimeError("a fault of ours")])
def test_an_outcome_nobody_knows_is_looked_up_and_never_sent_again(outcome: Exception) -> None:
    ended = judged(outcome, attempted())

    assert (ended.next, move(ended)) == (Next.WAIT, (DeliveryState.SENDING, DeliveryState.UNKNOWN))
    assert ended.wait_reason is WaitReason.LOOKUP


def test_the_vendors_own_wait_wins_over_our_backoff() -> None:
    error = TransientError("throttled", wait_s=45.0, is_outage=True, reason=WaitReason.VENDOR_WAIT)

    ended = judged(error, attempted())

    assert (ended.wait_s, ended.wait_reason) == (45.0, WaitReason.VENDOR_WAIT)


def test_an_outage_spends_no_try() -> None:
    ended = judged(TransientError("away", is_outage=True), attempted(failures=2))

    assert ended.next is Next.WAIT
    assert ended.row is not None
    assert ended.row.failures == 2


def test_the_last_try_that_fails_makes_a_dead_letter() -> None:
    ended = judged(TransientError("busy"), attempted(failures=2))

    assert (ended.next, ended.code) == (Next.DIE, "tries_spent")
    assert move(ended) == (DeliveryState.SENDING, DeliveryState.PLANNED)


def test_our_backoff_is_full_jitter_of_the_doubling_wait() -> None:
    assert judged(TransientError("busy"), attempted(failures=1)).wait_s == pytest.approx(2.0)


def test_a_refusal_is_final_at_the_first_answer() -> None:
    ended = judged(PermanentError("refused_by_vendor", "no such field", status=400), attempted())

    assert (ended.next, move(ended)) == (Next.DIE, (DeliveryState.SENDING, DeliveryState.FAILED))


def test_a_refused_look_up_leaves_the_delivery_unknown() -> None:
    ended = judged(PermanentError("refused_by_vendor", "no", status=400), attempted(Purpose.LOOK_UP))

    assert move(ended) == (DeliveryState.UNKNOWN, DeliveryState.UNKNOWN)


def test_missing_rights_close_a_gate_and_spend_no_try() -> None:
    ended = judged(MisconfiguredError("forbidden", "right missing", status=403), attempted(failures=2))

    assert ended.next is Next.GATE
    assert ended.row is not None
    assert ended.row.failures == 2


def test_a_changed_target_is_planned_again() -> None:
    ended = judged(StaleError("withdrawn meanwhile"), attempted())

    assert (ended.next, move(ended)) == (Next.REPLAN, (DeliveryState.SENDING, DeliveryState.PLANNED))


def test_a_lost_lease_writes_nothing() -> None:
    assert judged(LeaseLostError("taken over"), attempted()) == Ended(next=Next.DROP_OUT)
