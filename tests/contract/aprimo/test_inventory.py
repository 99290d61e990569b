"""All items of a flow in bulk: which list is read, what its rows carry, and where the next page begins."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.aprimo.client import Client
from pipeline.aprimo.inventory import Items
from pipeline.aprimo.vendor import AprimoVendor
from pipeline.flows.tenant import FieldWord, FlowWords, ItemWords
from pipeline.plan import Snapshot, Want
from pipeline.ports.inventory import ItemPage
from pipeline.words import Side
from tests.contract.aprimo.test_dam import FIELDS, WORDS
from tests.support import insight_world
from tests.support.samples import sample
from tests.support.scripted_http import Given, ScriptedVendor, SentCall
from tests.support.vendor_parts import FLOW, aprimo_options, bounds, new_aprimo, words

BASE = "https://acme.aprimo.test"
SEARCH, LIST = "POST /api/activities/search", "GET /api/activities"
CASES = "GET /api/generic-object-alpha"
USERS = "POST /api/users/search"
RECORDS = "POST /api/core/search/records"
NOW = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)
SINCE = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)
PUBLISHED = ItemWords(
    kind="record",
    type_ids=frozenset({"LocalizedAsset"}),
    state_wire="",
    states={},
    fields={},
    link_template="",
)
"""The records of another type that a flow works on."""
PUBLISHED_AS_ASSET = replace(PUBLISHED, type_ids=frozenset({"Asset"}))


class Placing:
    """A flow's own tables that look at classifications."""

    def reads_classifications(self) -> bool:
        return True


@pytest.fixture
def scripted() -> ScriptedVendor:
    return ScriptedVendor(token_path="/login/connect/token")


@pytest.fixture
def client(scripted: ScriptedVendor) -> Client:
    return new_aprimo(BASE, new_adapter=scripted.adapter)


def pages(client: Client, told: FlowWords, *, since: datetime | None = None, cursor: str = "") -> list[ItemPage]:
    items = Items(client, {told.flow: told}, now=lambda: NOW)
    return list(items.items(told.flow, since, cursor, bounds()))


def ids(given: list[ItemPage]) -> list[list[str]]:
    return [[item.want.object_id for item in page.items] for page in given]


def activities(*rows: dict[str, Any], has_next: bool = False) -> dict[str, Any]:
    links = {"next": {"href": "/api/activities/search?limit=3&offset=3"}} if has_next else {}
    return {"_total": 9, "_embedded": {"Activity": list(rows)}, "_links": links} if has_next else _last(*rows)


def _last(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"_embedded": {"Activity": list(rows)}, "_links": {}}


def activity(number: int, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON.
    whole = sample("aprimo", "activity_submitted")
    return {**whole, "activityId": number, **fields}


def record(number: int, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON.
    whole = sample("aprimo", "record_for_review_flat")
    row = {**whole, "id": f"{number:032x}", "createdOn": f"2026-02-01T08:00:{number:02d}Z", "classifications": None}
    return {**row, "masterfile": None, "preview": None, **fields}


def found(*rows: dict[str, Any], has_next: bool = False) -> dict[str, Any]:
    return {"items": list(rows), "pageSize": 3, "_links": {"next": {"href": "/2"}} if has_next else {}}


# ---- Productivity Management ---------------------------------------------------------------------------------------


def test_activities_of_the_flows_types_are_paged_through_and_each_page_says_where_the_next_begins(
    scripted: ScriptedVendor, client: Client
) -> None:
    scripted.on(USERS, sample("aprimo", "search_page_last") | {"_embedded": {"user": []}, "_links": {}})
    scripted.on("GET /api/users/88", sample("aprimo", "user_88"))
    first = [activity(number) for number in (1, 2, 3)]
    scripted.on(SEARCH, activities(*first, has_next=True), activities(activity(4)))

    given = pages(client, words())

    assert (ids(given), [page.cursor for page in given]) == ([["1", "2", "3"], ["4"]], ["3", ""])
    searches = [call for call in scripted.calls if call.line == SEARCH]
    assert [call.query for call in searches] == [{"limit": "3", "offset": each} for each in ("0", "3")]
    assert searches[0].json == {"and": [{"equals": {"fieldName": "activityTypeId", "fieldValue": 17}}]}
    assert [page.is_whole for page in given] == [True, True]


def test_a_row_of_a_list_says_what_a_read_of_it_says(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on("GET /api/users/88", sample("aprimo", "user_88"))
    scripted.on("GET /api/activities/5012", activity(5012))
    scripted.on(SEARCH, activities(activity(5012)))
    want = Want(flow=FLOW, side=Side.APRIMO, kind="activity", object_id="5012")
    vendor = AprimoVendor(client, {FLOW: words()}, wait_s=lambda *_: 0.0, now=lambda: NOW)

    listed = pages(client, words())[0].items[0]

    assert vendor.read([want], bounds())[want] == listed
    assert listed.values["state"] == "submitted"


def test_paging_goes_on_from_a_cursor(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on(SEARCH, activities(activity(4, ownerId=None)))

    given = pages(client, words(), cursor="3")

    assert ids(given) == [["4"]]
    assert [call.query["offset"] for call in scripted.calls] == ["3"]


def test_only_what_changed_since_then_is_asked_for(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on(SEARCH, activities(activity(4, ownerId=None)))

    pages(client, words(), since=SINCE)

    changed = {"greaterthanorequalto": {"fieldName": "modifiedDate", "fieldValue": "2026-02-03T10:00:00"}}
    types = {"equals": {"fieldName": "activityTypeId", "fieldValue": 17}}
    assert scripted.calls[0].json == {"and": [changed, types]}


def test_a_kind_whose_rows_have_no_date_is_listed_whole_whatever_is_asked(
    scripted: ScriptedVendor, client: Client
) -> None:
    scripted.on(CASES, {"_embedded": {"items": [{"id": 7, "status": 2, "extendedAttributes": []}]}, "_links": {}})
    told = replace(words(), object_kind="generic_object_alpha", type_ids=frozenset(), state_wire="status")

    given = pages(client, told, since=SINCE)

    assert ids(given) == [["7"]]
    assert given[0].items[0].values["state"] == "submitted"
    assert scripted.lines() == [CASES]


def test_rows_without_extended_attributes_say_so_and_keep_what_they_have(
    scripted: ScriptedVendor, client: Client
) -> None:
    """An attribute that a row does not have is not an empty one."""
    bare = {name: value for name, value in activity(5).items() if name != "extendedAttributes"}
    scripted.on("GET /api/users/88", sample("aprimo", "user_88"))
    scripted.on(SEARCH, activities(activity(4), bare))

    (page,) = pages(client, words())

    assert (page.is_whole, page.lacks) == (False, ("extended attributes",))
    assert "budget" in page.items[0].values
    assert {"budget", "case", "regions", "matrix", "project"} & set(page.items[1].values) == set()
    assert page.items[1].values["name"] == activity(5)["name"]


def test_where_the_tenants_lists_are_not_whole_no_page_is(scripted: ScriptedVendor) -> None:
    options = replace(aprimo_options(BASE), are_lists_whole=False)
    scripted.on(SEARCH, activities(activity(4, ownerId=None)))

    (page,) = pages(new_aprimo(BASE, new_adapter=scripted.adapter, options=options), words())

    assert (page.is_whole, page.lacks) == (False, ())


def test_the_people_of_a_page_are_looked_up_together_and_once(scripted: ScriptedVendor, client: Client) -> None:
    one, two = ({"userId": each, "email": f"{each}@example.test", "firstName": "Owner"} for each in (88, 91))
    scripted.on(USERS, {"_embedded": {"user": [one, two]}, "_links": {}})
    rows = [activity(1, ownerId=88), activity(2, ownerId=91)]
    scripted.on(SEARCH, activities(*rows))

    pages(client, words())
    given = pages(client, words())

    assert [item.values["owner"] for item in given[0].items] == [
        {"id": each, "email": f"{each}@example.test", "name": "Owner"} for each in (88, 91)
    ]
    assert scripted.lines() == [SEARCH, USERS, SEARCH]


@pytest.mark.parametrize(
    ("second", "total", "has_moved"), [((4, 5, 6), 9, False), ((4, 5, 6), 8, True), ((3, 4, 5), 9, True)]
)
def test_a_list_that_does_not_stand_still_while_it_is_paged_through_gives_itself_away(
    scripted: ScriptedVendor, client: Client, second: tuple[int, ...], total: int, *, has_moved: bool
) -> None:
    """Its total is another, or a row comes again: another one may have slipped between two pages."""
    before = activities(*(activity(each, ownerId=None) for each in (1, 2, 3)), has_next=True)
    after = activities(*(activity(each, ownerId=None) for each in second), has_next=False)
    scripted.on(SEARCH, before, after | {"_total": total} if total == 8 else after)

    assert [page.has_moved for page in pages(client, words())][:2] == [False, has_moved]


def test_a_row_that_cannot_be_read_fails_no_other_and_is_told_of_by_whose_it_is(
    scripted: ScriptedVendor, client: Client
) -> None:
    whose = activity(5, modifiedDate="whenever")
    scripted.on(SEARCH, activities({"activityId": "five"}, activity(4, ownerId=None), whose, {}))

    (page,) = pages(client, words())

    assert (ids([page]), page.unread, page.nameless) == ([["4"]], ("aprimo:activity:5",), 2)


# ---- the DAM -------------------------------------------------------------------------------------------------------


@pytest.fixture
def dam(scripted: ScriptedVendor, client: Client) -> Client:
    scripted.on(FIELDS, sample("aprimo", "field_definitions"))
    scripted.on("GET /api/core/classifications", {"items": []})
    return client


def of_records(*types: str) -> FlowWords:
    return replace(WORDS, type_ids=frozenset(types))


def test_records_are_searched_in_the_order_of_their_making_with_all_that_rows_can_carry(
    scripted: ScriptedVendor, dam: Client
) -> None:
    scripted.on(RECORDS, found(record(1), record(2), record(3), has_next=True), found(record(4)))

    given = pages(dam, of_records("Asset"))

    assert ids(given) == [[f"{each:032x}" for each in (1, 2, 3)], [f"{4:032x}"]]
    assert given[1].items[0].created_at == datetime(2026, 2, 1, 8, 0, 4, tzinfo=UTC)
    assert [page.cursor for page in given] == ["1970-01-01T00:00:00Z 2", ""]
    searches = [call for call in scripted.calls if call.line == RECORDS]
    assert [call.query for call in searches] == [
        {"page": each, "pageSize": "3", "sort": "CreatedOn"} for each in ("1", "2")
    ]
    assert searches[0].json["searchExpression"]["expression"] == "CreatedOn >= @from"
    assert searches[0].headers["select-record"] == "fields, masterfilelatestversion, modifiedby"
    assert searches[0].headers["select-record-fields"].startswith("ReviewState, CampaignCode, Markets")


def test_changed_records_are_searched_by_their_last_change(scripted: ScriptedVendor, dam: Client) -> None:
    scripted.on(RECORDS, found(record(1)))

    pages(dam, of_records("Asset"), since=SINCE)

    search = next(call for call in scripted.calls if call.line == RECORDS)
    told = search.json["searchExpression"]
    assert (told["expression"], told["namedParameters"]) == ("ModifiedOn >= @from", {"from": "2026-02-03T10:00:00Z"})


def test_a_row_of_a_record_has_no_classifications_instead_of_none_at_all(
    scripted: ScriptedVendor, dam: Client
) -> None:
    scripted.on(RECORDS, found(record(1)))

    (page,) = pages(dam, of_records("Asset"))

    values = page.items[0].values
    assert {"classifications", "file_id", "preview_link"} & set(values) == set()
    assert (values["campaign"], page.is_whole) == ("SPRING-26", True)
    assert _version_of(page.items[0]) == "44cc22bb33cc44dd55ee66ff77008899"


def test_records_of_a_flow_that_looks_at_classifications_are_not_whole(scripted: ScriptedVendor, dam: Client) -> None:
    scripted.on(RECORDS, found(record(1)))

    (page,) = pages(dam, replace(of_records("Asset"), terms=Placing()))

    assert (page.is_whole, page.lacks) == (False, ("classifications",))


def test_assets_with_lines_of_their_own_follow_the_campaigns_whose_reviews_they_are_of(
    scripted: ScriptedVendor, dam: Client
) -> None:
    scripted.on(SEARCH, activities(activity(4, ownerId=None)))
    scripted.on(RECORDS, found(record(1), has_next=True), found(record(2)))
    told = replace(insight_world.words(), also={"asset": PUBLISHED_AS_ASSET})

    given = pages(dam, told, since=SINCE)

    assert ids(given) == [["4"], [f"{1:032x}"], [f"{2:032x}"]]
    assert [page.cursor for page in given] == ["records ", "records 2026-02-03T10:00:00Z 2", ""]
    assert [page.lacks for page in given] == [(), ("classifications",), ("classifications",)]
    assert [page.is_whole for page in given] == [True, True, True]
    assert {item.want.role for page in given[1:] for item in page.items} == {"asset"}


def test_paging_goes_on_among_the_assets(scripted: ScriptedVendor, dam: Client) -> None:
    scripted.on(RECORDS, found(record(2)))
    told = replace(insight_world.words(), also={"asset": PUBLISHED_AS_ASSET})

    given = pages(dam, told, cursor="records 2026-02-03T10:00:00Z 2")

    assert ids(given) == [[f"{2:032x}"]]
    assert [call.query["page"] for call in scripted.calls if call.line == RECORDS] == ["2"]


def test_a_search_that_shows_no_fields_gives_none(scripted: ScriptedVendor, dam: Client) -> None:
    scripted.on(RECORDS, found(record(1, fields=None)))

    (page,) = pages(dam, of_records("Asset"))

    assert (page.is_whole, page.lacks) == (False, ("fields",))
    assert {"campaign", "state"} & set(page.items[0].values) == set()
    assert page.items[0].values["type_id"] == "Asset"


def test_records_of_other_types_are_no_items_of_the_flow(scripted: ScriptedVendor, dam: Client) -> None:
    scripted.on(RECORDS, found(record(1, contentType="Template"), record(2)))

    assert ids(pages(dam, of_records("Asset"))) == [[f"{2:032x}"]]


def test_a_row_of_a_record_that_cannot_be_read_or_may_be_of_any_type_is_told_of(
    scripted: ScriptedVendor, dam: Client
) -> None:
    bad = [record(1, modifiedOn="whenever"), record(3, contentType=None), record(4, id=None)]
    scripted.on(RECORDS, found(*bad, record(2), record(5, contentType="Template", modifiedOn="whenever")))

    (page,) = pages(dam, of_records("Asset"))

    unread = tuple(f"aprimo:record:{each:032x}" for each in (1, 3))
    assert (ids([page]), page.unread, page.nameless) == ([[f"{2:032x}"]], unread, 1)


def test_records_of_a_role_come_with_the_items_each_in_its_role(scripted: ScriptedVendor, dam: Client) -> None:
    """They stand on the same list, so they cost no page."""
    remark = FieldWord(name="remark", wire="MarketRemark")
    role = replace(PUBLISHED, fields={"title": FieldWord(name="title", wire="Title"), "remark": remark})
    scripted.on(RECORDS, found(record(1, contentType="LocalizedAsset"), record(2), record(3, contentType="Template")))

    (page,) = pages(dam, replace(of_records("Asset"), also={"localized": role}))

    assert [(each.want.object_id, each.want.role) for each in page.items] == [
        (f"{1:032x}", "localized"),
        (f"{2:032x}", ""),
    ]
    assert ("campaign" in page.items[0].values, "remark" in page.items[0].values) == (False, True)
    search = next(call for call in scripted.calls if call.line == RECORDS)
    assert search.headers["select-record-fields"].split(", ")[-1] == "MarketRemark"


def test_objects_of_another_kind_are_on_no_list_of_the_flows(scripted: ScriptedVendor, dam: Client) -> None:
    role = replace(PUBLISHED, kind="activity")
    scripted.on(RECORDS, found(record(1, contentType="LocalizedAsset"), record(2)))

    assert ids(pages(dam, replace(of_records("Asset"), also={"campaign": role}))) == [[f"{2:032x}"]]


def test_what_cannot_be_paged_through_is_searched_from_the_last_rows_time_on(scripted: ScriptedVendor) -> None:
    options = replace(aprimo_options(BASE), max_hits=6)
    client = new_aprimo(BASE, new_adapter=scripted.adapter, options=options)
    scripted.on(FIELDS, sample("aprimo", "field_definitions"))

    def answer(call: SentCall) -> Given:
        since, page = call.json["searchExpression"]["namedParameters"]["from"], int(call.query["page"])
        rows = [record(each) for each in range(1, 11) if record(each)["createdOn"] >= since]
        return Given(body=found(*rows[3 * page - 3 : 3 * page], has_next=len(rows) > 3 * page))

    scripted.on(RECORDS, answer)

    given = pages(client, of_records("Asset"))

    assert [[int(each, 16) for each in page] for page in ids(given)] == [[1, 2, 3], [4, 5, 6], [6, 7, 8], [9, 10]]
    assert given[1].cursor == "2026-02-01T08:00:06Z 1"
    assert not any(page.has_moved or page.nameless for page in given)
    assert ids(pages(client, of_records("Asset"), cursor=given[1].cursor)) == ids(given)[2:]


def test_more_records_of_one_moment_than_can_be_paged_through_hold_no_others_and_are_told_of(
    scripted: ScriptedVendor,
) -> None:
    options = replace(aprimo_options(BASE), max_hits=3)
    client = new_aprimo(BASE, new_adapter=scripted.adapter, options=options)
    scripted.on(FIELDS, sample("aprimo", "field_definitions"))
    same = [record(each, createdOn="2026-02-01T08:00:00Z") for each in (1, 2, 3)]
    scripted.on(RECORDS, found(*same, has_next=True), found(*same, has_next=True), found(record(4)))

    given = pages(client, of_records("Asset"))

    assert [page.cursor for page in given] == ["2026-02-01T08:00:00Z 1", "2026-02-01T08:00:00.001000Z 1", ""]
    assert ids(given)[-1] == [f"{4:032x}"]
    assert [page.nameless for page in given] == [0, 1, 0]


def _version_of(item: Snapshot) -> object:
    version = item.values["file_version"]
    return version["id"] if isinstance(version, dict) else None
