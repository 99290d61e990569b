"""Whom plans come across: once, in either system, whatever the flow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.flows.registry import bind
from pipeline.flows.shared.met import met
from pipeline.flows.tenant import FieldType, FieldWord, ItemWords
from pipeline.plan import Link, Met, Snapshot, Snapshots, Want
from pipeline.words import JsonValue, Side
from tests.support.briefs import (
    FLOW,
    OWNER,
    all_tasks,
    applied,
    brief,
    event,
    in_approval,
    no_brief,
    no_link,
    plan,
    process,
    reviewed,
    task,
    words,
)

GHOST = {"id": 99, "email": "", "name": "Ghost"}
ONE = Met(
    side=Side.APRIMO,
    user="88",
    name="requester.one@example.test",
    match="requester.one@example.test",
    how="e-mail",
)


def read(*snapshots: Snapshot) -> Snapshots:
    return {snapshot.want: snapshot for snapshot in snapshots}


@pytest.mark.parametrize(
    ("owner", "people", "person"),
    [
        (OWNER, {}, ONE),
        (OWNER, {"88": "One@partner.example.test"}, replace(ONE, match="one@partner.example.test", how="override")),
        (GHOST, {}, Met(side=Side.APRIMO, user="99", name="Ghost")),
    ],
)
def test_who_is_carried_to_opentext_is_met_with_the_match(
    owner: JsonValue, people: dict[str, str], person: Met
) -> None:
    assert met(read(brief(owner=owner)), no_link(), words(people=people)) == (person,)


@pytest.mark.parametrize("owner", [None, {}, {"id": None, "email": "", "name": ""}])
def test_nobody_is_met_where_a_field_is_empty(owner: JsonValue) -> None:
    assert met(read(brief(owner=owner)), no_link(), words()) == ()


def test_who_was_carried_before_is_no_news_under_another_name_either() -> None:
    link = in_approval()

    assert met(read(brief()), link, words()) == ()
    assert met(read(brief(owner={**OWNER, "name": "Married Since"})), link, words()) == ()
    assert met(read(brief(owner=GHOST)), link, words()) == (Met(side=Side.APRIMO, user="99", name="Ghost"),)


def test_a_user_whom_no_variable_carries_is_not_met() -> None:
    known = words()
    owner = replace(known.fields["owner"], variable="")

    assert met(read(brief()), no_link(), replace(known, fields={**known.fields, "owner": owner})) == ()


def test_what_was_not_there_to_read_has_nobody() -> None:
    assert met(read(no_brief()), no_link(), words()) == ()


def test_a_user_of_another_object_of_the_flow_is_met() -> None:
    sponsor = FieldWord(name="sponsor", wire="sponsorId", type=FieldType.USER, variable="sponsor")
    campaign = ItemWords(
        kind="project", type_ids=frozenset(), state_wire="", states={}, fields={"sponsor": sponsor}, link_template=""
    )
    want = Want(flow=FLOW, side=Side.APRIMO, kind="project", object_id="7")
    snapshot = Snapshot(want=want, read_at=brief().read_at, values={"sponsor": GHOST})

    people = met({want: snapshot}, no_link(), words(also={"campaign": campaign}))

    assert people == (Met(side=Side.APRIMO, user="99", name="Ghost"),)


def test_who_has_a_task_is_met_once_per_task_and_assignee() -> None:
    held = task("brand", by="Brand.One@example.test")
    link = reviewed(in_approval(), process(held))

    assert met(read(process(held)), in_approval(), words()) == (
        Met(side=Side.OPENTEXT, user="brand.one@example.test"),
    )
    assert met(read(process(held)), link, words()) == ()
    assert met(read(process(replace(held, assignee="brand.two@example.test"))), link, words()) == (
        Met(side=Side.OPENTEXT, user="brand.two@example.test"),
    )
    assert met(read(process(*all_tasks())), link, words()) == ()


def test_an_override_matches_the_other_way_round_as_well() -> None:
    overrides = {"88": "Brand.One@example.test"}

    assert met(read(process(task("brand", "approved"))), in_approval(), words(people=overrides)) == (
        Met(side=Side.OPENTEXT, user="brand.one@example.test", match="88", how="override"),
    )


def people_of(link: Link, *snapshots: Snapshot) -> tuple[Met, ...]:
    head = event(snapshots[0].want.side)
    return bind(FLOW, words()).plan(head, read(*snapshots), link).changes.people


def test_every_plan_of_a_bound_flow_tells_whom_it_came_across() -> None:
    link = applied(in_approval(), plan(in_approval(), brief()).changes)

    assert people_of(no_link(), brief(owner=GHOST)) == (Met(side=Side.APRIMO, user="99", name="Ghost"),)
    assert people_of(link, process(task("brand", by="brand.one@example.test"))) == (
        Met(side=Side.OPENTEXT, user="brand.one@example.test"),
    )


def test_a_drafts_owner_is_not_carried_and_so_not_met() -> None:
    assert people_of(no_link(), brief("draft", owner=GHOST)) == ()
