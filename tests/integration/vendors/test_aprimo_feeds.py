"""The pollers' feeds against the real sandbox process, one of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.aprimo.client import Client
from pipeline.aprimo.feeds import Feed
from pipeline.aprimo.options import UNDATED_KINDS
from pipeline.flows.tenant import FlowWords
from tests.support.aprimo_caller import AprimoCaller
from tests.support.aprimo_dam import DamCaller
from tests.support.vendor_parts import aprimo_options, bounds, new_aprimo, words
from tests.support.vendor_sandbox import Sandbox

NO_ATTRIBUTES = {"extendedAttributes": [], "multipleValueExtendedAttributes": []}
AT_ONCE = {"set-immediateSearchIndexUpdate": "true"}


@pytest.fixture
def marketer(aprimo_sandbox: Sandbox) -> Iterator[AprimoCaller]:
    caller = AprimoCaller(aprimo_sandbox.base, client_id="marketer-88")
    yield caller
    caller.close()


def of_kind(kind: str) -> FlowWords:
    return replace(words(), object_kind=kind, type_ids=frozenset({17}) if kind == "activity" else frozenset())


def changed(client: Client, kind: str, *, from_s: float = -300.0, to_s: float = 5.0) -> list[list[int | str]]:
    """Ids per page of what changed between these moments, counted from now."""
    now = datetime.now(UTC)
    window = (now + timedelta(seconds=from_s), now + timedelta(seconds=to_s))
    pages = Feed(client, [of_kind(kind)]).changed(kind, *window, bounds())
    return [[item.object_id for item in page.items] for page in pages]


def make(marketer: AprimoCaller, path: str, id_key: str, body: dict[str, object]) -> int:
    answer = marketer.api("POST", path, {**body, **NO_ATTRIBUTES})
    assert answer.ok, answer.text
    return int(answer.json()[id_key])


def test_a_window_of_activities_is_read_whole_and_of_no_other_type(aprimo: Client, marketer: AprimoCaller) -> None:
    ids = [int(marketer.make_activity(name=f"Brief {number}")["activityId"]) for number in range(7)]
    marketer.make_activity(activityTypeId=18)

    assert changed(aprimo, "activity") == [ids[:3], ids[3:6], ids[6:]]
    assert changed(aprimo, "activity", from_s=5.0, to_s=9.0) == [[]]


def test_tasks_projects_and_commitments_are_read_by_their_last_change(aprimo: Client, marketer: AprimoCaller) -> None:
    project = make(marketer, "projects", "projectId", {"title": "Spring"})
    task = make(marketer, "tasks/simple-tasks", "taskId", {"name": "Copy", "projectId": project})
    item = {"description": "Shoot", "quantity": 1, "price": 10, "fiscalYearId": 26, "fiscalPeriodId": 2}
    commitment = make(
        marketer,
        "commitments",
        "committedId",
        {"supplierId": 55, "currencyCode": 3, "ownerId": 88, "commitmentItems": [item]},
    )

    made = {"project": project, "task": task, "commitment": commitment}
    assert {kind: changed(aprimo, kind) for kind in made} == {kind: [[number]] for kind, number in made.items()}
    assert changed(aprimo, "project", from_s=5.0, to_s=9.0) == [[]]


def test_generic_objects_are_compared_or_where_the_tenant_dates_them_searched(
    aprimo: Client, marketer: AprimoCaller, aprimo_sandbox: Sandbox
) -> None:
    ids = [make(marketer, "generic-object-alpha", "id", {"name": f"Case {number}"}) for number in range(4)]
    feed = Feed(aprimo, [of_kind("generic_object_alpha")])
    before = [row for page in feed.listed("generic_object_alpha", bounds()) for row in page]
    marketer.api("PUT", f"generic-object-alpha/{ids[2]}", {"name": "Another", **NO_ATTRIBUTES})
    after = [row for page in feed.listed("generic_object_alpha", bounds()) for row in page]
    options = replace(aprimo_options(aprimo_sandbox.base), undated_kinds=UNDATED_KINDS - {"generic_object_alpha"})
    dating = new_aprimo(aprimo_sandbox.base, options=options)

    assert [row.object_id for row in before] == ids
    assert [old.object_id for old, new in zip(before, after, strict=True) if old.row_hash != new.row_hash] == [ids[2]]
    assert changed(dating, "generic_object_alpha") == [ids[:3], ids[3:]]


def test_records_are_read_by_their_last_change_and_a_new_version_is_one(
    aprimo: Client, marketer: AprimoCaller
) -> None:
    dam = DamCaller(marketer)
    ids = [dam.make(headers=AT_ONCE) for _ in range(4)]
    feed = Feed(aprimo, [of_kind("record")])
    now = datetime.now(UTC)
    window = (now - timedelta(seconds=60), now + timedelta(seconds=60))
    before = {item.dedupe_key for page in feed.changed("record", *window, bounds()) for item in page.items}
    token = dam.upload(b"new").json()["token"]
    files = {"files": {"master": token, **dam.version(token)}}
    assert dam.send("PUT", f"record/{ids[0]}", files, headers=AT_ONCE).status_code == 204
    after = {item.dedupe_key for page in feed.changed("record", *window, bounds()) for item in page.items}

    assert changed(aprimo, "record") == [ids[1:], [ids[0]]]
    (told,) = after - before
    assert told.split(":")[1] == ids[0]
    assert told.split(":")[-1] == dam.master(ids[0])["id"]


def test_a_window_of_more_records_than_can_be_paged_through_is_read_whole(
    marketer: AprimoCaller, aprimo_sandbox: Sandbox
) -> None:
    dam = DamCaller(marketer)
    ids = {dam.make(headers=AT_ONCE) for _ in range(9)}
    options = replace(aprimo_options(aprimo_sandbox.base), max_hits=4)
    splitting = new_aprimo(aprimo_sandbox.base, options=options)

    pages = changed(splitting, "record")

    assert {each for page in pages for each in page} == ids
