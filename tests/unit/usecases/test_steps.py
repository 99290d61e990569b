"""What the three steps share: what is handed on and how late, what a claim asks for, when a gate closes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from pipeline import failpoints
from pipeline.failpoints import Point
from pipeline.ports import Claim, Gate, Hint, Limits, Ports, Release
from pipeline.steps import Onward, after, claim, close_gate, closed_scopes, closed_sides, is_poison, waiting
from pipeline.words import EventId, GateKind, LineKey, Side, Step, Urgency, WaitReason
from tests.support.fakes import FakeWaker, make_world
from tests.support.recording_tx import NOW, RecordingStore, RecordingTx

LIMITS = Limits(countdown_max_s=30.0, batch_lines=2, lease_s=70.0, gate_s=45.0)
LANE = "standard.aprimo"
ONE, TWO, THREE = EventId("ev-1"), EventId("ev-2"), EventId("ev-3")


def held(*, crashes: int = 0) -> Claim:
    return Claim(
        key=LineKey("line-1"),
        flow="test_flow",
        token=7,
        head=1,
        tail=3,
        crashes=crashes,
        failures=2,
        urgency=Urgency.EXPRESS,
        is_taken_over=False,
        leased_until=NOW,
    )


def ports_over(tx: RecordingTx) -> Ports:
    return make_world(RecordingStore(tx), LIMITS, me="worker-9").ports  # type: ignore[arg-type]  # Enough of a store.


@pytest.fixture
def passed() -> Iterator[list[Point]]:
    """Every place that was passed, in order."""
    seen: list[Point] = []
    disarm = failpoints.arm(lambda point, _: seen.append(point))
    yield seen
    disarm()


def hint(*ids: EventId, step: Step = Step.CARRY, lane: str = LANE, wait_s: float = 0.0) -> Hint:
    return Hint(step=step, lane=lane, event_ids=ids, wait_s=wait_s)


def test_an_id_stays_in_the_chain_where_its_lane_and_the_next_step_fit() -> None:
    onward = Onward(lane=LANE)

    onward.add(Step.CARRY, LANE, ONE, next_step=Step.CARRY)

    assert (onward.ids, onward.hints) == ([ONE], [])


@pytest.mark.parametrize(
    ("step", "lane"), [(Step.SETTLE, LANE), (Step.CARRY, "express.aprimo"), (Step.SETTLE, "express.aprimo")]
)
def test_any_other_id_gets_a_message_of_its_own(step: Step, lane: str) -> None:
    onward = Onward(lane=LANE)

    onward.add(step, lane, ONE, next_step=Step.CARRY)

    assert (onward.ids, onward.hints) == ([], [hint(ONE, step=step, lane=lane)])


@pytest.mark.parametrize(("wait_s", "count"), [(0.0, 1), (30.0, 1), (30.1, 0)])
def test_a_wait_that_is_too_long_for_a_countdown_is_the_sweepers(wait_s: float, count: int) -> None:
    onward = Onward(lane=LANE)

    onward.add_wait(Step.CARRY, LANE, ONE, wait_s, LIMITS)

    assert onward.hints == [hint(ONE, wait_s=wait_s)] * count


def test_ids_of_one_step_lane_and_wait_share_messages_of_a_batch_each() -> None:
    told = [hint(ONE), hint(TWO), hint(THREE), hint(ONE, step=Step.SETTLE), hint(ONE, lane="bulk.aprimo")]

    merged = Onward(lane=LANE, hints=[*told, hint(ONE, wait_s=7.0)]).merged_hints(2)

    assert merged == [hint(ONE, TWO), hint(THREE), *told[3:], hint(ONE, wait_s=7.05)]


@pytest.mark.parametrize(
    ("wait_s", "countdown_s"), [(-1.0, 0.0), (0.0, 0.0), (0.01, 0.15), (0.5, 0.55), (1.01, 1.15), (29.96, 30.05)]
)
def test_a_message_comes_a_little_after_its_line_is_ready_and_never_before(wait_s: float, countdown_s: float) -> None:
    (merged,) = Onward(lane=LANE, hints=[hint(ONE, wait_s=wait_s)]).merged_hints(2)

    assert merged.wait_s == pytest.approx(countdown_s)


def test_what_others_hand_on_is_handed_on_too() -> None:
    onward = Onward(lane=LANE, ids=[ONE], hints=[hint(ONE)], dead=[ONE])

    joined = onward.join([Onward(lane=LANE, ids=[TWO], hints=[hint(TWO)], dead=[TWO])])

    assert joined is onward
    assert (onward.ids, onward.hints, onward.dead) == ([ONE, TWO], [hint(ONE), hint(TWO)], [ONE, TWO])


def test_a_copy_is_changed_alone() -> None:
    onward = Onward(lane=LANE, ids=[ONE], hints=[hint(ONE)], dead=[ONE])

    copy = onward.copy()
    copy.join([Onward(lane=LANE, ids=[TWO], hints=[hint(TWO)], dead=[TWO])])

    assert copy == Onward(lane=LANE, ids=[ONE, TWO], hints=[hint(ONE), hint(TWO)], dead=[ONE, TWO])
    assert onward == Onward(lane=LANE, ids=[ONE], hints=[hint(ONE)], dead=[ONE])


def test_what_is_published_is_published_once_and_the_ids_stay_for_the_chain() -> None:
    ports = ports_over(RecordingTx())
    waker = ports.waker
    assert isinstance(waker, FakeWaker)
    onward = Onward(lane=LANE, ids=[THREE], hints=[hint(ONE), hint(TWO)], dead=[ONE])

    onward.publish(ports)

    assert (waker.hints, waker.dead) == ([hint(ONE, TWO)], [ONE])
    assert onward == Onward(lane=LANE, ids=[THREE])


def test_a_line_that_waits_keeps_its_step() -> None:
    release = waiting(
        held(),
        step=Step.CARRY,
        side=Side.OPENTEXT,
        until=NOW,
        reason=WaitReason.LOOKUP,
        failures=3,
        route="tasks",
        has_hint=True,
    )

    assert release == Release(
        key=LineKey("line-1"),
        token=7,
        step=Step.CARRY,
        lane="express.opentext",
        vendor=Side.OPENTEXT,
        route="tasks",
        ready_at=NOW,
        wait_reason=WaitReason.LOOKUP,
        failures=3,
        hinted=True,
    )


def test_a_line_that_waits_for_no_stated_reason_has_none() -> None:
    release = waiting(held(), step=Step.CARRY, side=Side.APRIMO, until=NOW)

    assert (release.wait_reason, release.failures, release.route, release.hinted) == (None, 0, "", False)


@pytest.mark.parametrize(("ids", "is_alone"), [((), False), ((ONE,), True), ((ONE, TWO), False)])
def test_a_claim_asks_for_a_batch_and_says_whether_an_id_came_alone(
    ids: tuple[EventId, ...], *, is_alone: bool
) -> None:
    tx = RecordingTx(claims=[held()])

    assert claim(Step.TRANSFORM, ids, LANE, ports_over(tx)) == [held()]
    asked = {"me": "worker-9", "is_alone": is_alone, "limit": 2, "lease_s": 70.0}
    assert tx.told == [("claim", Step.TRANSFORM, LANE, ids, asked)]


@pytest.mark.parametrize(
    ("step", "claims", "calls"),
    [
        (Step.CARRY, [held()], ["claim", "take_over"]),
        (Step.CARRY, [], ["claim"]),
        (Step.SETTLE, [held()], ["claim"]),
        (Step.SETTLE, [], ["claim"]),
    ],
)
def test_only_carry_takes_over_what_another_worker_left_sending(
    step: Step, claims: list[Claim], calls: list[str]
) -> None:
    tx = RecordingTx(claims=claims)

    claim(step, [ONE], LANE, ports_over(tx))

    assert [name for name, *_ in tx.told] == calls


@pytest.mark.parametrize(
    ("claims", "places"),
    [([], [Point.SETTLE_BEFORE_CLAIM]), ([held()], [Point.SETTLE_BEFORE_CLAIM, Point.SETTLE_AFTER_CLAIM])],
)
def test_a_claim_passes_its_places(claims: list[Claim], places: list[Point], passed: list[Point]) -> None:
    claim(Step.SETTLE, [ONE], LANE, ports_over(RecordingTx(claims=claims)))

    assert passed == places


def test_a_gate_closes_for_its_time_with_its_reason() -> None:
    tx = RecordingTx()

    close_gate(tx, Side.OPENTEXT, "not_authenticated", "Renew it.", LIMITS)  # type: ignore[arg-type]  # Enough of one.

    assert tx.told == [
        (
            "close_gate",
            Gate(
                scope="vendor:opentext",
                kind=GateKind.BREAKER,
                until=NOW + timedelta(seconds=45),
                reason="not_authenticated: Renew it.",
                by="signoff",
            ),
        )
    ]


def test_a_side_is_closed_by_its_own_gate_only() -> None:
    scopes = ["vendor:opentext", "flow:test_flow", "route:aprimo.tasks"]
    tx = RecordingTx(
        gates=[Gate(scope=scope, kind=GateKind.PAUSE, until=None, reason="", by="ops") for scope in scopes]
    )

    assert closed_scopes(tx) == frozenset(scopes)  # type: ignore[arg-type]  # Enough of a transaction.
    assert closed_sides(tx) == frozenset({Side.OPENTEXT})  # type: ignore[arg-type]  # As above.


def test_a_line_is_poison_from_the_third_crash_on() -> None:
    assert [is_poison(held(crashes=crashes), Limits()) for crashes in (2, 3, 4)] == [False, True, True]


def test_a_wait_is_counted_from_now() -> None:
    assert after(NOW, 90.0) == NOW + timedelta(seconds=90)
