"""The failpoints around a call: before it, when its bytes have left, and when its answer was read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter

from pipeline import failpoints
from pipeline.aprimo.wire import read_fault
from pipeline.failpoints import Point
from pipeline.transport.deadline import GuardedAdapter
from pipeline.transport.messages import Request
from pipeline.transport.tokens import TokenOptions
from pipeline.words import Purpose
from tests.support.scripted_http import ScriptedVendor
from tests.support.vendor_parts import bounds, new_session
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


def test_a_token_that_is_fetched_for_a_call_is_not_yet_the_call(passed: list[tuple[Point, tuple[str, ...]]]) -> None:
    """Whoever stops here has sent nothing but the question for a token."""
    vendor = ScriptedVendor(token_path="/token")
    vendor.on("PUT /api/activities/5012", {})
    options = TokenOptions(url="https://vendor.test/token", client_id="signoff", client_secret="canary-secret")
    session = new_session("Aprimo", options, read_fault, new_adapter=lambda: _telling(vendor))
    write = Request(method="PUT", url="https://vendor.test/api/activities/5012", route="activities", has_effect=True)

    with failpoints.around(Purpose.SEND, KIND):
        session.send(write, bounds())

    assert (len(vendor.token_calls), len(vendor.calls)) == (1, 1)
    assert [point for point, _ in passed] == [Point.SEND_BEFORE, Point.SEND_DURING, Point.SEND_AFTER]


def _telling(vendor: ScriptedVendor) -> BaseAdapter:
    """The vendor's adapter, telling of bytes that left as the real one does."""
    adapter = vendor.adapter()
    send = adapter.send

    def telling(request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:  # noqa: ANN401 - as requests has it
        failpoints.bytes_left(may_change=request.method != "GET")
        return send(request, *args, **options)

    adapter.send = telling  # type: ignore[method-assign] # this one alone
    return adapter


def test_calls_that_are_no_attempt_pass_no_failpoint(
    receiver: WebhookReceiver, passed: list[tuple[Point, tuple[str, ...]]]
) -> None:
    _call(receiver.url)

    assert passed == []
