"""Both vendors, made from the settings: session, budget, breaker, tokens, client, effects, feed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from redis import Redis

from config.settings import Settings
from pipeline.aprimo.client import Client as AprimoClient
from pipeline.aprimo.feeds import Feed as AprimoFeed
from pipeline.aprimo.inventory import Items
from pipeline.aprimo.options import AprimoOptions
from pipeline.aprimo.users import Users as AprimoUsers
from pipeline.aprimo.vendor import AprimoVendor
from pipeline.aprimo.wire import read_fault as read_aprimo_fault
from pipeline.flows.tenant import FlowWords
from pipeline.opentext.client import Client as OpenTextClient
from pipeline.opentext.feeds import Feed as OpenTextFeed
from pipeline.opentext.inventory import Processes
from pipeline.opentext.options import DeployEncoding, OpenTextOptions, OutcomeSource
from pipeline.opentext.vendor import OpenTextVendor
from pipeline.opentext.wire import read_fault as read_opentext_fault
from pipeline.ports import Progress
from pipeline.transport.breaker import Breaker, BreakerOptions, OnOpen
from pipeline.transport.budget import Budget, BudgetOptions
from pipeline.transport.http import TransportOptions
from pipeline.transport.messages import Answer, Fault
from pipeline.transport.session import Session
from pipeline.transport.sources import SourceOptions, Sources
from pipeline.transport.tally import Tally
from pipeline.transport.tokens import TokenOptions, Tokens, TokenStyle
from pipeline.words import Side


@dataclass(frozen=True, kw_only=True)
class Aprimo:
    """Aprimo's parts that others use."""

    vendor: AprimoVendor
    client: AprimoClient
    feed: AprimoFeed
    items: Items
    users: AprimoUsers
    budget: Budget


@dataclass(frozen=True, kw_only=True)
class OpenText:
    """OpenText's parts that others use."""

    vendor: OpenTextVendor
    client: OpenTextClient
    feed: OpenTextFeed
    processes: Processes
    budget: Budget


@dataclass(frozen=True, kw_only=True)
class _Line:
    """What both vendors' sessions differ in."""

    side: Side
    name: str
    tenant: str
    rate_per_s: float
    burst: int
    reserved_share: float
    tokens: TokenOptions
    read_fault: Callable[[Answer], Fault]


def aprimo(
    settings: Settings, words: Mapping[str, FlowWords], redis: Redis, *, progress: Progress, on_open: OnOpen
) -> Aprimo:
    """Aprimo, ready to call."""
    told = settings.aprimo
    options = AprimoOptions(
        auth_url=told.auth_url,
        pm_url=told.pm_url,
        dam_url=told.dam_url,
        upload_url=told.upload_url,
        whole_max_bytes=told.upload_whole_max_bytes,
        segment_bytes=told.upload_segment_bytes,
        client_id=told.client_id,
        client_secret=told.client_secret.reveal(),
        fallback_ttl_s=told.fallback_ttl_s,
        page_size=told.page_size,
        ea_value_key=told.ea_value_key,
        cache_s=told.cache_s,
        undated_kinds=frozenset(told.undated_kinds),
        max_hits=told.max_hits,
        are_lists_whole=told.lists_whole,
    )
    line = _Line(
        side=Side.APRIMO,
        name="Aprimo",
        tenant=f"aprimo:{told.tenant or told.pm_url}",
        rate_per_s=told.rate_per_s,
        burst=told.burst,
        reserved_share=told.reserved_share,
        tokens=options.token_options(),
        read_fault=read_aprimo_fault,
    )
    session, budget = _session(line, settings, redis, on_open)
    client = AprimoClient(session, options, progress=progress, fetch=_sources(settings).fetch)
    return Aprimo(
        vendor=AprimoVendor(client, words, wait_s=session.wait_s),
        client=client,
        feed=AprimoFeed(client, words.values()),
        items=Items(client, words, now=lambda: datetime.now(UTC)),
        users=AprimoUsers(client),
        budget=budget,
    )


def opentext(settings: Settings, words: Mapping[str, FlowWords], redis: Redis, *, on_open: OnOpen) -> OpenText:
    """OpenText, ready to call."""
    told = settings.opentext
    secrets = told.callback_secrets
    options = OpenTextOptions(
        url=told.url,
        tenant_id=told.tenant_id,
        client_id=told.client_id,
        client_secret=told.client_secret.reveal(),
        token_style=TokenStyle(told.token_style),
        scope=told.scope,
        renew_ratio=told.renew_ratio,
        fallback_ttl_s=told.fallback_ttl_s,
        page_size=told.page_size,
        deploy_encoding=DeployEncoding(told.deploy_encoding),
        message_action=told.message_action,
        sends_delete_reason=told.send_delete_reason,
        uses_user_ids=told.identity_form == "otds_id",
        outcome_source=OutcomeSource(told.outcome_source),
        outcome_variables={
            stakeholder.task: stakeholder.outcome_variable
            for each in words.values()
            for stakeholder in each.stakeholders
        },
        call_back_secret=secrets[0].reveal() if secrets else "",
        read_threads=settings.engine.call_threads,
        are_lists_whole=told.lists_whole,
        task_sort=told.task_sort,
    )
    line = _Line(
        side=Side.OPENTEXT,
        name="OpenText",
        tenant=f"opentext:{told.tenant_id or told.url}",
        rate_per_s=told.rate_per_s,
        burst=told.burst,
        reserved_share=told.reserved_share,
        tokens=options.token_options(),
        read_fault=read_opentext_fault,
    )
    session, budget = _session(line, settings, redis, on_open)
    client = OpenTextClient(session, options)
    return OpenText(
        vendor=OpenTextVendor(client, words, wait_s=session.wait_s),
        client=client,
        feed=OpenTextFeed(client),
        processes=Processes(client, words),
        budget=budget,
    )


def _sources(settings: Settings) -> Sources:
    engine = settings.engine
    return Sources(
        SourceOptions(
            hosts=frozenset(each.lower() for each in settings.aprimo.upload_sources),
            folder=settings.data_dir / "uploads",
            bytes_max=settings.aprimo.upload_max_bytes,
            deadline_s=engine.call_deadline_s,
            connect_timeout_s=engine.connect_timeout_s,
            read_timeout_s=engine.read_timeout_s,
            lease_margin_s=engine.margin_s,
        )
    )


def _session(line: _Line, settings: Settings, redis: Redis, on_open: OnOpen) -> tuple[Session, Budget]:
    engine = settings.engine
    budget = Budget(
        redis,
        BudgetOptions(
            tenant=line.tenant,
            rate_per_s=line.rate_per_s,
            burst=line.burst,
            reserved_share=line.reserved_share,
        ),
    )
    breaker_options = BreakerOptions(vendor=line.side, failures=engine.breaker_failures, open_s=engine.breaker_open_s)
    session = Session(
        TransportOptions(
            vendor=line.name,
            connect_timeout_s=engine.connect_timeout_s,
            read_timeout_s=engine.read_timeout_s,
            call_deadline_s=engine.call_deadline_s,
            lease_margin_s=engine.margin_s,
            budget_wait_max_s=engine.budget_wait_max_s,
        ),
        tokens=Tokens(line.tokens),
        budget=budget,
        breaker=Breaker(redis, breaker_options, on_open=on_open),
        tally=Tally(redis, line.side),
        read_fault=line.read_fault,
    )
    return session, budget
