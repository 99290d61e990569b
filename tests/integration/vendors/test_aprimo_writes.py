"""Fields of every kind of PM object against the real sandbox process, which empties what a write leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.aprimo.client import Client
from pipeline.aprimo.effects import EFFECTS
from pipeline.aprimo.wire import OBJECT_KINDS
from pipeline.commands import Cause, SetFields
from pipeline.ports import NotThere, Sent
from pipeline.words import EventId, JsonValue
from tests.support.aprimo_caller import AprimoCaller
from tests.support.vendor_parts import bounds
from tests.support.vendor_sandbox import Sandbox

CAUSE = Cause(event_id=EventId("ev-1"), plan_number=1)
ITEM = {"description": "Shoot", "quantity": 1, "price": 10, "fiscalYearId": 26, "fiscalPeriodId": 2}
LISTS = [{"extAttributeId": 359, "encodedListItemId": 3591}, {"extAttributeId": 359, "encodedListItemId": 3592}]


@pytest.fixture
def marketer(aprimo_sandbox: Sandbox) -> Iterator[AprimoCaller]:
    caller = AprimoCaller(aprimo_sandbox.base, client_id="marketer-88")
    yield caller
    caller.close()


def made(marketer: AprimoCaller, path: str, id_key: str, **body: Any) -> int:  # noqa: ANN401 -- JSON.
    whole = {"extendedAttributes": [], "multipleValueExtendedAttributes": [], **body}
    answer = marketer.api("POST", path, whole)
    assert answer.ok, answer.text
    return int(answer.json()[id_key])


def write(client: Client, kind: str, object_id: int, fields: dict[str, JsonValue]) -> list[Sent | NotThere]:
    """A look-up, the write, a look-up, and the write again."""
    command = SetFields(object_kind=kind, object_id=object_id, fields=fields)
    effect, key = EFFECTS[command.KIND], command.effect_key(CAUSE)
    calls = (effect.look_up, effect.send, effect.look_up, effect.send)
    return [call(client, command, key, bounds()) for call in calls]


ONCE = [NotThere(), Sent(how="sent"), Sent(how="found"), Sent(how="already")]


def attributes(marketer: AprimoCaller, path: str) -> dict[int, str]:
    return {each["eaId"]: each["eaValue"] for each in marketer.api("GET", path).json()["extendedAttributes"]}


def test_a_generic_object_keeps_its_other_attributes_and_lists(aprimo: Client, marketer: AprimoCaller) -> None:
    case = made(
        marketer,
        "generic-object-alpha",
        "id",
        name="Case",
        extendedAttributes=[{"eaId": 350, "eaValue": "Legal"}],
        multipleValueExtendedAttributes=LISTS,
    )

    assert write(aprimo, "generic_object_alpha", case, {"status": 3, "extrAttr351": "Solved"}) == ONCE

    after = marketer.api("GET", f"generic-object-alpha/{case}").json()
    assert (after["status"], after["name"]) == (3, "Case")
    assert attributes(marketer, f"generic-object-alpha/{case}") == {350: "Legal", 351: "Solved"}
    assert sorted(each["encodedListItemId"] for each in after["multipleValueExtendedAttributes"]) == [3591, 3592]


def test_a_commitment_keeps_its_items_and_its_other_attributes(aprimo: Client, marketer: AprimoCaller) -> None:
    commitment = made(
        marketer,
        "commitments",
        "committedId",
        supplierId=55,
        currencyCode=3,
        ownerId=88,
        commitmentItems=[ITEM],
        extendedAttributes=[{"eaId": 340, "eaValue": "Because"}],
    )

    assert write(aprimo, "commitment", commitment, {"extrAttr341": "10.00", "extrAttr342": "Finance"}) == ONCE

    after = marketer.api("GET", f"commitments/{commitment}").json()
    assert attributes(marketer, f"commitments/{commitment}") == {340: "Because", 341: "10.00", 342: "Finance"}
    assert [each["description"] for each in after["commitmentItems"]] == ["Shoot"]


def test_a_project_keeps_what_is_not_written(aprimo: Client, marketer: AprimoCaller) -> None:
    project = made(marketer, "projects", "projectId", title="Spring", description="Old")

    assert write(aprimo, "project", project, {"description": "New"}) == ONCE

    after = marketer.api("GET", f"projects/{project}").json()
    assert (after["title"], after["description"]) == ("Spring", "New")


def test_a_tasks_due_date_moves_alone_and_with_other_fields(
    aprimo: Client, marketer: AprimoCaller, aprimo_sandbox: Sandbox
) -> None:
    project = made(marketer, "projects", "projectId", title="Spring")
    task = made(marketer, "tasks/simple-tasks", "taskId", name="Copy", projectId=project)

    assert write(aprimo, "task", task, {"endDate": "2026-12-01T17:00:00Z"}) == ONCE
    assert write(aprimo, "task", task, {"endDate": "2026-12-02T17:00:00", "name": "Copy it"}) == ONCE

    after = marketer.api("GET", f"tasks/{task}").json()
    assert (after["name"], after["endDate"][:19]) == ("Copy it", "2026-12-02T17:00:00")
    assert len(aprimo_sandbox.changes(f"task:{task}")) == 3  # Made, moved, moved and named.


def test_an_attribute_of_many_values_is_set_whole_and_read_back(aprimo: Client, marketer: AprimoCaller) -> None:
    case = made(
        marketer, "generic-object-alpha", "id", name="Case", extendedAttributes=[{"eaId": 350, "eaValue": "Legal"}]
    )

    assert write(aprimo, "generic_object_alpha", case, {"extrAttr359": ["3594", "3591"]}) == ONCE
    assert write(aprimo, "generic_object_alpha", case, {"extrAttr359": ["3592"], "extrAttr358": "3583"}) == ONCE

    row = aprimo.object(OBJECT_KINDS["generic_object_alpha"], case, bounds())
    assert row is not None
    assert [row.values[name] for name in ("extrAttr359", "extrAttr358", "extrAttr350")] == [["3592"], "3583", "Legal"]
    assert write(aprimo, "generic_object_alpha", case, {"extrAttr359": []}) == ONCE
