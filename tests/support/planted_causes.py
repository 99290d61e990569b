"""Differences planted among pairs that agree: every cause in several shapes, each with what our tables know of it.

Pairs are copies of worlds at rest, as their flows left them; a copy with a difference says which cause it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from random import Random

from pipeline.differences import Cause, Known, Pair, ToldOf, Written
from pipeline.flows import facts
from pipeline.flows.registry import BoundFlow, bind
from pipeline.flows.shared.insights import Terms
from pipeline.plan import ProcessRead, Snapshot
from pipeline.words import BusinessKey, DeliveryId, EventId, EventState, InstanceId, JsonValue, Side
from tests.support import asset_world, commitments, insight_world, localization_world, production_world
from tests.support.agreeing import pair_of
from tests.support.brief_world import World
from tests.support.flow_world import FlowWorld

ROBOT: JsonValue = {"id": "990", "email": "rules@example.test", "name": "Rules"}
AUTOMATIONS = frozenset({"rules@example.test"})


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A pair as both sides are read, and what our tables know. cause: None where it agrees; shape: how it came."""

    flow: BoundFlow
    pair: Pair
    known: Known
    cause: Cause | None = None
    shape: str = ""


Shape = Callable[[Planted, Random], Planted]


def planted(count: int, *, each: int, seed: int) -> Iterator[Planted]:
    """So many pairs, every shape of every cause `each` times among them, in an order of chance."""
    chance = Random(seed)  # noqa: S311 - Reproducible, and no secret.
    made = [_plant(cause, name, shape, chance) for cause, name, shape in _shapes() for _ in range(each)]
    at_rest = [*_at_rest().values()]
    made += [chance.choice(at_rest) for _ in range(count - len(made))]
    chance.shuffle(made)
    return (_named(one, number) for number, one in enumerate(made))


# ---- what agrees ---------------------------------------------------------------------------------------------------


@cache
def _at_rest() -> Mapping[str, Planted]:
    """Lives that came to rest, by name."""
    worlds = {
        "draft": World(),
        "submitted": _brief(),
        "half": _half(),
        "approved": _decided("approved"),
        "rejected": _decided("rejected"),
        "in_review": _asset(),
        "approved_asset": _approved_asset(),
        "market": _market(),
        "published": _published(),
        "production": _production(),
        "assessed": _assessed(),
    }
    return {name: _of(world) for name, world in worlds.items()} | _never_begun()


def _never_begun() -> dict[str, Planted]:
    """What stands approved, had no process ever, and needed none, or is older than the flow's use here."""
    asset = _of(asset_world.World())
    flow = bind(commitments.FLOW, commitments.words())
    paid = commitments.commitment("12000.00", outcome=None)
    spend = Planted(flow=flow, pair=replace(paid, link=None, in_use_since=paid.at), known=Known())
    return {
        "old_asset": _made(_stands_approved(asset), days=-1),
        "old_commitment": _made(spend, days=-1),
        "undated_commitment": spend,
        "small_commitment": _made(_amount(spend, "9000.00"), days=1),
    }


def _of(world: FlowWorld) -> Planted:
    world.settle_down()
    pair = pair_of(world)
    told = tuple(_told(side, EventState.DELIVERED, pair.at - timedelta(days=1)) for side in Side)
    fields = {
        world.words.fields[name].wire: known.value
        for name, known in world.link.agreed.items()
        if name in world.words.fields and name in {"decision", "message", "matrix", "approval"}
    }
    write = Written(delivery_id=DeliveryId("d-1"), kind="set_fields", at=pair.at, fields=fields)
    mapping = world.flow.mapping_version
    known = Known(told=told, written=(write,) if fields else (), mapping_version=mapping, mapping_now=mapping)
    flow = replace(world.flow, words=replace(world.words, automations=AUTOMATIONS))
    return Planted(flow=flow, pair=pair, known=known)


def _brief() -> World:
    world = World()
    world.put("submitted")
    world.settle_down()
    return world


def _half() -> World:
    world = _brief()
    world.decide(world.waiting()[0], "approved", "Fine")
    return world


def _decided(outcome: str) -> World:
    world = _brief()
    while world.waiting():
        world.decide(world.waiting()[0], outcome)
    return world


def _asset() -> asset_world.World:
    world = asset_world.World()
    world.put("submitted")
    world.settle_down()
    return world


def _approved_asset() -> asset_world.World:
    world = _asset()
    while world.waiting():
        world.all_approve()
        world.settle_down()
    return world


def _market() -> localization_world.World:
    world = localization_world.World()
    world.distribute(localization_world.MARKET)
    world.look(Side.OPENTEXT)
    return world


def _published() -> localization_world.World:
    """A market whose record is out."""
    world = _market()
    world.all_approve(localizedFile="https://files.example.test/hero-dach.psd")
    world.look(Side.OPENTEXT)
    world.look(Side.APRIMO, facts.LOOK_AGAIN)
    return world


def _production() -> production_world.World:
    world = production_world.World()
    world.put("submitted")
    world.settle_down()
    return world


def _assessed() -> insight_world.AssetWorld:
    """An asset that a review found to be revised, and the next one to be used again."""
    world = insight_world.reviewed()
    world.sign_off(insight_world.result("revise"))
    world.settle_down()
    world.begin_there(end=insight_world.NEXT_END)
    world.look(Side.OPENTEXT)
    world.sign_off(insight_world.result("reuse"))
    world.settle_down()
    return world.asset


# ---- what differs --------------------------------------------------------------------------------------------------


def _shapes() -> list[tuple[Cause, str, Shape]]:
    untold: list[tuple[str, Shape]] = [
        ("submission", lambda one, chance: _state(_base("draft", one), "submitted", 2, chance)),
        ("edit", lambda one, chance: _edited(_base("submitted", one), chance, description="Less text")),
        ("material edit", lambda one, chance: _edited(_base("half", one), chance, budget="90000.00")),
        ("withdrawal", lambda one, chance: _state(_base("submitted", one), "draft", 1, chance)),
        ("production edit", lambda one, chance: _edited(_base("production", one), chance, brief="Other")),
    ]
    silent: list[tuple[str, Shape]] = [
        ("review", lambda one, chance: _reviewed(_base("submitted", one), chance)),
        ("end", lambda one, chance: _ended(_base("half", one), chance)),
        ("asset review", lambda one, chance: _reviewed(_base("in_review", one), chance)),
        ("market step", lambda one, chance: _reviewed(_base("market", one), chance)),
    ]
    by_hand: list[tuple[str, Shape]] = [
        ("decision", lambda one, chance: _edited(_base("approved", one), chance, decision="rejected")),
        ("matrix", lambda one, chance: _edited(_base("half", one), chance, matrix="All fine")),
        ("message", lambda one, chance: _edited(_base("in_review", one), chance, message="Hurry")),
        ("state", lambda one, chance: _state(_base("submitted", one), "in_production", 7, chance)),
        ("approval", lambda one, chance: _edited(_base("approved_asset", one), chance, approval="Rejected")),
        ("tag removed", lambda one, chance: _filed(_base("assessed", one), chance)),
        ("tag of an older review", lambda one, chance: _filed(_base("assessed", one), chance, "reuse", "revise")),
        ("market tag", lambda one, chance: _edited(_base("published", one), chance, classifications=[])),
        ("draft", lambda one, chance: _edited(_base("published", one), chance, record_status="draft")),
        ("score", lambda one, chance: _edited(_base("assessed", one), chance, score="1")),
        ("percent", lambda one, chance: _edited(_base("production", one), chance, percent=99)),
    ]
    every: list[tuple[Cause, str, Shape]] = [(Cause.NOTICE_MISSING, *each) for each in (*untold, *silent)]
    every += [(Cause.NOTICE_IGNORED, name, _with(shape, _ignored_here)) for name, shape in untold]
    every += [(Cause.NOTICE_IGNORED, name, _with(shape, _ignored_there)) for name, shape in silent]
    every += [(Cause.DELIVERY_DEAD, name, _with(shape, _dead)) for name, shape in (*untold, *silent)]
    every += [(Cause.DELIVERY_WAITING, name, _with(shape, _waiting)) for name, shape in (*untold, *silent)]
    every += [(Cause.EDITED_IN_APRIMO, *each) for each in by_hand]
    every += [(Cause.EDITED_BY_AUTOMATION, name, _with(shape, _by_robot)) for name, shape in by_hand]
    every += [
        (Cause.EDITED_IN_OPENTEXT, "budget", lambda one, _: _tampered(_base("submitted", one), budget="1.00")),
        (Cause.EDITED_IN_OPENTEXT, "claims", lambda one, _: _tampered(_base("in_review", one), claims="None")),
        (Cause.EDITED_IN_OPENTEXT, "title", lambda one, _: _tampered(_base("market", one), assetTitle="Other")),
        (Cause.EDITED_IN_BOTH, "budget", lambda one, chance: _both(_base("submitted", one), chance)),
        (Cause.PROCESS_MISSING, "brief", lambda one, _: _none_lives(_base("submitted", one))),
        (Cause.PROCESS_MISSING, "approval", lambda one, _: _unapproved(_base("approved", one))),
        (Cause.PROCESS_MISSING, "asset approval", lambda one, _: _unapproved(_base("approved_asset", one))),
        (Cause.PROCESS_MISSING, "unasked asset", lambda one, _: _made(_base("old_asset", one), days=1)),
        (Cause.PROCESS_MISSING, "unasked commitment", lambda one, _: _made(_base("old_commitment", one), days=1)),
        (
            Cause.PROCESS_MISSING,
            "grown commitment",
            lambda one, _: _amount(_base("small_commitment", one), "10000.01"),
        ),
        (Cause.PROCESS_MISSING, "drafted commitment", lambda one, _: _drafted(_base("undated_commitment", one))),
        (Cause.EDITED_BY_AUTOMATION, "import", lambda one, _: _by_robot(_made(_base("old_asset", one), days=1))),
        (
            Cause.EDITED_IN_APRIMO,
            "drafted brief",
            lambda one, chance: _state(_base("draft", one), "in_production", 3, chance),
        ),
        (Cause.PROCESS_MISSING, "asset", lambda one, _: _none_lives(_base("in_review", one))),
        (Cause.PROCESS_DOUBLED, "brief", lambda one, _: _doubled(_base("half", one))),
        (Cause.PROCESS_DOUBLED, "market", lambda one, _: _doubled(_base("market", one))),
        (Cause.ITEM_DELETED, "brief", lambda one, _: _gone(_base("half", one))),
        (Cause.ITEM_DELETED, "asset", lambda one, _: _gone(_base("in_review", one))),
        (Cause.WORD_UNKNOWN, "state", lambda one, chance: _state(_base("submitted", one), "", 99, chance)),
        (Cause.WORD_UNKNOWN, "step", lambda one, _: _strange_step(_base("half", one))),
        (Cause.MAPPING_CHANGED, "written", lambda one, _: _read_otherwise(_base("approved", one))),
        (Cause.MAPPING_CHANGED, "moved", lambda one, _: _mapping_moved(_base("submitted", one))),
        (Cause.VERSION_NEWER, "approved", lambda one, chance: _newer(_base("approved_asset", one), chance)),
        (Cause.VERSION_NEWER, "published", lambda one, chance: _newer(_base("published", one), chance)),
        (Cause.VERSION_NEWER, "in review", lambda one, chance: _newer(_base("in_review", one), chance)),
    ]
    return every


def _plant(cause: Cause, name: str, shape: Shape, chance: Random) -> Planted:
    return replace(shape(_at_rest()["draft"], chance), cause=cause, shape=f"{cause} · {name}")


def _base(name: str, one: Planted) -> Planted:
    del one
    return _at_rest()[name]


def _with(first: Shape, then: Callable[[Planted], Planted]) -> Shape:
    return lambda one, chance: then(first(one, chance))


def _named(one: Planted, number: int) -> Planted:
    """The same under a key of its own."""
    key = BusinessKey(f"{one.pair.business_key.partition('#')[0]}{number}")
    part = one.pair.business_key.partition("#")[2]
    key = BusinessKey(f"{key}#{part}") if part else key
    link = replace(one.pair.link, business_key=key) if one.pair.link else None
    processes = tuple(replace(each, business_key=key) for each in one.pair.processes)
    return replace(one, pair=replace(one.pair, business_key=key, link=link, processes=processes))


def _edited(one: Planted, chance: Random, **values: JsonValue) -> Planted:
    """Somebody edits the item, some time after everybody agreed."""
    at = one.pair.at + timedelta(minutes=chance.randrange(1, 600))
    item = _item(one)
    wires = {
        one.flow.words.fields[name].wire: value for name, value in values.items() if name in one.flow.words.fields
    }
    changed = replace(
        item,
        version=at.isoformat(),
        read_at=at,
        values={**item.values, **values},
        wire={**item.wire, **wires},
    )
    return replace(one, pair=replace(one.pair, item=changed, at=at + timedelta(hours=1)))


def _state(one: Planted, state: str, state_id: int, chance: Random) -> Planted:
    return _edited(one, chance, state=state, state_id=one.flow.words.states.get(state, state_id), state_name=state)


def _filed(one: Planted, chance: Random, *verdicts: str) -> Planted:
    """Somebody files the asset under these verdicts' classifications, and no others of ours."""
    paths = one.flow.words.terms_of(Terms).paths
    rows: list[JsonValue] = [{"id": verdict, "path": paths[verdict]} for verdict in verdicts]
    return _edited(one, chance, classifications=rows)


def _item(one: Planted) -> Snapshot:
    assert one.pair.item is not None
    return one.pair.item


def _live(one: Planted) -> ProcessRead:
    (live,) = one.pair.processes
    return live


def _with_live(one: Planted, *processes: ProcessRead) -> Planted:
    return replace(one, pair=replace(one.pair, processes=processes))


def _later(one: Planted, chance: Random) -> datetime:
    return one.pair.at + timedelta(minutes=chance.randrange(1, 600))


def _reviewed(one: Planted, chance: Random) -> Planted:
    """Whoever's turn it is answers."""
    live, at = _live(one), _later(one, chance)
    waiting = [task for task in live.tasks if task.ended_at is None]
    task = chance.choice(waiting)
    done = replace(task, outcome="approved", assignee="reviewer@example.test", ended_at=at)
    return _with_live(one, replace(live, tasks=tuple(done if each == task else each for each in live.tasks)))


def _ended(one: Planted, chance: Random) -> Planted:
    live = _live(one)
    return _with_live(one, replace(live, ended_at=_later(one, chance)))


def _tampered(one: Planted, **variables: JsonValue) -> Planted:
    live = _live(one)
    assert variables.keys() <= live.variables.keys()
    return _with_live(one, replace(live, variables={**live.variables, **variables}))


def _both(one: Planted, chance: Random) -> Planted:
    return _edited(_tampered(one, budget="1.00"), chance, budget="2.00")


def _none_lives(one: Planted) -> Planted:
    return _with_live(one)


def _unapproved(one: Planted) -> Planted:
    """The item stands approved and both agree on that, and its newest process was rejected."""
    link = one.pair.link
    assert link is not None
    rejected = replace(link.processes[-1], outcome="rejected")
    return replace(one, pair=replace(one.pair, link=replace(link, processes=(*link.processes[:-1], rejected))))


def _stands_approved(one: Planted) -> Planted:
    """As somebody put it by hand, and nothing of it is remembered."""
    item, state = _item(one), one.flow.words.states["approved"]
    stands = replace(item, values={**item.values, "state": "approved", "state_id": state, "state_name": state})
    pair = replace(one.pair, link=None, item=stands, in_use_since=one.pair.at)
    return replace(one, pair=pair, known=Known())


def _made(one: Planted, *, days: int) -> Planted:
    """The same, made so long after the flow came into use here."""
    since = one.pair.in_use_since
    assert since is not None
    made = replace(_item(one), created_at=since + timedelta(days=days))
    return replace(one, pair=replace(one.pair, item=made))


def _amount(one: Planted, amount: str) -> Planted:
    item = _item(one)
    return replace(one, pair=replace(one.pair, item=replace(item, values={**item.values, "amount": amount})))


def _drafted(one: Planted) -> Planted:
    """The same, and we saw it before it was submitted."""
    return replace(one, pair=replace(one.pair, link=commitments.seen("draft")))


def _doubled(one: Planted) -> Planted:
    live = _live(one)
    return _with_live(one, live, replace(live, instance_id=InstanceId("another")))


def _gone(one: Planted) -> Planted:
    return replace(one, pair=replace(one.pair, item=replace(_item(one), is_absent=True, values={}, wire={})))


def _strange_step(one: Planted) -> Planted:
    live = _live(one)
    strange = replace(live.tasks[0], task_id="strange", definition_key="mystery", ended_at=None, comment="")
    return _with_live(one, replace(live, tasks=(*live.tasks, strange)))


def _read_otherwise(one: Planted) -> Planted:
    """What we wrote stands there as we wrote it, and reads otherwise by today's words."""
    item = _item(one)
    changed = replace(item, values={**item.values, "decision": "abgelehnt"})
    return replace(one, pair=replace(one.pair, item=changed))


def _mapping_moved(one: Planted) -> Planted:
    """The item is as we saw it last, and a field is read from another place."""
    item, link = _item(one), one.pair.link
    assert link is not None
    changed = replace(item, version=link.seen["aprimo"], values={**item.values, "description": "From elsewhere"})
    known = replace(one.known, mapping_version="before")
    return replace(one, pair=replace(one.pair, item=changed), known=known)


def _newer(one: Planted, chance: Random) -> Planted:
    return _edited(one, chance, file_version={"id": "9" * 32, "number": 9, "label": "", "sha256": ""})


# ---- what our tables know -----------------------------------------------------------------------------------------


def _told(side: Side, state: EventState, at: datetime) -> ToldOf:
    return ToldOf(
        event_id=EventId(f"ev-{side}"),
        source=f"{side}.webhook",
        side=side,
        state=state,
        reason="",
        time=at,
        accepted_at=at,
    )


def _ignored_here(one: Planted) -> Planted:
    notice = _told(Side.APRIMO, EventState.IGNORED, datetime.fromisoformat(_item(one).version))
    return replace(one, known=replace(one.known, told=(notice, *one.known.told)))


def _ignored_there(one: Planted) -> Planted:
    notice = _told(Side.OPENTEXT, EventState.IGNORED, one.pair.at + timedelta(days=1))
    return replace(one, known=replace(one.known, told=(notice, *one.known.told)))


def _dead(one: Planted) -> Planted:
    return replace(one, known=replace(one.known, letter="dl-1", letter_code="values_missing"))


def _waiting(one: Planted) -> Planted:
    waiting = _told(Side.APRIMO, EventState.ACCEPTED, one.pair.at)
    return replace(one, known=replace(one.known, open_events=(waiting,)))


def _by_robot(one: Planted) -> Planted:
    item = _item(one)
    return replace(one, pair=replace(one.pair, item=replace(item, values={**item.values, "editor": ROBOT})))
