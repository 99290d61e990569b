"""What is read beside the items, against the real sandbox process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.aprimo.client import Client
from pipeline.aprimo.effects import EFFECTS
from pipeline.aprimo.users import Users
from pipeline.aprimo.vendor import AprimoVendor
from pipeline.commands import AddAnnotation, AddCheck, Cause, Command
from pipeline.feeds import AprimoUser
from pipeline.plan import Snapshot, Want
from pipeline.words import EventId, Side
from tests.support.aprimo_caller import AprimoCaller
from tests.support.aprimo_dam import DamCaller
from tests.support.vendor_parts import FLOW, bounds, words
from tests.support.vendor_sandbox import Sandbox

CAUSE = Cause(event_id=EventId("ev-1"), plan_number=1)


@pytest.fixture
def vendor(aprimo: Client) -> AprimoVendor:
    return AprimoVendor(aprimo, {FLOW: words()}, wait_s=lambda *_: 0.0)


@pytest.fixture
def marketer(aprimo_sandbox: Sandbox) -> Iterator[DamCaller]:
    caller = AprimoCaller(aprimo_sandbox.base, client_id="marketer-88")
    yield DamCaller(caller)
    caller.close()


def seen(vendor: AprimoVendor, kind: str, object_id: object) -> Snapshot:
    want = Want(flow=FLOW, side=Side.APRIMO, kind=kind, object_id=str(object_id))
    outcome = vendor.read([want], bounds())[want]
    assert isinstance(outcome, Snapshot), outcome
    return outcome


def carry(client: Client, command: Command) -> None:
    EFFECTS[command.KIND].send(client, command, command.effect_key(CAUSE), bounds())


def test_what_was_said_of_a_version_is_read_with_its_author_and_ours_is_known_as_ours(
    vendor: AprimoVendor, marketer: DamCaller, aprimo_sandbox: Sandbox
) -> None:
    record_id, version = marketer.make_with_file()
    remark = {"fileVersionId": version["id"], "comments": "Logo too small", "userId": 88}
    aprimo_sandbox.admin("POST", "annotations", remark)
    carry(
        vendor.client,
        AddCheck(
            record_id=record_id,
            file_version_id=version["id"],
            check="Legal check",
            outcome="pass",
            description="Fine.",
            origin="task-1",
        ),
    )

    snapshot = seen(vendor, "latest_version", record_id)

    assert [(each.author, each.text) for each in snapshot.comments] == [("Requester One", "Logo too small")]
    results = snapshot.values["check_results"]
    assert isinstance(results, list)
    assert [(each["check"], each["outcome"], each["is_ours"]) for each in results if isinstance(each, dict)] == [
        ("Legal check", "pass", True)
    ]
    assert snapshot.values["is_latest"] is True
    assert snapshot.values == seen(vendor, "file_version", version["id"]).values


def test_a_funding_account_and_a_spend_that_is_booked(vendor: AprimoVendor, aprimo_sandbox: Sandbox) -> None:
    before = seen(vendor, "funding_summary", 411).values
    aprimo_sandbox.admin("PUT", "funding-accounts/411", {"committed": 49_000})
    after = seen(vendor, "funding_summary", 411).values

    assert (before["currency"], before["budget"], before["total_commit"]) == ("USD", "50000.00", "0.00")
    assert (after["total_commit"], after["available_budget"]) == ("49000.00", "1000.00")


def test_an_assets_remarks_are_read_and_what_we_carried_is_not(vendor: AprimoVendor, marketer: DamCaller) -> None:
    asset = {"title": "Hero", "extendedAttributes": [], "multipleValueExtendedAttributes": []}
    asset_id = marketer.caller.api("POST", "digital-assets", asset).json()["digitalAssetId"]
    note = {"type": "rectangle", "page": 1, "authorId": 88, "content": {"comment": "Too dark"}}
    marketer.caller.api("POST", f"assets/{asset_id}/versions/1/annotations-data", note)
    carry(
        vendor.client, AddAnnotation(asset_id=asset_id, version=1, origin="opentext", origin_id="c-1", text="Carried")
    )

    comments = seen(vendor, "asset_version", f"{asset_id}/1").comments

    assert [(each.author, each.text) for each in comments] == [("Requester One", "Too dark")]


def test_a_user_is_found_by_id_and_by_e_mail(aprimo: Client) -> None:
    one = AprimoUser(id="88", email="requester.one@example.test", name="Requester One")
    users = Users(aprimo)

    assert users.user("88", bounds()) == one
    assert users.by_email("requester.one@example.test", bounds()) == one
    assert users.user("12345", bounds()) is None
    assert users.by_email("nobody@example.test", bounds()) is None
