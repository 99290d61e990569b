"""Flows by name, with a tenant's words bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest

from pipeline.commands import SetFields, StartProcess
from pipeline.errors import PermanentError
from pipeline.events import Event
from pipeline.flows import campaign_brief
from pipeline.flows.agreements import Agreement
from pipeline.flows.registry import FLOWS, BoundFlow, bind
from pipeline.flows.tenant import FlowWords
from pipeline.flows.toml_table import Table
from pipeline.ownership import OwnershipError
from pipeline.plan import Link, Plan, Snapshots, Want, deliver
from pipeline.words import JsonValue
from tests.support.briefs import FLOW, ITEM_WANT, brief, event, no_link, words


def test_a_name_leads_to_its_module() -> None:
    assert FLOWS[FLOW] is campaign_brief
    assert {name: module.NAME for name, module in FLOWS.items()} == {name: name for name in FLOWS}


def test_a_bound_flow_plans_with_its_words() -> None:
    flow = bind(FLOW, words())

    assert flow.name == FLOW
    assert flow.wants(event(), {}, None) == (ITEM_WANT,)
    assert flow.plan(event(), {ITEM_WANT: brief("draft")}, no_link()).reason == "not_submitted"


def test_a_plan_holds_no_secret() -> None:
    flow = bind(FLOW, words(call_back_url="https://signoff.example.test/hooks"))

    start = flow.plan(event(), {ITEM_WANT: brief()}, no_link()).commands[0]

    assert isinstance(start, StartProcess)
    assert start.variables["signoffToken"] == ""
    assert start.variables["signoffCallback"] == "https://signoff.example.test/hooks"
    assert start.secret_variables == ("signoffToken",)


class _Trespasser:
    NAME = FLOW
    STARTS = "Never."
    STATES: tuple[str, ...] = ()
    FIELDS: tuple[str, ...] = ()
    ALSO: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    ANSWERS: frozenset[str] = frozenset()
    AGREES: tuple[Agreement, ...] = ()

    def read_terms(self, root: Table) -> None:
        return None

    def wants(self, event: Event, snapshots: Snapshots, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
        return ()

    def plan(self, event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Plan:
        return deliver(SetFields(object_kind="activity", object_id=1, fields={"extrAttr302": "1.00"}))


def test_a_flow_that_writes_what_it_does_not_own_is_refused() -> None:
    flow = BoundFlow(name=FLOW, words=words(), module=_Trespasser())

    with pytest.raises(OwnershipError, match="budget is not ours to write in Aprimo"):
        flow.plan(event(), {}, no_link())


class _Splitter(_Trespasser):
    def plan(self, event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Plan:
        parts: tuple[dict[str, JsonValue], ...] = ({"extrAttr306": "matrix"}, {"extrAttr307": "approved"})
        return deliver(*(SetFields(object_kind="activity", object_id=5012, fields=part) for part in parts))


def test_a_flow_that_writes_one_object_in_two_calls_is_refused() -> None:
    flow = BoundFlow(name=FLOW, words=words(), module=_Splitter())

    with pytest.raises(
        PermanentError, match=r"activity:5012 would be written in 2 calls of pm\.set_fields"
    ) as caught:
        flow.plan(event(), {}, no_link())

    assert caught.value.code == "plan_failed"


def test_a_flow_that_is_none_cannot_be_bound() -> None:
    with pytest.raises(KeyError, match="lunch_orders"):
        bind("lunch_orders", replace(words(), flow="lunch_orders"))
