"""The failpoints around a call: before it, when its bytes have left, and when its answer was read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from pipeline import failpoints
from pipeline.failpoints import Point
from pipeline.transport.deadline import GuardedAdapter
from pipeline.words import Purpose
from tests.support.webhook_receiver import WebhookReceiver, receiving

KIND = "pm.set_fields"


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def passed() -> Iterator[list[tuple[Point, tuple[str, ...]]]]:
    """Every place that was passed, in order."""
    seen: list[tuple[Point, tuple[str, ...]]] = []
    disarm = failpoints.arm(lambda point, kinds: seen.append((point, kinds)))
    yield seen
    disarm()


def _call(url: str) -> None:
    with requests.Session() as session:
        session.mount("http://", GuardedAdapter())
        session.post(url, data=b"{}", timeout=5)


def test_a_send_passes_before_during_and_after_its_call(
    receiver: WebhookReceiver, passed: list[tuple[Point, tuple[str, ...]]]
) -> None:
    with failpoints.around(Purpose.SEND, KIND):
        _call(receiver.url)

    assert passed == [(Point.SEND_BEFORE, (KIND,)), (Point.SEND_DURING, (KIND,)), (Point.SEND_AFTER, (KIND,))]


def test_what_strikes_during_a_call_strikes_when_its_bytes_have_left(receiver: WebhookReceiver) -> None:
    """The call was made, although this side never read an answer."""

    def strike(point: Point, _: tuple[str, ...]) -> None:
        if point is Point.SEND_DURING:
            raise KeyboardInterrupt

    disarm = failpoints.arm(strike)
    with pytest.raises(KeyboardInterrupt), failpoints.around(Purpose.SEND, KIND):
        _call(receiver.url)
    disarm()

    receiver.wait_for(lambda received: len(received) == 1)


def test_a_send_that_only_reads_is_not_yet_under_way_but_a_look_up_is(
    passed: list[tuple[Point, tuple[str, ...]]],
) -> None:
    for purpose in Purpose:
        with failpoints.around(purpose, KIND):
            failpoints.bytes_left(may_change=False)

    assert [point for point, _ in passed] == [
        Point.SEND_BEFORE,
        Point.SEND_AFTER,
        Point.LOOK_UP_BEFORE,
        Point.LOOK_UP_DURING,
        Point.LOOK_UP_AFTER,
    ]


def test_calls_that_are_no_attempt_pass_no_failpoint(
    receiver: WebhookReceiver, passed: list[tuple[Point, tuple[str, ...]]]
) -> None:
    _call(receiver.url)

    assert passed == []
