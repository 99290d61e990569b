"""What is counted of the calls to a vendor, and under what."""

from __future__ import annotations

import pytest
import redis

from pipeline.aprimo.vendor import AprimoVendor
from pipeline.aprimo.wire import read_fault
from pipeline.errors import TransientError
from pipeline.plan import Want
from pipeline.ports import Errand
from pipeline.transport.budget import Budget, BudgetOptions
from pipeline.transport.messages import Request
from pipeline.transport.session import Session
from pipeline.transport.tally import Counted, counted
from pipeline.transport.tokens import TokenOptions
from pipeline.words import CallPurpose, Side, Urgency
from tests.support.samples import sample
from tests.support.scripted_http import Given, ScriptedVendor
from tests.support.vendor_parts import away_redis, bounds, new_aprimo, new_redis, new_session, words

ITEM = "/api/activities/5012"
READ = Request(method="GET", url=f"https://vendor.test{ITEM}", route="activities", has_effect=False)
TOKEN = Counted(vendor="aprimo", purpose="token", flow="", calls=1)


@pytest.fixture
def client() -> redis.Redis:
    return new_redis()


@pytest.fixture
def scripted() -> ScriptedVendor:
    made = ScriptedVendor(token_path="/login/connect/token")
    made.on(f"GET {ITEM}", sample("aprimo", "activity_submitted"))
    made.on("GET /api/users/88", sample("aprimo", "user_88"))
    return made


@pytest.fixture
def session(scripted: ScriptedVendor, client: redis.Redis) -> Session:
    options = TokenOptions(url="https://vendor.test/login/connect/token", client_id="signoff", client_secret="s")
    return new_session("Aprimo", options, read_fault, new_adapter=scripted.adapter, client=client)


def calls(purpose: str, flow: str, number: int) -> Counted:
    return Counted(vendor="aprimo", purpose=purpose, flow=flow, calls=number)


def want(flow: str, object_id: int) -> Want:
    return Want(flow=flow, side=Side.APRIMO, kind="activity", object_id=str(object_id))


def test_every_call_that_leaves_is_counted_for_its_flow_and_purpose(session: Session, client: redis.Redis) -> None:
    polling = bounds(errand=Errand(purpose=CallPurpose.POLL))
    sending = bounds(errand=Errand(purpose=CallPurpose.SEND, flow="campaign_brief"))

    for each in (sending, sending, polling):
        session.send(READ, each)

    assert counted(client) == (calls("poll", "", 1), TOKEN, calls("send", "campaign_brief", 2))


def test_a_call_that_is_made_again_with_a_new_token_counts_again(
    scripted: ScriptedVendor, session: Session, client: redis.Redis
) -> None:
    scripted.on(f"GET {ITEM}", Given(status=401, body="null"), {})

    session.send(READ, bounds())

    assert counted(client) == (calls("other", "", 2), calls("token", "", 2))
    assert len(scripted.calls) + len(scripted.token_calls) == 4


def test_a_call_that_the_vendor_refuses_counts(
    scripted: ScriptedVendor, session: Session, client: redis.Redis
) -> None:
    scripted.on(f"GET {ITEM}", 503)

    with pytest.raises(TransientError):
        session.send(READ, bounds())

    assert counted(client) == (calls("other", "", 1), TOKEN)


def test_a_call_that_the_budget_does_not_grant_is_none() -> None:
    client = new_redis()
    budget = Budget(client, BudgetOptions(tenant="t", rate_per_s=0.1, burst=1, reserved_share=0))

    waits = [budget.take(Urgency.STANDARD, max_wait_s=0.0, count_as="aprimo/poll/") for _ in range(3)]

    assert waits[0] == 0.0
    assert min(waits[1:]) > 0
    assert budget.peek(Urgency.STANDARD) > 0
    assert counted(client) == (calls("poll", "", 1),)


def test_without_redis_nothing_is_counted_and_nobody_fails() -> None:
    assert counted(away_redis()) == ()


class TestReadsOfSeveralFlows:
    """A call for one flow is that flow's; a list that serves several is no single one's."""

    @pytest.fixture
    def vendor(self, scripted: ScriptedVendor, client: redis.Redis) -> AprimoVendor:
        aprimo = new_aprimo("https://vendor.test", new_adapter=scripted.adapter, client=client)
        return AprimoVendor(aprimo, {flow: words() for flow in ("one", "other")}, wait_s=lambda *_: 0.0)

    def read(self, vendor: AprimoVendor, *wants: Want) -> None:
        vendor.read(wants, bounds(errand=Errand(purpose=CallPurpose.READ)))

    def test_an_object_and_the_names_in_it_are_read_for_who_wants_it(
        self, vendor: AprimoVendor, client: redis.Redis
    ) -> None:
        self.read(vendor, want("one", 5012))

        assert counted(client) == (TOKEN, calls("read", "one", 2))

    def test_a_list_for_one_flow_is_that_flows(
        self, scripted: ScriptedVendor, vendor: AprimoVendor, client: redis.Redis
    ) -> None:
        scripted.on("POST /api/activities/search", _page("activity_submitted", "activity_in_a_state_nobody_named"))

        self.read(vendor, want("one", 5012), want("one", 5013))

        assert counted(client) == (TOKEN, calls("read", "one", 2))

    def test_a_list_for_several_flows_is_told_apart(
        self, scripted: ScriptedVendor, vendor: AprimoVendor, client: redis.Redis
    ) -> None:
        scripted.on("POST /api/activities/search", _page("activity_submitted", "activity_in_a_state_nobody_named"))

        self.read(vendor, want("one", 5012), want("other", 5013))

        assert counted(client) == (calls("read", "", 1), TOKEN, calls("read", "one", 1))


def _page(*names: str) -> Given:
    rows = [sample("aprimo", name) for name in names]
    return Given(body={"_total": len(rows), "_embedded": {"Activity": rows}, "_links": {}})
