"""A read that failed: its line waits for the right thing, or its head dies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.backoff import RetryPolicy
from pipeline.errors import (
    GateClosedError,
    LeaseLostError,
    MisconfiguredError,
    PermanentError,
    PipelineError,
    StaleError,
    TransientError,
)
from pipeline.events import Event
from pipeline.plan import Link
from pipeline.planned import Member, _Failures
from pipeline.ports import Claim, Gate, Hint, Limits, Release
from pipeline.steps import Buried, Onward
from pipeline.words import (
    BusinessKey,
    EventId,
    EventKind,
    EventState,
    GateKind,
    LineKey,
    Side,
    Step,
    Urgency,
    WaitReason,
)
from tests.support.fakes import make_world
from tests.support.recording_tx import NOW, RecordingStore, RecordingTx

LIMITS = Limits(retry=RetryPolicy(tries=4, base_s=2.0, cap_s=900.0), countdown_max_s=30.0, gate_s=45.0)
KEY = BusinessKey("opentext:process:p-1")
HEAD = Event(
    id=EventId("ev-1"),
    flow="test_flow",
    source="test",
    type="test.changed",
    kind=EventKind.LOOK,
    side=Side.OPENTEXT,
    subject=KEY,
    line_key=LineKey("line-1"),
    position=1,
    state=EventState.ACCEPTED,
    time=NOW,
    accepted_at=NOW,
    data={},
    urgency=Urgency.EXPRESS,
    trace_id="tr-1",
)
CLAIM = Claim(
    key=LineKey("line-1"),
    flow="test_flow",
    token=7,
    head=1,
    tail=1,
    crashes=0,
    failures=2,
    urgency=Urgency.EXPRESS,
    is_taken_over=False,
    leased_until=NOW,
)
WAITING = Release(
    key=LineKey("line-1"),
    token=7,
    step=Step.TRANSFORM,
    lane="express.opentext",
    vendor=Side.OPENTEXT,
    ready_at=NOW,
    failures=2,
)


class Failed:
    """What became of one failed read."""

    def __init__(
        self, failure: PipelineError | None, *, side: Side | None = None, failures: int = CLAIM.failures
    ) -> None:
        self.tx = RecordingTx()
        self.onward = Onward(lane="express.opentext")
        ports = make_world(RecordingStore(self.tx), LIMITS).ports  # type: ignore[arg-type]  # Enough of a store.
        taken = _Failures(tx=self.tx, onward=self.onward, ports=ports)  # type: ignore[arg-type]  # As above.
        link = Link(id=None, flow="test_flow", business_key=KEY)
        claim = replace(CLAIM, failures=failures)
        taken.take(Member(head=HEAD, link=link, claim=claim, events=(HEAD,), failure=failure, failed_side=side))
        self.dead = taken.dead
        self.releases = taken.releases

    def hints(self) -> list[tuple[EventId, ...]]:
        return [hint.event_ids for hint in self.onward.hints]


def buried(code: str, hint: str, *, failures: int = CLAIM.failures) -> Buried:
    return Buried(
        claim=replace(CLAIM, failures=failures),
        event_id=EventId("ev-1"),
        before=EventState.ACCEPTED,
        code=code,
        hint=hint,
        step=Step.TRANSFORM,
        side=Side.OPENTEXT,
    )


def after_s(seconds: float, *, failures: int, reason: WaitReason = WaitReason.BACKOFF) -> Release:
    return replace(
        WAITING,
        ready_at=NOW + timedelta(seconds=seconds),
        wait_reason=reason,
        failures=failures,
        hinted=seconds <= 30,
    )


@pytest.mark.parametrize("failure", [None, LeaseLostError("taken over")])
def test_a_line_that_is_somebody_elses_is_left_to_them(failure: PipelineError | None) -> None:
    failed = Failed(failure)

    assert (failed.dead, failed.releases, failed.tx.told, failed.onward.hints) == ([], [], [], [])


def test_a_read_that_is_refused_is_a_dead_letter() -> None:
    failed = Failed(PermanentError("not_allowed", "no right"))

    assert (failed.dead, failed.releases) == ([buried("not_allowed", "no right")], [])


def test_half_of_the_backoff_passes_before_the_next_read() -> None:
    """The third failure: half of 8 s."""
    failed = Failed(TransientError("busy"))

    assert (failed.dead, failed.releases) == ([], [after_s(4.0, failures=3)])
    assert failed.onward.hints == [
        Hint(step=Step.TRANSFORM, lane="express.opentext", event_ids=(EventId("ev-1"),), wait_s=4.0)
    ]


@pytest.mark.parametrize(("wait_s", "hints"), [(0.0, 1), (30.0, 1), (45.0, 0)])
def test_a_vendor_that_is_away_is_read_again_when_it_says_and_nothing_is_spent(wait_s: float, hints: int) -> None:
    error = TransientError("throttled", wait_s=wait_s, is_outage=True, reason=WaitReason.VENDOR_WAIT)

    failed = Failed(error)

    assert failed.releases == [after_s(wait_s, failures=2, reason=WaitReason.VENDOR_WAIT)]
    assert failed.hints() == [(EventId("ev-1"),)] * hints


def test_a_fault_that_has_no_rule_is_tried_again() -> None:
    failed = Failed(StaleError("half a thought"))

    assert failed.releases == [after_s(4.0, failures=3)]


def test_the_last_read_that_fails_is_a_dead_letter() -> None:
    failed = Failed(TransientError("busy"), failures=3)

    assert (failed.dead, failed.releases, failed.onward.hints) == (
        [buried("read_failed", "busy", failures=3)],
        [],
        [],
    )


@pytest.mark.parametrize(
    ("side", "vendor"), [(None, Side.OPENTEXT), (Side.APRIMO, Side.APRIMO), (Side.OPENTEXT, Side.OPENTEXT)]
)
def test_a_closed_gate_holds_the_line_at_the_vendor_that_is_to_be_read(side: Side | None, vendor: Side) -> None:
    failed = Failed(GateClosedError("paused"), side=side)

    held = replace(WAITING, lane=f"express.{vendor}", vendor=vendor)
    assert (failed.dead, failed.releases) == ([], [held])
    assert (failed.tx.told, failed.onward.hints) == ([], [])


@pytest.mark.parametrize(("side", "vendor"), [(None, Side.OPENTEXT), (Side.APRIMO, Side.APRIMO)])
def test_missing_credentials_close_the_gate_of_the_vendor_that_was_read(side: Side | None, vendor: Side) -> None:
    failed = Failed(MisconfiguredError("not_authenticated", "Renew it."), side=side)

    gate = Gate(
        scope=f"vendor:{vendor}",
        kind=GateKind.BREAKER,
        until=NOW + timedelta(seconds=45),
        reason="not_authenticated: Renew it.",
        by="signoff",
    )
    assert failed.tx.told == [("close_gate", gate)]
    assert failed.releases == [replace(WAITING, lane=f"express.{vendor}", vendor=vendor)]
