"""One session: what is asked before a byte leaves, what is made of what comes back. No network."""

from __future__ import annotations

import time

import pytest
import redis
import requests

from pipeline.aprimo.wire import read_fault
from pipeline.errors import LeaseLostError, MisconfiguredError, PermanentError, TransientError, UnknownOutcomeError
from pipeline.ports import Bounds
from pipeline.transport.breaker import Breaker, BreakerOptions
from pipeline.transport.budget import Budget, BudgetOptions
from pipeline.transport.http import TransportOptions
from pipeline.transport.messages import Request
from pipeline.transport.session import Session
from pipeline.transport.tally import Tally
from pipeline.transport.tokens import TokenOptions, Tokens
from pipeline.words import Side, Urgency, WaitReason
from tests.support.scripted_http import Given, ScriptedVendor
from tests.support.vendor_parts import bounds, new_redis, new_session

BASE = "https://vendor.test"
TOKEN = "/token"
ITEM = "/api/activities/5012"
READ = Request(method="GET", url=BASE + ITEM, route="activities", has_effect=False)
WRITE = Request(method="PUT", url=BASE + ITEM, route="activities", has_effect=True, body={"name": "Frühling"})
OPTIONS = TokenOptions(url=BASE + TOKEN, client_id="signoff", client_secret="canary-secret")


@pytest.fixture
def vendor() -> ScriptedVendor:
    return ScriptedVendor(token_path=TOKEN)


@pytest.fixture
def session(vendor: ScriptedVendor) -> Session:
    return new_session("Aprimo", OPTIONS, read_fault, new_adapter=vendor.adapter)


def test_a_call_bears_its_token_and_its_body_and_nothing_of_the_environment(
    vendor: ScriptedVendor, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:1")
    vendor.on(f"PUT {ITEM}", {"activityId": 5012})

    answer = session.send(WRITE, bounds())

    (call,) = vendor.calls
    assert answer.json() == {"activityId": 5012}
    assert call.body == '{"name": "Frühling"}'.encode()
    assert dict(call.headers) == {
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "Authorization": "Bearer token-1",
        "Content-Length": "21",
        "Content-Type": "application/json",
        "User-Agent": "signoff",
    }


def test_a_token_serves_many_calls(vendor: ScriptedVendor, session: Session) -> None:
    vendor.on(f"GET {ITEM}", {})

    for _ in range(3):
        session.send(READ, bounds())

    assert len(vendor.token_calls) == 1


def test_a_401_renews_the_token_once_and_repeats_the_call_once(vendor: ScriptedVendor, session: Session) -> None:
    vendor.on(f"PUT {ITEM}", Given(status=401, body="null"), {"activityId": 5012})

    session.send(WRITE, bounds())

    assert [call.headers["Authorization"] for call in vendor.calls] == ["Bearer token-1", "Bearer token-2"]


def test_a_second_401_stops_and_tells_people(vendor: ScriptedVendor, session: Session) -> None:
    vendor.on(f"PUT {ITEM}", Given(status=401, body="null"))

    with pytest.raises(MisconfiguredError) as caught:
        session.send(WRITE, bounds())

    assert caught.value.code == "not_authenticated"
    assert len(vendor.calls) == 2
    assert len(vendor.token_calls) == 2


def test_a_403_is_not_repeated(vendor: ScriptedVendor, session: Session) -> None:
    vendor.on(f"GET {ITEM}", 403)

    with pytest.raises(PermanentError) as caught:
        session.send(READ, bounds())

    assert (caught.value.code, len(vendor.calls)) == ("not_allowed", 1)


def test_a_refused_client_is_for_a_person_and_no_call_leaves(vendor: ScriptedVendor, session: Session) -> None:
    vendor.on(f"POST {TOKEN}", Given(status=400, body={"error": "invalid_client"}))

    with pytest.raises(MisconfiguredError) as caught:
        session.send(READ, bounds())

    assert caught.value.code == "client_refused"
    assert vendor.calls == []


@pytest.mark.parametrize("answer", [503, 429, Given(status=200, body="<html>login</html>")])
def test_a_token_service_that_is_away_is_an_outage(vendor: ScriptedVendor, session: Session, answer: Given) -> None:
    vendor.on(f"POST {TOKEN}", answer)

    with pytest.raises(TransientError):
        session.send(WRITE, bounds())

    assert vendor.calls == []


def test_a_token_service_that_refuses_connections_is_an_outage(vendor: ScriptedVendor, session: Session) -> None:
    vendor.on(f"POST {TOKEN}", requests.ConnectTimeout("3 s"))

    with pytest.raises(TransientError) as caught:
        session.send(WRITE, bounds())

    assert caught.value.is_outage is True


def test_a_dropped_answer_to_a_write_is_unknown_and_not_repeated(vendor: ScriptedVendor, session: Session) -> None:
    vendor.on(f"PUT {ITEM}", requests.ConnectionError("reset"))

    with pytest.raises(UnknownOutcomeError):
        session.send(WRITE, bounds())

    assert len(vendor.calls) == 1


@pytest.mark.parametrize("request_", [READ, WRITE])
def test_half_a_body_is_no_answer(vendor: ScriptedVendor, session: Session, request_: Request) -> None:
    vendor.on(f"{request_.method} {ITEM}", Given(body={"activityId": 5012}, is_half=True))

    with pytest.raises(UnknownOutcomeError if request_.has_effect else TransientError):
        session.send(request_, bounds())


def test_an_answer_beyond_the_bound_is_refused(vendor: ScriptedVendor) -> None:
    options = TransportOptions(vendor="Aprimo", body_bytes_max=100)
    session = new_session("Aprimo", OPTIONS, read_fault, new_adapter=vendor.adapter, options=options)
    vendor.on(f"GET {ITEM}", {"name": "x" * 200})

    with pytest.raises(TransientError):
        session.send(READ, bounds())


def test_a_hint_shows_what_the_vendor_said_without_secrets(vendor: ScriptedVendor, session: Session) -> None:
    request = Request(method="POST", url=BASE + ITEM, route="activities", has_effect=True, secrets=("canary-token",))
    said = "bad value canary-token for canary-secret, token-1"
    vendor.on(f"POST {ITEM}", Given(status=400, body={"exceptionMessage": said}))

    with pytest.raises(PermanentError) as caught:
        session.send(request, bounds())

    assert caught.value.hint == ("Aprimo answered 400 Bad Request to POST on activities: bad value *** for ***, ***")


def test_no_call_leaves_after_the_steps_time_and_none_is_spent(vendor: ScriptedVendor, session: Session) -> None:
    with pytest.raises(TransientError) as caught:
        session.send(WRITE, bounds(time_s=-0.1))

    error = caught.value
    assert (error.wait_s, error.is_outage, error.reason) == (0.0, True, WaitReason.BACKOFF)
    assert vendor.calls == vendor.token_calls == []


def test_a_call_that_could_outlive_the_lease_does_not_leave(vendor: ScriptedVendor, session: Session) -> None:
    """25 s for the call and 5 s of margin."""
    with pytest.raises(LeaseLostError):
        session.send(WRITE, bounds(lease_s=29.9))

    assert vendor.calls == []


def test_a_call_that_fits_into_the_lease_leaves(vendor: ScriptedVendor, session: Session) -> None:
    vendor.on(f"PUT {ITEM}", {})

    session.send(WRITE, bounds(lease_s=30.5))

    assert vendor.lines() == [f"PUT {ITEM}"]


def test_a_lease_that_runs_out_while_the_token_is_fetched_stops_the_call(vendor: ScriptedVendor) -> None:
    """The check is the last thing before the call, after everything that may take time."""
    now = [100.0]
    session = Session(
        TransportOptions(vendor="Aprimo"),
        tokens=Tokens(OPTIONS),
        budget=Budget(new_redis(), BudgetOptions(tenant="t", rate_per_s=100, burst=100, reserved_share=0)),
        breaker=Breaker(new_redis(), BreakerOptions(vendor="aprimo")),
        tally=Tally(new_redis(), Side.APRIMO),
        read_fault=read_fault,
        new_adapter=vendor.adapter,
        monotonic=lambda: now[0],
    )

    def slow_token(_: object) -> Given:
        now[0] += 20
        return Given(body={"access_token": "token-1", "expires_in": 600})

    vendor.on(f"POST {TOKEN}", slow_token)

    with pytest.raises(LeaseLostError):
        session.send(WRITE, Bounds(no_call_after=145.0, lease_until=149.0, urgency=Urgency.STANDARD))

    assert vendor.calls == []


class TestBudgetAndBreaker:
    """The shared parts, as a session asks and tells them."""

    @pytest.fixture
    def client(self) -> redis.Redis:
        return new_redis()

    def new_session(self, vendor: ScriptedVendor, client: redis.Redis, *, rate: float, burst: int) -> Session:
        return Session(
            TransportOptions(vendor="Aprimo", budget_wait_max_s=0.0),
            tokens=Tokens(OPTIONS),
            budget=Budget(client, BudgetOptions(tenant="t", rate_per_s=rate, burst=burst, reserved_share=0)),
            breaker=Breaker(client, BreakerOptions(vendor="aprimo", failures=2)),
            tally=Tally(client, Side.APRIMO),
            read_fault=read_fault,
            new_adapter=vendor.adapter,
        )

    def test_a_call_without_budget_waits_and_spends_nothing(
        self, vendor: ScriptedVendor, client: redis.Redis
    ) -> None:
        session = self.new_session(vendor, client, rate=0.1, burst=1)
        vendor.on(f"GET {ITEM}", {})
        session.send(READ, bounds())

        with pytest.raises(TransientError) as caught:
            session.send(READ, bounds())

        assert (caught.value.is_outage, caught.value.reason) == (True, WaitReason.VENDOR_WAIT)
        assert caught.value.wait_s == pytest.approx(10.0, abs=0.5)
        assert len(vendor.calls) == 1
        assert session.wait_s("activities", Urgency.STANDARD) == pytest.approx(10.0, abs=0.5)

    @pytest.mark.parametrize(("told", "asked"), [(None, 1.0), (30.0, 30.0), (1_000.0, 45.0)])
    def test_a_call_waits_for_the_budget_as_long_as_its_bounds_let_it(
        self, vendor: ScriptedVendor, client: redis.Redis, told: float | None, asked: float
    ) -> None:
        waits = []

        class Asked(Budget):
            def take(self, urgency: Urgency, *, max_wait_s: float, count_as: str = "") -> float:
                waits.append(max_wait_s)
                return 0.0

        session = Session(
            TransportOptions(vendor="Aprimo", budget_wait_max_s=1.0),
            tokens=Tokens(OPTIONS),
            budget=Asked(client, BudgetOptions(tenant="t", rate_per_s=1, burst=1, reserved_share=0)),
            breaker=Breaker(client, BreakerOptions(vendor="aprimo")),
            tally=Tally(client, Side.APRIMO),
            read_fault=read_fault,
            new_adapter=vendor.adapter,
            monotonic=lambda: 100.0,
        )
        vendor.on(f"GET {ITEM}", {})

        session.send(
            READ,
            Bounds(no_call_after=145.0, lease_until=190.0, urgency=Urgency.BULK, budget_wait_max_s=told),
        )

        assert waits == [asked]

    def test_a_429_stops_everybody_for_as_long_as_the_vendor_said(
        self, vendor: ScriptedVendor, client: redis.Redis
    ) -> None:
        session = self.new_session(vendor, client, rate=100, burst=100)
        vendor.on(f"GET {ITEM}", Given(status=429, headers={"Retry-After": "45"}))

        for _ in range(3):
            with pytest.raises(TransientError) as caught:
                session.send(READ, bounds())

        assert len(vendor.calls) == 1
        assert caught.value.wait_s == pytest.approx(45.0, abs=0.5)

    def test_failures_in_a_row_stop_the_calls(self, vendor: ScriptedVendor, client: redis.Redis) -> None:
        session = self.new_session(vendor, client, rate=100, burst=100)
        vendor.on(f"GET {ITEM}", 503, requests.ConnectionError("reset"), {})

        errors = []
        for _ in range(3):
            with pytest.raises(TransientError) as caught:
                session.send(READ, bounds())
            errors.append(str(caught.value))

        assert errors[2] == "Aprimo is not called now: the breaker of activities is open."
        assert len(vendor.calls) == 2
        assert session.wait_s("activities", Urgency.STANDARD) == pytest.approx(30.0, abs=0.5)
        assert session.wait_s("", Urgency.STANDARD) == 0.0

    def test_refusals_of_the_vendor_stop_nothing(self, vendor: ScriptedVendor, client: redis.Redis) -> None:
        session = self.new_session(vendor, client, rate=100, burst=100)
        vendor.on(f"GET {ITEM}", 400)

        for _ in range(4):
            with pytest.raises(PermanentError):
                session.send(READ, bounds())

        assert len(vendor.calls) == 4

    def test_a_lost_lease_gives_the_probe_back(
        self, vendor: ScriptedVendor, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        session = self.new_session(vendor, client, rate=100, burst=100)
        vendor.on(f"GET {ITEM}", 503, 503, {})
        for _ in range(2):
            with pytest.raises(TransientError):
                session.send(READ, bounds())
        began = time.time()
        monkeypatch.setattr(time, "time", lambda: began + 31)
        with pytest.raises(LeaseLostError):
            session.send(READ, bounds(lease_s=1))

        assert session.send(READ, bounds()).status == 200
