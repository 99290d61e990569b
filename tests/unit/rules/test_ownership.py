"""Ownership: one side owns each field, one line writes it, and a write against that is refused in code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline import ownership
from pipeline.commands import (
    AddComment,
    Command,
    CommitmentVerb,
    CreateObject,
    EndProcess,
    SetFields,
    SetRecord,
    SetVariables,
    StartProcess,
)
from pipeline.flows.registry import FLOWS
from pipeline.flows.tenant import FieldWord, ItemWords
from pipeline.keys import aprimo_key
from pipeline.ownership import OwnershipError, Writer, check
from pipeline.words import Side
from tests.support.briefs import words


def fields(**values: str | int) -> SetFields:
    return SetFields(object_kind="activity", object_id=5012, fields=values)


REMARK = AddComment(instance_id="i-1", origin="aprimo", origin_id="r-1", text="Hello")


def test_every_flow_has_its_table() -> None:
    assert FLOWS.keys() == ownership.FIELDS.keys() == ownership.STATES.keys() == ownership.ACTS.keys()


def test_every_state_a_flow_needs_has_an_owner() -> None:
    assert {name: set(module.STATES) for name, module in FLOWS.items()} == {
        name: set(states) for name, states in ownership.STATES.items()
    }


def test_a_stakeholders_state_is_opentexts() -> None:
    assert ownership.owned(words(), "brand_state").owner is Side.OPENTEXT


def test_a_field_the_tenant_added_is_aprimos() -> None:
    assert ownership.owned(words(), "product").owner is Side.APRIMO


def test_each_field_has_one_owner() -> None:
    known = words()

    theirs = ownership.names_of(known, Side.APRIMO)
    ours = ownership.names_of(known, Side.OPENTEXT)
    assert sorted([*theirs, *ours]) == sorted(known.fields)


@pytest.mark.parametrize(
    "command",
    [
        fields(extrAttr306="matrix", extrAttr311="approved", activityStateId=3),
        fields(activityStateId=1),
        fields(activityStateId=2),
        SetVariables(instance_id="i-1", variables={"budget": "1.00", "escalatedRegion": "UK"}),
        EndProcess(instance_id="i-1", reason="why"),
    ],
)
def test_the_main_line_writes_what_is_its_own(command: Command) -> None:
    check([command], words(), writer=Writer.MAIN)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (fields(extrAttr302="1.00"), "budget is not ours to write in Aprimo"),
        (fields(extrAttr310="Hello"), "remark is not ours to write in Aprimo"),
        (fields(extrAttr999="x"), "extrAttr999 is not ours to write in Aprimo"),
        (fields(activityStateId=6), "the state 6 belongs to Aprimo"),
        (fields(activityStateId=8), "the state 8 belongs to Aprimo"),
        (REMARK, "ot.add_comment is not written by the main line"),
    ],
)
def test_the_main_line_is_refused_what_is_not(command: Command, why: str) -> None:
    with pytest.raises(OwnershipError, match=why) as caught:
        check([command], words(), writer=Writer.MAIN)

    assert caught.value.code == "owned_by_other"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (SetRecord(record_id="0a1b", fields={"ApprovalState": "Approved"}), "ApprovalState is not ours to write"),
        (SetRecord(record_id="0a1b", status="released"), "record_status is not ours to write"),
        (SetRecord(record_id="0a1b", add_classifications=("/Reuse",)), "classifications is not ours to write"),
        (
            CommitmentVerb(verb="approve", committed_id=7, revision=1),
            r"pm\.commitment_verb is nothing that campaign_",
        ),
        (
            CreateObject(object_kind="task", reference_field="r", reference="x", fields={}),
            r"pm\.create_object is nothing",
        ),
    ],
)
def test_a_flow_is_refused_what_it_never_does(command: Command, why: str) -> None:
    with pytest.raises(OwnershipError, match=why):
        check([command], words(), writer=Writer.MAIN)


def test_a_further_kind_of_object_is_held_to_its_own_words() -> None:
    hold = FieldWord(name="matrix", wire="extrAttr401")
    campaign = ItemWords(
        kind="project", type_ids=frozenset(), state_wire="", states={}, fields={"matrix": hold}, link_template=""
    )
    known = replace(words(), also={"campaign": campaign})
    theirs = SetFields(object_kind="project", object_id=7, fields={"extrAttr306": "of the brief, not of the project"})

    check([replace(theirs, fields={"extrAttr401": "x"})], known, writer=Writer.MAIN)
    with pytest.raises(OwnershipError, match="extrAttr306 is not ours to write in Aprimo"):
        check([theirs], known, writer=Writer.MAIN)


def test_the_notes_line_adds_comments() -> None:
    check([REMARK], words(), writer=Writer.NOTES)


def test_the_notes_line_is_refused_everything_else() -> None:
    with pytest.raises(OwnershipError, match=r"pm\.set_fields is not written by the notes line"):
        check([fields(extrAttr309="comments")], words(), writer=Writer.NOTES)


def test_what_opentext_owns_is_never_a_process_variable() -> None:
    known = words()
    bent = replace(known, fields={**known.fields, "matrix": replace(known.fields["matrix"], variable="matrix")})
    start = StartProcess(
        flow=known.flow,
        process_key="campaignBrief",
        business_key=aprimo_key("activity", 1),
        revision=1,
        name="x",
        variables={"matrix": "y"},
    )

    with pytest.raises(OwnershipError, match="matrix is not Aprimo's"):
        check([start], bent, writer=Writer.MAIN)
