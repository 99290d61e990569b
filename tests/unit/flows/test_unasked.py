"""What stands approved and had no process ever is told where it cannot be older than the flow's use here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipeline.differences import Cause, Explained, Known, Pair
from pipeline.flows.registry import BoundFlow, bind
from pipeline.flows.shared.causes import TAKE_BACK
from pipeline.flows.tenant import FieldType, FieldWord, Policy
from pipeline.keys import line_key
from pipeline.plan import Link, Plan
from pipeline.words import JsonValue, LinkId, Side
from tests.support import asset_world, brief_world, briefs, commitments, production_world, publication_world
from tests.support.agreeing import pair_of
from tests.support.briefs import NOW
from tests.support.commitments import FLOW, KEY, WANT, commitment, item, seen, words
from tests.support.flow_world import FlowWorld

DAY = timedelta(days=1)
ROBOT: JsonValue = {"id": 990, "email": "rules@example.test", "name": "Rules"}
SOMEBODY: JsonValue = {"id": 91, "email": "buyer@example.test", "name": "Buyer"}
STANDS = {
    brief_world.World: ("in_production",),
    asset_world.World: ("approved", "approved_older"),
    production_world.World: ("produced",),
    publication_world.World: ("approved", "released"),
}
"""Where only an approval puts an item, by flow."""


def flow(**heals: Policy) -> BoundFlow:
    healing = {Cause(cause): policy for cause, policy in heals.items()}
    return bind(FLOW, replace(words(), heals=healing, automations=frozenset({"rules@example.test"})))


def unknown(
    amount: str = "12000.00",
    *,
    made: datetime | None = NOW,
    since: datetime | None = NOW - DAY,
    link: Link | None = None,
) -> Pair:
    """A commitment that stands approved, and of which no process was begun. made: when it was; since: in use here."""
    return Pair(
        flow=FLOW, business_key=KEY, link=link, item=item(amount, created_at=made), at=NOW, in_use_since=since
    )


def by(pair: Pair, editor: JsonValue) -> Pair:
    assert pair.item is not None
    return replace(pair, item=replace(pair.item, values={**pair.item.values, "editor": editor}))


def explained(pair: Pair, bound: BoundFlow | None = None) -> list[Explained]:
    known = bound or flow()
    return [known.explain(each, pair, Known()) for each in known.mismatches(pair)]


def told(pair: Pair, bound: BoundFlow | None = None) -> list[tuple[str, Cause, Policy]]:
    return [(each.mismatch.field, each.cause, each.policy) for each in explained(pair, bound)]


MISSING = [("process", Cause.PROCESS_MISSING, Policy.NEVER)]


# ---- made since then ---------------------------------------------------------------------------------------------


def test_what_was_made_since_the_flow_is_in_use_and_stands_approved_was_approved_without_anybody_being_asked() -> (
    None
):
    (made,) = explained(by(unknown(), SOMEBODY))

    assert (made.mismatch.aprimo, made.mismatch.opentext, made.cause) == ("12000 EUR", None, Cause.PROCESS_MISSING)
    assert made.evidence == {
        "process": "never begun",
        "created_at": "2026-01-12T09:00:00Z",
        "in_use_since": "2026-01-11T09:00:00Z",
        "version": "2026-01-12T09:00:00+00:00",
        "editor": SOMEBODY,
        "to_do": TAKE_BACK,
    }


def test_a_page_alone_gives_reason_to_read_it_and_none_to_read_what_agrees() -> None:
    assert [each.field for each in flow().suspects(unknown())] == ["process"]
    assert flow().suspects(unknown(made=NOW - 2 * DAY)) == flow().suspects(unknown("9000.00")) == ()


@pytest.mark.parametrize(
    ("made", "since"),
    [(NOW - 2 * DAY, NOW - DAY), (None, NOW - DAY), (NOW, None)],
    ids=["old", "unknown", "not yet"],
)
def test_what_may_have_been_approved_before_is_left_alone(made: datetime | None, since: datetime | None) -> None:
    assert told(unknown(made=made, since=since)) == []
    assert told(unknown(made=made, since=since, link=seen("approved"))) == []


def test_below_the_limit_nobody_need_be_asked() -> None:
    assert told(unknown("9000.00")) == []


def test_an_item_that_is_remembered_but_for_which_nothing_was_begun_is_told_as_well() -> None:
    assert told(unknown(link=seen("approved"))) == MISSING


def test_what_an_automation_brought_in_approved_is_told_as_its_doing() -> None:
    (made,) = explained(by(unknown(), ROBOT))

    assert (made.cause, made.policy) == (Cause.EDITED_BY_AUTOMATION, Policy.NEVER)
    assert (made.evidence["process"], made.evidence["editor"]) == ("never begun", ROBOT)


@pytest.mark.parametrize("editor", [SOMEBODY, ROBOT])
def test_no_file_makes_it_be_mended_by_itself(editor: JsonValue) -> None:
    bold = flow(process_missing=Policy.AUTOMATIC, edited_by_automation=Policy.AUTOMATIC)

    assert [policy for *_, policy in told(by(unknown(), editor), bold)] == [Policy.NEVER]


# ---- as the file says --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("since", "count"), [(NOW - 9 * DAY, 1), (NOW - DAY, 0)], ids=["back", "forward"])
def test_the_file_may_say_since_when_everything_must_have_been_asked_for(since: datetime, count: int) -> None:
    bound = bind(FLOW, replace(words(), approvals_since=since))

    assert len(told(unknown(made=NOW - 2 * DAY, since=NOW - 3 * DAY), bound)) == count
    assert len(told(unknown(made=NOW - 2 * DAY, since=None), bound)) == count


def test_a_field_of_the_tenants_says_when_an_item_was_made_where_aprimo_does_not() -> None:
    world = brief_world.World()
    word = FieldWord(name="created", wire="extrAttr399", type=FieldType.DATE)
    bound = bind(world.flow.name, replace(world.words, fields={**world.words.fields, "created": word}))
    world.put("in_production")
    pair = replace(pair_of(world), link=None, in_use_since=NOW)
    assert pair.item is not None

    young, old = (
        replace(pair, item=replace(pair.item, values={**pair.item.values, "created": day}))
        for day in ("2026-01-13", "2026-01-11")
    )

    assert told(young, bound) == MISSING
    assert told(old, bound) == told(pair, bound) == []


# ---- every flow --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "state"), [(made, state) for made, states in STANDS.items() for state in states], ids=str
)
def test_it_is_told_in_every_flow_in_which_only_an_approval_puts_an_item_there(
    made: Callable[[], FlowWorld], state: str
) -> None:
    world = made()
    world.values |= {"state": state, "state_id": world.words.states[state], "state_name": state}
    pair = replace(pair_of(world), link=None, in_use_since=NOW)
    assert pair.item is not None
    young, old = (replace(pair, item=replace(pair.item, created_at=at)) for at in (NOW, NOW - DAY))

    assert told(young, world.flow) == MISSING
    assert [each.field for each in world.flow.suspects(young)] == ["process"]
    assert told(old, world.flow) == told(pair, world.flow) == []


@pytest.mark.parametrize(
    ("made", "state"),
    [(made, states[0]) for made, states in STANDS.items()],
    ids=str,
)
def test_what_was_seen_as_a_draft_and_then_approved_by_hand_is_told_however_old_it_is(
    made: Callable[[], FlowWorld], state: str
) -> None:
    world = made()
    world.settle_down()
    assert world.flow.mismatches(pair_of(world)) == ()
    world.edit(state=state, state_id=world.words.states[state], state_name=state)

    assert [(field, cause) for field, cause, _ in told(pair_of(world), world.flow)] == [
        ("state", Cause.EDITED_IN_APRIMO)
    ]


# ---- a commitment that was seen before -----------------------------------------------------------------------------


def look(link: Link, amount: str, state: str = "approved") -> Plan:
    """What a notice of the commitment comes to."""
    head = briefs.event(
        Side.APRIMO, "aprimo.commitment.changed", flow=FLOW, subject=KEY, line_key=line_key(FLOW, KEY)
    )
    return flow().plan(head, {WANT: item(amount, state)}, link)


def remembered(plan: Plan) -> JsonValue:
    """Where both agree that it stands once the plan is done; None where that stays as it was."""
    known = plan.changes.agreed.get("state")
    return known.value if known else None


def test_a_commitment_that_we_saw_as_a_draft_and_that_stands_approved_is_told_however_old_it_is() -> None:
    (made,) = explained(unknown(made=None, since=None, link=seen("draft", at=NOW - DAY)))

    assert (made.mismatch.field, made.cause, made.policy) == MISSING[0]
    assert made.evidence == {
        "process": "never begun",
        "seen": "draft",
        "seen_at": "2026-01-11T09:00:00Z",
        "version": "2026-01-12T09:00:00+00:00",
        "to_do": TAKE_BACK,
    }


def test_not_where_the_file_says_that_it_was_right_until_then() -> None:
    bound = bind(FLOW, replace(words(), approvals_since=NOW + DAY))

    assert told(unknown(made=None, link=seen("draft")), bound) == []


def test_a_notice_of_it_does_not_make_it_agreed_and_tells_the_operators() -> None:
    plan = look(seen("draft"), "12000.00")

    assert (remembered(plan), [each.code for each in plan.changes.notices]) == (None, ["edited_on_wrong_side:state"])


@pytest.mark.parametrize("link", [seen("approved"), replace(seen("draft"), agreed={}), seen("draft")])
def test_what_needed_nobody_or_may_be_older_is_agreed_on_as_it_stands(link: Link) -> None:
    amount = "9000.00" if link.agreed_value("state") == "draft" else "12000.00"

    plan = look(link, amount)

    assert plan.changes.notices == ()
    assert remembered(plan) in {None, "approved"}
    assert (remembered(plan) or link.agreed_value("state")) == "approved"


@pytest.mark.parametrize("state", ["approved", "rejected"])
def test_below_its_limit_a_commitment_goes_where_people_put_it(state: str) -> None:
    pair = replace(commitment("9000.00", outcome=None, state=state), link=seen("submitted"))

    assert told(pair) == []


def test_what_is_put_back_and_asked_for_agrees_again() -> None:
    link = replace(seen("draft"), id=LinkId(1))
    pair = unknown(link=link, made=None)
    again = replace(pair, item=commitments.item("12000.00", "draft"))

    assert told(again) == []
