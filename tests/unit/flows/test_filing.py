"""Classifications that a flow gives and takes away: compared, explained and put right as fields are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.commands import SetRecord
from pipeline.differences import Cause, Known, Mismatch
from pipeline.flows import facts
from pipeline.flows.registry import bind
from pipeline.flows.tenant import Policy
from pipeline.keys import aprimo_key
from pipeline.plan import Want
from pipeline.words import JsonValue, Side
from tests.support.agreeing import found, pair_of
from tests.support.insight_world import END, NEXT_END, AssetWorld, World, result, reviewed
from tests.support.localization_world import MARKET
from tests.support.localization_world import World as MarketWorld

REUSE, REVISE, RETIRED = "/Reuse/Recommended", "/Revise", "/Retired"
FOREIGN = "/Campaigns/Spring"
FIELD = "classifications"


def assessed(verdict: str = "reuse") -> World:
    """A campaign whose review was signed off, and its asset at rest."""
    world = reviewed()
    world.sign_off(result(verdict))
    world.settle_down()
    return world


def asset(verdict: str = "reuse", policy: Policy = Policy.AUTOMATIC) -> AssetWorld:
    """The asset of such a review. policy: what the file says of its classifications."""
    made = assessed(verdict).asset
    words = replace(made.flow.words, policies={FIELD: policy})
    made.flow = bind(words.flow, words)
    return made


def causes(world: AssetWorld) -> list[tuple[Cause, Policy]]:
    pair = pair_of(world)
    every = [world.flow.explain(each, pair, Known()) for each in world.flow.mismatches(pair)]
    return [(each.cause, each.policy) for each in every]


def heal_of(mismatch: Mismatch) -> dict[str, JsonValue]:
    """What a heal is told of a hand edit."""
    return {
        "field": mismatch.field,
        "cause": Cause.EDITED_IN_APRIMO.value,
        "agreed": mismatch.agreed,
        "aprimo": mismatch.aprimo,
        "opentext": mismatch.opentext,
        "seen": mismatch.aprimo,
        "by": "operator.one",
    }


def of_record(world: MarketWorld) -> tuple[Mismatch, ...]:
    """What differs of a market's own record."""
    (record,) = world.released()
    want = Want(flow="localization", side=Side.APRIMO, kind="record", object_id=record, role="localized")
    return found(world, want)


# ---- what differs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", ["reuse", "revise", "retire"])
def test_an_asset_that_is_tagged_as_its_latest_review_said_agrees_wherever_else_people_file_it(verdict: str) -> None:
    world = asset(verdict)
    world.filed.add(FOREIGN)

    assert found(world) == ()


def test_a_tag_that_was_removed_by_hand_differs() -> None:
    world = asset()
    world.filed.clear()

    assert found(world) == (Mismatch(field=FIELD, agreed=[REUSE], aprimo=[], opentext=[REUSE]),)
    assert causes(world) == [(Cause.EDITED_IN_APRIMO, Policy.AUTOMATIC)]


def test_a_tag_of_an_older_review_that_was_added_by_hand_differs() -> None:
    world = assessed("revise")
    world.edit(end=NEXT_END)
    world.begin_there(end=NEXT_END)
    world.look(Side.OPENTEXT)
    world.sign_off(result("reuse"))
    world.settle_down()
    assert world.asset.filed == {REUSE}
    world.asset.filed.add(REVISE)

    assert found(world.asset) == (Mismatch(field=FIELD, agreed=[REUSE], aprimo=[REUSE, REVISE], opentext=[REUSE]),)


def test_a_tag_that_no_verdict_gave_differs() -> None:
    """A retired asset that is not archived is only proposed: it bears no tag of ours."""
    world = asset("retire")
    world.filed.add(RETIRED)

    assert found(world) == (Mismatch(field=FIELD, agreed=[], aprimo=[RETIRED], opentext=[]),)


def test_a_row_of_a_list_says_nothing_of_classifications_and_gives_no_reason_to_look() -> None:
    world = asset()
    world.filed.clear()
    pair = pair_of(world)
    assert pair.item is not None
    values = {name: value for name, value in pair.item.values.items() if name != FIELD}

    assert world.flow.suspects(replace(pair, item=replace(pair.item, values=values))) == ()


# ---- what is done about it -----------------------------------------------------------------------------------------


def test_a_heal_files_the_asset_as_agreed_and_leaves_alone_where_people_filed_it() -> None:
    world = asset()
    world.filed = {REVISE, FOREIGN}
    (mismatch,) = found(world)

    world.look(Side.APRIMO, facts.HEAL, data=heal_of(mismatch))

    assert (world.filed, found(world)) == ({REUSE, FOREIGN}, ())
    (command,) = world.plans[-1].commands
    assert isinstance(command, SetRecord)
    assert (command.add_classifications, command.remove_classifications) == ((REUSE,), (REVISE,))
    assert (command.fields, command.status) == ({}, "")


def test_a_heal_of_a_tag_is_taken_back_exactly_and_not_put_right_again() -> None:
    world = asset()
    world.filed = {REVISE, FOREIGN}
    (mismatch,) = found(world)
    data = heal_of(mismatch)
    world.look(Side.APRIMO, facts.HEAL, data=data)

    world.look(Side.APRIMO, facts.UNDO, data=data)
    assert world.filed == {REVISE, FOREIGN}
    world.look(Side.APRIMO)

    assert world.filed == {REVISE, FOREIGN}
    assert [each.field for each in world.plans[-1].changes.differences] == [FIELD]


def test_a_heal_writes_over_no_tags_but_those_that_were_seen() -> None:
    world = asset()
    world.filed.clear()
    (mismatch,) = found(world)
    world.filed = {REVISE}

    world.look(Side.APRIMO, facts.HEAL, data=heal_of(mismatch))

    assert (world.filed, world.plans[-1].reason) == ({REVISE}, "changed_since")


def test_a_notice_puts_a_tag_right_as_a_comparison_does_with_all_else_in_one_write() -> None:
    world = asset()
    world.filed.clear()
    world.edit(score="1")

    world.look(Side.APRIMO)

    assert (world.filed, world.values["score"]) == ({REUSE}, "82.5")
    assert len(world.plans[-1].commands) == 1


@pytest.mark.parametrize(("policy", "listed"), [(Policy.PROPOSE, [FIELD]), (Policy.NEVER, [])])
def test_the_file_says_what_becomes_of_a_hand_edit(policy: Policy, listed: list[str]) -> None:
    world = asset(policy=policy)
    world.filed.clear()

    world.look(Side.APRIMO)

    assert (world.filed, causes(world)) == (set(), [(Cause.EDITED_IN_APRIMO, policy)])
    assert [each.field for each in world.plans[-1].changes.differences] == listed
    assert [each.code for each in world.plans[-1].changes.notices] == [f"edited_on_wrong_side:{FIELD}"]


def test_the_same_tag_taken_away_again_is_left_to_a_person() -> None:
    world = asset()
    world.filed.clear()
    world.look(Side.APRIMO)
    assert world.filed == {REUSE}
    world.filed.clear()

    world.look(Side.APRIMO)

    (difference,) = world.plans[-1].changes.differences
    assert (world.filed, world.plans[-1].commands) == (set(), ())
    assert (difference.field, difference.ours, difference.theirs) == (FIELD, [REUSE], [])


def test_the_next_review_files_it_whatever_was_left_to_a_person() -> None:
    world = assessed()
    world.asset.flow = replace(
        world.asset.flow, words=replace(world.asset.flow.words, policies={FIELD: Policy.NEVER})
    )
    world.asset.filed.clear()
    world.begin_there(end=NEXT_END)
    world.look(Side.OPENTEXT)

    world.sign_off(result("revise"))
    world.settle_down()

    assert (world.asset.filed, world.asset.values["insight_period"]) == ({REVISE}, f"2025-10-01 to {NEXT_END}")
    assert END != NEXT_END


# ---- the records of markets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", ["file", "record"])
def test_the_record_of_a_market_stands_where_it_was_published(named: str) -> None:
    world = MarketWorld()
    world.distribute(MARKET)
    if named == "file":
        world.all_approve(localizedFile="https://files.example.test/a.psd")
    else:
        world.all_approve(localizedRecordId=world.make_draft())
    world.look(Side.OPENTEXT)
    world.look(Side.APRIMO, facts.LOOK_AGAIN)
    (record,) = world.released()
    assert world.link.item_key == aprimo_key("record", record)
    paths = sorted(world.filed(record))
    assert (bool(paths), of_record(world)) == (True, ())

    world.file(record, FOREIGN, leaves=paths)

    assert of_record(world) == (Mismatch(field=FIELD, agreed=[*paths], aprimo=[], opentext=[*paths]),)
    world.look(Side.APRIMO)
    assert (of_record(world), world.filed(record)) == ((), {*paths, FOREIGN})


# ---- the status of a market's record -------------------------------------------------------------------------------


def published() -> tuple[MarketWorld, str]:
    """A market whose record is out, and everything seen of it."""
    world = MarketWorld()
    world.distribute(MARKET)
    world.all_approve(localizedFile="https://files.example.test/a.psd")
    world.look(Side.OPENTEXT)
    world.look(Side.APRIMO, facts.LOOK_AGAIN)
    (record,) = world.released()
    return world, record


def differing(world: MarketWorld) -> tuple[Mismatch, ...]:
    return found(world, world.flow.item_want(world.link))


def test_a_published_record_that_was_made_a_draft_by_hand_differs_and_is_put_back() -> None:
    world, record = published()
    world.records[record]["record_status"] = "draft"

    (mismatch,) = differing(world)
    world.look(Side.APRIMO, facts.HEAL, data=heal_of(mismatch))

    assert mismatch == Mismatch(field="record_status", agreed="released", aprimo="draft", opentext="released")
    assert (world.released(), differing(world)) == ([record], ())


def test_a_row_of_a_list_shows_that_a_published_record_is_a_draft() -> None:
    world, record = published()
    world.records[record]["record_status"] = "draft"
    pair = pair_of(world, world.flow.item_want(world.link))

    assert [each.field for each in world.flow.suspects(pair)] == ["record_status"]


def test_a_notice_puts_a_status_back_while_the_file_is_the_one_that_was_approved() -> None:
    world, record = published()
    world.records[record]["record_status"] = "draft"

    world.look(Side.APRIMO)

    assert world.released() == [record]


def test_an_archived_record_has_come_to_its_end_and_stays_so() -> None:
    world, record = published()
    world.records[record]["record_status"] = "archived"

    world.look(Side.APRIMO)

    assert (differing(world), world.records[record]["record_status"]) == ((), "archived")


@pytest.mark.parametrize("is_healed", [True, False])
def test_a_draft_with_another_file_than_was_approved_is_never_released_by_us(is_healed: bool) -> None:
    world, record = published()
    world.records[record]["record_status"] = "draft"
    (mismatch,) = differing(world)
    world.translate_anew(record)

    world.look(Side.APRIMO, *([facts.HEAL] if is_healed else []), data=heal_of(mismatch) if is_healed else {})
    world.look(Side.APRIMO)

    assert (world.released(), world.records[record]["approval"]) == ([], "Approved (older version)")
    assert differing(world) == ()


@pytest.mark.parametrize("is_in_review", [False, True])
def test_each_file_that_nobody_approved_is_found_and_told_of_once(is_in_review: bool) -> None:
    world, record = published()
    if is_in_review:
        world.upload()
        world.look(Side.APRIMO, "signoff.master_replaced")
    for _ in range(2):
        world.translate_anew(record)
        (mismatch,) = differing(world)
        pair = pair_of(world, world.flow.item_want(world.link))
        told = world.flow.explain(mismatch, pair, Known())

        world.look(Side.APRIMO, facts.HEAL, data={**heal_of(mismatch), "cause": told.cause.value})

        assert (mismatch.field, told.cause) == ("version", Cause.VERSION_NEWER)
        assert world.records[record]["approval"] == "Approved (older version)"
        assert differing(world) == ()


def test_a_record_that_was_taken_back_is_not_released_by_hand_whatever_its_file() -> None:
    world, record = published()
    world.look(Side.APRIMO, facts.RESTART)
    world.decide("done")
    world.decide("rejected")
    world.look(Side.OPENTEXT)
    assert world.released() == []
    world.translate_anew(record)
    world.records[record]["record_status"] = "released"

    assert [(each.field, each.agreed) for each in differing(world)] == [("record_status", "draft")]
    world.look(Side.APRIMO)

    assert (world.released(), differing(world)) == ([], ())
