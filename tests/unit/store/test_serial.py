"""Plans survive being JSON, exactly."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import commands
from pipeline.commands import StartProcess
from pipeline.plan import (
    Agreed,
    CommentRow,
    FollowUp,
    FoundDifference,
    LinkChanges,
    Met,
    Notice,
    ProcessRow,
    ReviewRow,
    Wake,
)
from pipeline.store import serial
from pipeline.words import BusinessKey, Decision, EndedBy, ProcessState, ReviewState, Side, Urgency, WakeReason

TEXT = st.text(max_size=8)
MAYBE_TEXT = st.none() | TEXT
NUMBER = st.integers(min_value=-(2**40), max_value=2**40)
TIME = st.datetimes(timezones=st.just(UTC))
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
SIDE = st.sampled_from(Side)
AGREED = st.builds(Agreed, value=JSON, owner=SIDE, written_by=TEXT, at=TIME)
PROCESS = st.builds(
    ProcessRow,
    revision=NUMBER,
    process_key=TEXT,
    state=st.sampled_from(ProcessState),
    instance_id=MAYBE_TEXT,
    item_version=TEXT,
    seen_hash=TEXT,
    ended_by=st.none() | st.sampled_from(EndedBy),
    outcome=TEXT,
    started_effect=TEXT,
)
REVIEW = st.builds(
    ReviewRow,
    revision=NUMBER,
    stakeholder=TEXT,
    state=st.sampled_from(ReviewState),
    task_id=TEXT,
    opened_at=st.none() | TIME,
    assignee=TEXT,
    due_at=st.none() | TIME,
    escalated_at=st.none() | TIME,
    decision=st.none() | st.sampled_from(Decision),
    outcome_raw=TEXT,
    by=TEXT,
    at=st.none() | TIME,
    comment=TEXT,
    item_version=TEXT,
    evidence=TEXT,
)
COMMENT = st.builds(CommentRow, origin=SIDE, origin_id=TEXT, author=TEXT, text=TEXT, at=TIME, target_id=TEXT)
WAKE = st.just(Wake(at=None)) | st.builds(Wake, at=TIME, reason=st.sampled_from(WakeReason))
NOTICE = st.builds(Notice, code=TEXT, text=TEXT, person=TEXT)
DIFFERENCE = st.builds(FoundDifference, field=TEXT, ours=JSON, theirs=JSON, cause=TEXT, policy=TEXT)
FOLLOW_UP = st.builds(
    FollowUp,
    line_key=TEXT,
    subject=TEXT,
    flow=TEXT,
    type=TEXT,
    side=SIDE,
    data=st.dictionaries(TEXT, JSON, max_size=3),
    urgency=st.sampled_from(Urgency),
)
MET = st.builds(Met, side=SIDE, user=TEXT, name=TEXT, match=TEXT, how=TEXT)


def _some(rows: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(rows, max_size=2).map(tuple)


CHANGES = st.builds(
    LinkChanges,
    state=MAYBE_TEXT,
    revision=st.none() | NUMBER,
    agreed=st.dictionaries(TEXT, AGREED, max_size=2),
    seen=st.dictionaries(TEXT, TEXT, max_size=2),
    processes=_some(PROCESS),
    reviews=_some(REVIEW),
    comments=_some(COMMENT),
    wake=st.none() | WAKE,
    notices=_some(NOTICE),
    differences=_some(DIFFERENCE),
    people=_some(MET),
)


@given(value=st.one_of(CHANGES, AGREED, PROCESS, REVIEW, COMMENT, WAKE, NOTICE, DIFFERENCE, MET, FOLLOW_UP))
def test_every_part_of_a_plan_comes_back_exactly(value: Any) -> None:  # noqa: ANN401 - Any part.
    stored = json.loads(json.dumps(serial.dump(value)))

    loaded = serial.load(type(value), stored)

    assert loaded == value
    assert type(loaded) is type(value)
    assert [type(getattr(loaded, field.name)) for field in dataclasses.fields(value)] == [
        type(getattr(value, field.name)) for field in dataclasses.fields(value)
    ]


def test_a_time_of_another_zone_comes_back_as_the_same_moment_in_utc() -> None:
    wake = Wake(at=datetime(2026, 1, 12, 12, 0, tzinfo=timezone(timedelta(hours=1))), reason=WakeReason.SPEND)

    assert serial.load(Wake, json.loads(json.dumps(serial.dump(wake)))) == dataclasses.replace(
        wake, at=datetime(2026, 1, 12, 11, 0, tzinfo=UTC)
    )


def test_a_field_of_a_newer_version_is_refused() -> None:
    with pytest.raises(TypeError, match="shade"):
        serial.load(Notice, {"code": "c", "text": "t", "person": "", "shade": "dark"})


def test_a_field_that_an_older_version_did_not_write_has_its_default() -> None:
    assert serial.load(Notice, {"code": "c", "text": "t"}) == Notice(code="c", text="t")


def test_a_fraction_is_refused() -> None:
    with pytest.raises(TypeError, match="no JSON form for float"):
        serial.dump({"budget": 0.1})


def test_a_command_comes_back_with_its_tuples() -> None:
    command = StartProcess(
        flow="campaign_brief",
        process_key="campaignBrief",
        business_key=BusinessKey("aprimo:activity:1"),
        revision=1,
        name="Brief",
        variables={"regions": ["DACH"]},
        secret_variables=("signoffToken",),
        expects={"state": 2},
        undoes="end:p-1",
    )
    stored = json.loads(json.dumps(commands.dump(command)))

    assert commands.load(command.KIND, stored, expects={"state": 2}, undoes="end:p-1") == command
