"""Sessions, clients and words for tests of the vendors' adapters, with a Redis that lives in the process."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import fakeredis
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from requests.adapters import BaseAdapter

from pipeline.aprimo import client as aprimo_client
from pipeline.aprimo import wire as aprimo_wire
from pipeline.aprimo.options import AprimoOptions
from pipeline.flows.tenant import FieldType, FieldWord, FlowWords, Stakeholder
from pipeline.opentext import client as opentext_client
from pipeline.opentext import wire as opentext_wire
from pipeline.opentext.options import OpenTextOptions
from pipeline.ports import Bounds, Errand, Progress, UploadRow
from pipeline.transport.breaker import Breaker, BreakerOptions, OnOpen
from pipeline.transport.budget import Budget, BudgetOptions
from pipeline.transport.deadline import GuardedAdapter
from pipeline.transport.http import TransportOptions
from pipeline.transport.messages import Answer, Fault
from pipeline.transport.session import Session
from pipeline.transport.sources import SourceOptions, Sources
from pipeline.transport.tally import Tally
from pipeline.transport.tokens import TokenOptions, Tokens
from pipeline.words import CallPurpose, EffectKey, Side, Urgency

FLOW = "campaign_brief"
FOR_NOTHING = Errand(purpose=CallPurpose.OTHER)
PROCESS = "campaignBrief"


def bounds(
    *,
    urgency: Urgency = Urgency.STANDARD,
    time_s: float = 45.0,
    lease_s: float = 90.0,
    errand: Errand = FOR_NOTHING,
) -> Bounds:
    """Bounds of a step that begins now."""
    now = time.monotonic()
    return Bounds(no_call_after=now + time_s, lease_until=now + lease_s, urgency=urgency, errand=errand)


def new_redis() -> redis.Redis:
    """An empty Redis in this process."""
    client: redis.Redis = fakeredis.FakeRedis(server=fakeredis.FakeServer())
    return client


def away_redis() -> redis.Redis:
    """A Redis that nobody serves."""
    return redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.05, retry=Retry(NoBackoff(), 0))


def new_session(
    vendor: str,
    token_options: TokenOptions,
    read_fault: Callable[[Answer], Fault],
    *,
    new_adapter: Callable[[], BaseAdapter] = GuardedAdapter,
    options: TransportOptions | None = None,
    client: redis.Redis | None = None,
    failures: int = 5,
    on_open: OnOpen | None = None,
) -> Session:
    """A session with a budget that never binds."""
    client = client or new_redis()
    budget = BudgetOptions(tenant=vendor, rate_per_s=1000.0, burst=1000, reserved_share=0.0)
    return Session(
        options or TransportOptions(vendor=vendor),
        tokens=Tokens(token_options),
        budget=Budget(client, budget),
        breaker=Breaker(client, BreakerOptions(vendor=vendor.lower(), failures=failures), on_open=on_open),
        tally=Tally(client, Side(vendor.lower())),
        read_fault=read_fault,
        new_adapter=new_adapter,
    )


def aprimo_options(base: str, *, client_id: str = "signoff") -> AprimoOptions:
    """One tenant whose hosts are all the same."""
    return AprimoOptions(auth_url=base, pm_url=base, client_id=client_id, client_secret="sandbox-secret", page_size=3)


def new_aprimo(
    base: str,
    *,
    new_adapter: Callable[[], BaseAdapter] = GuardedAdapter,
    transport: TransportOptions | None = None,
    client_id: str = "signoff",
    options: AprimoOptions | None = None,
    progress: Progress | None = None,
    sources: Sources | None = None,
    client: redis.Redis | None = None,
) -> aprimo_client.Client:
    """A client of Aprimo. Without progress it remembers in memory; without sources no file can be fetched."""
    options = options or aprimo_options(base, client_id=client_id)
    session = new_session(
        "Aprimo",
        options.token_options(),
        aprimo_wire.read_fault,
        new_adapter=new_adapter,
        options=transport,
        client=client,
    )
    return aprimo_client.Client(
        session, options, progress=progress or KeptProgress(), fetch=(sources or no_sources()).fetch
    )


class KeptProgress:
    """How far uploads and orders have come, in memory."""

    def __init__(self) -> None:
        self.uploads: dict[str, UploadRow] = {}
        self.orders: dict[str, str] = {}

    def upload(self, key: EffectKey) -> UploadRow | None:
        return self.uploads.get(key)

    def save_upload(self, row: UploadRow) -> None:
        self.uploads[row.key] = row

    def spend_token(self, key: EffectKey, token: str) -> bool:
        row = self.uploads.get(key)
        if row is None or row.token != token:
            return False
        self.uploads[key] = replace(row, token="")
        return True

    def order(self, key: EffectKey) -> str:
        return self.orders.get(key, "")

    def save_order(self, key: EffectKey, order_id: str) -> None:
        self.orders[key] = order_id


def no_sources() -> Sources:
    """Nothing may be fetched from anywhere."""
    return Sources(SourceOptions(hosts=frozenset(), folder=Path(tempfile.gettempdir()), bytes_max=0))


def opentext_options(base: str, *, tenant_id: str = "sandbox", page_size: int = 3) -> OpenTextOptions:
    """One tenant with the campaign brief's outcome variables."""
    return OpenTextOptions(
        url=base,
        tenant_id=tenant_id,
        client_id="signoff",
        client_secret="sandbox-secret",
        page_size=page_size,
        outcome_variables={key: f"{key}Outcome" for key in ("brand", "legal", "finance", "regional")},
        call_back_secret="call-back-secret",
    )


def new_opentext(
    base: str,
    *,
    new_adapter: Callable[[], BaseAdapter] = GuardedAdapter,
    transport: TransportOptions | None = None,
    options: OpenTextOptions | None = None,
) -> opentext_client.Client:
    """A client of OpenText."""
    options = options or opentext_options(base)
    session = new_session(
        "OpenText", options.token_options(), opentext_wire.read_fault, new_adapter=new_adapter, options=transport
    )
    return opentext_client.Client(session, options)


def words() -> FlowWords:
    """The campaign brief's words, as far as the adapters read them."""
    fields = (
        FieldWord(name="name", wire="name", variable="briefName"),
        FieldWord(name="begin", wire="beginDate", type=FieldType.DATE, variable="beginDate"),
        FieldWord(name="owner", wire="ownerId", type=FieldType.USER),
        FieldWord(name="currency", wire="currencyCode", type=FieldType.CURRENCY, variable="currency"),
        FieldWord(name="case", wire="extrAttr301"),
        FieldWord(name="budget", wire="extrAttr302", type=FieldType.MONEY, variable="budget"),
        FieldWord(name="regions", wire="extrAttr305", type=FieldType.LIST, variable="regions"),
        FieldWord(name="matrix", wire="extrAttr306"),
        FieldWord(name="project", wire="extrAttr314", type=FieldType.INTEGER),
    )
    brand = Stakeholder(
        key="brand",
        title="Brand",
        task="brand",
        lead_task="brand_lead",
        escalation="escalate_brand",
        group="Brand",
        lead="Brand leads",
        due_in=timedelta(days=2),
        outcome_variable="brandOutcome",
    )
    return FlowWords(
        flow=FLOW,
        object_kind="activity",
        type_ids=frozenset({17}),
        process_key=PROCESS,
        state_wire="activityStateId",
        states={"draft": 1, "submitted": 2, "in_production": 3},
        fields={field.name: field for field in fields},
        stakeholders=(brand,),
        currencies={1: "USD", 3: "EUR"},
    )
