"""Preview: what a notice would come to, with nothing stored and nothing sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.errors import GateClosedError, TransientError
from pipeline.events import Event
from pipeline.plan import Link, LinkChanges, Plan, Snapshots, deliver
from pipeline.ports import Gate
from pipeline.preview import key_of, preview
from pipeline.words import BusinessKey, EventKind, GateKind
from tests.support import briefs
from tests.support.engine_runs import set_fields
from tests.support.fakes import FLOW, T0, World, make_world
from tests.support.memory.store import MemoryStore
from tests.support.store_rows import Clock

ITEM = BusinessKey("aprimo:activity:1")
RECORD_ID = "0a" * 16


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(Clock())


@pytest.fixture
def world(store: MemoryStore) -> World:
    return make_world(store)


def test_the_flow_plans_what_was_read_for_a_look_at_the_item(world: World) -> None:
    asked: list[tuple[EventKind, str, object, Link]] = []

    def plans(event: Event, snapshots: Snapshots, link: Link) -> Plan:
        asked.append((event.kind, event.subject, event.data, link))
        return deliver(set_fields())

    world.flow.plans = plans

    seen = preview(FLOW, ITEM, at=T0, ports=world.ports)

    no_link = Link(id=None, flow=FLOW, business_key=ITEM)
    assert asked == [(EventKind.LOOK, ITEM, {"object_id": "1"}, no_link)]
    assert seen.plan.commands == (set_fields(),)
    assert [want.object_id for want in seen.read] == [ITEM]
    assert world.aprimo.calls == ["read 1"]
    assert world.opentext.calls == []


def test_what_is_remembered_of_the_item_is_what_the_flow_goes_by(world: World, store: MemoryStore) -> None:
    with store.begin() as tx:
        tx.links.apply([(FLOW, ITEM, LinkChanges(state="in_approval", revision=2))])

    seen = preview(FLOW, ITEM, at=T0, ports=world.ports)

    assert (seen.link.state, seen.link.revision) == ("in_approval", 2)


def test_nothing_is_stored_and_nobody_woken(world: World, store: MemoryStore) -> None:
    world.flow.plans = lambda *_: deliver(set_fields(), changes=LinkChanges(state="in_approval"))

    before = repr(store.tables)

    preview(FLOW, ITEM, at=T0, ports=world.ports)

    assert repr(store.tables) == before
    assert world.waker.hints == []


def test_more_is_read_until_the_flow_wants_no_more(world: World) -> None:
    world.flow.more = {ITEM: ("b",), "b": ("c",)}

    seen = preview(FLOW, ITEM, at=T0, ports=world.ports)

    assert [want.object_id for want in seen.read] == [ITEM, "b", "c"]


def test_a_read_that_fails_is_the_answer(world: World) -> None:
    world.aprimo.reads.append(TransientError("Aprimo is away"))

    with pytest.raises(TransientError, match="Aprimo is away"):
        preview(FLOW, ITEM, at=T0, ports=world.ports)

    assert world.flow.planned == []


def test_a_vendor_that_is_paused_is_not_called(world: World, store: MemoryStore) -> None:
    with store.begin() as tx:
        tx.ledger.close_gate(Gate(scope="vendor:aprimo", kind=GateKind.PAUSE, until=None, reason="", by="anna"))

    with pytest.raises(GateClosedError):
        preview(FLOW, ITEM, at=T0, ports=world.ports)

    assert world.aprimo.calls == []


def test_work_that_began_in_opentext_is_looked_at_there(world: World) -> None:
    preview(FLOW, BusinessKey("opentext:process:i-1"), at=T0, ports=world.ports)

    assert (world.aprimo.calls, world.opentext.calls) == ([], ["read 1"])


@pytest.mark.parametrize(
    ("item", "key"),
    [
        ("5012", "aprimo:activity:5012"),
        (" 5012 ", "aprimo:activity:5012"),
        ("aprimo:activity:5012", "aprimo:activity:5012"),
        ("opentext:process:i-1", "opentext:process:i-1"),
        ("signoff:review:77", "signoff:review:77"),
        ("aprimo:activity:spring", None),
        ("aprimo:record:" + RECORD_ID, None),
        ("opentext:process:", None),
        ("somebody:elses:1", None),
        (RECORD_ID, None),
        ("spring", None),
        ("", None),
    ],
)
def test_an_item_is_named_by_its_id_or_its_business_key(item: str, key: str | None) -> None:
    assert key_of(item, briefs.words()) == key


def test_an_id_is_of_the_kind_that_has_such_ids() -> None:
    asset = replace(briefs.words(), object_kind="record")

    assert key_of(RECORD_ID.upper(), asset) == f"aprimo:record:{RECORD_ID}"
    assert key_of("5012", asset) is None
