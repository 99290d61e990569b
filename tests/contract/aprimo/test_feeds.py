"""What the pollers read of Aprimo: windows of kinds that say when they changed, and lists of those that do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.aprimo.client import Client
from pipeline.aprimo.feeds import Feed
from pipeline.errors import PermanentError
from pipeline.feeds import ChangedItem, ListedItem, Page
from pipeline.flows.tenant import FlowWords, ItemWords
from pipeline.keys import digest
from tests.support.samples import sample
from tests.support.scripted_http import Given, ScriptedVendor, SentCall
from tests.support.vendor_parts import aprimo_options, bounds, new_aprimo, words

BASE = "https://acme.aprimo.test"
SEARCH = "POST /api/activities/search"
RECORDS = "POST /api/core/search/records"
SINCE = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)
UNTIL = datetime(2026, 2, 3, 11, 0, tzinfo=UTC)
ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"


def of_kind(kind: str, *type_ids: int | str, **also: ItemWords) -> FlowWords:
    return replace(words(), object_kind=kind, type_ids=frozenset(type_ids), also=also)


def other(kind: str, *type_ids: int | str) -> ItemWords:
    return ItemWords(kind=kind, type_ids=frozenset(type_ids), state_wire="", states={}, fields={}, link_template="")


@pytest.fixture
def scripted() -> ScriptedVendor:
    return ScriptedVendor(token_path="/login/connect/token")


@pytest.fixture
def client(scripted: ScriptedVendor) -> Client:
    return new_aprimo(BASE, new_adapter=scripted.adapter)


def changed(client: Client, kind: str, *said: FlowWords) -> list[Page]:
    return list(Feed(client, said or [of_kind(kind)]).changed(kind, SINCE, UNTIL, bounds()))


def ids(pages: list[Page]) -> list[int | str]:
    return [item.object_id for page in pages for item in page.items]


# ---- which kinds ---------------------------------------------------------------------------------------------------


def test_every_kind_that_a_flow_names_is_read_and_only_those(client: Client) -> None:
    flows = [
        of_kind("commitment", campaign=other("activity", 17), asset=other("record")),
        of_kind("generic_object_alpha"),
        of_kind("project", request=other("generic_object_bravo"), unread=other("supplier")),
    ]

    feed = Feed(client, flows)

    assert feed.dated == ("commitment", "activity", "record", "project")
    assert feed.undated == ("generic_object_alpha", "generic_object_bravo")
    assert (Feed(client, []).dated, Feed(client, []).undated) == ((), ())


def test_which_kinds_say_when_they_changed_is_the_tenants_matter(scripted: ScriptedVendor) -> None:
    options = replace(aprimo_options(BASE), undated_kinds=frozenset({"task", "record"}))
    kinds = ("task", "generic_object_alpha", "record")
    feed = Feed(new_aprimo(BASE, options=options), [of_kind(kind) for kind in kinds])

    assert (feed.dated, feed.undated) == (("generic_object_alpha", "record"), ("task",))


def test_types_of_all_flows_are_asked_for_and_all_where_one_takes_every_type(
    scripted: ScriptedVendor, client: Client
) -> None:
    scripted.on(SEARCH, {"_total": 0, "_embedded": {}})
    some = [of_kind("activity", 17), of_kind("commitment", campaign=other("activity", 18))]

    changed(client, "activity", *some)
    changed(client, "activity", *some, of_kind("activity"))

    asked = [call.json["and"][2:] for call in scripted.calls]
    types = [{"equals": {"fieldName": "activityTypeId", "fieldValue": number}} for number in (17, 18)]
    assert asked == [[{"or": types}], []]


# ---- Productivity Management ---------------------------------------------------------------------------------------


def test_a_window_is_read_page_by_page_to_its_end(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on(SEARCH, sample("aprimo", "search_page_with_more"), sample("aprimo", "search_page_last"))

    pages = changed(client, "activity", words())

    assert [len(page.items) for page in pages] == [2, 1]
    assert [call.query["offset"] for call in scripted.calls] == ["0", "2"]
    assert scripted.calls[0].json == {
        "and": [
            {"greaterthanorequalto": {"fieldName": "modifiedDate", "fieldValue": "2026-02-03T10:00:00"}},
            {"lessthan": {"fieldName": "modifiedDate", "fieldValue": "2026-02-03T11:00:00"}},
            {"equals": {"fieldName": "activityTypeId", "fieldValue": 17}},
        ]
    }


def test_a_row_keeps_the_vendors_own_time_and_has_no_fractions(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on(SEARCH, sample("aprimo", "search_page_with_more"), sample("aprimo", "search_page_last"))

    page = changed(client, "activity", words())[0]

    row = {"activityId": 5013, "activityTypeId": 17, "modifiedDate": "2026-02-03T10:15:31", "totalCost": "12.5"}
    assert page.total == 3
    assert page.items[1] == ChangedItem(
        kind="activity",
        object_id=5013,
        modified_at=datetime(2026, 2, 3, 10, 15, 31, tzinfo=UTC),
        dedupe_key=f"aprimo.pm.poll:activity:5013:2026-02-03T10:15:31:{digest(row)}",
        row=row,
        type_id=17,
    )


def test_a_server_that_gives_less_than_asked_is_followed_by_its_total(
    scripted: ScriptedVendor, client: Client
) -> None:
    rows = [{"activityId": number, "modifiedDate": "2026-02-03T10:15:30"} for number in range(5)]

    def two_at_most(call: SentCall) -> Given:
        offset = int(call.query["offset"])
        return Given(body={"_total": 5, "_embedded": {"Activity": rows[offset : offset + 2]}})

    scripted.on(SEARCH, two_at_most)

    assert ids(changed(client, "activity")) == [0, 1, 2, 3, 4]


def test_an_empty_page_ends_whatever_the_total_says(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on(SEARCH, {"_total": 99, "_embedded": {}, "_links": {"next": {"href": "/again"}}})

    assert changed(client, "activity") == [Page(items=(), total=99)]


@pytest.mark.parametrize(
    ("kind", "resource", "id_key"), [("commitment", "commitments", "committedId"), ("task", "tasks", "taskId")]
)
def test_other_kinds_are_searched_by_their_own_id(
    scripted: ScriptedVendor, client: Client, kind: str, resource: str, id_key: str
) -> None:
    row = {id_key: 7, "modifiedDate": "2026-02-03T10:15:30"}
    scripted.on(f"POST /api/{resource}/search", {"_total": 1, "_embedded": {"any": [row]}})

    ((item,),) = [page.items for page in changed(client, kind)]

    assert (item.kind, item.object_id) == (kind, 7)
    assert item.dedupe_key == f"aprimo.pm.poll:{kind}:7:2026-02-03T10:15:30:{digest(row)}"


def test_projects_cannot_be_searched_and_are_sifted_here(scripted: ScriptedVendor, client: Client) -> None:
    """A window is half-open: its end belongs to the next one."""
    times = ("09:59:59", "10:00:00", "10:59:59", "11:00:00")
    rows = [{"projectId": number, "modifiedDate": f"2026-02-03T{time}"} for number, time in enumerate(times)]

    def page(call: SentCall) -> Given:
        offset = int(call.query["offset"])
        return Given(body={"_total": 4, "_embedded": {"Project": rows[offset : offset + 3]}})

    scripted.on("GET /api/projects", page)

    assert ids(changed(client, "project")) == [1, 2]
    assert [call.query for call in scripted.calls] == [{"limit": "3", "offset": each} for each in ("0", "3")]


@pytest.mark.parametrize(
    "row",
    [
        {"taskId": 7},
        {"modifiedDate": "2026-02-03T10:15:30"},
        {"taskId": "7", "modifiedDate": "2026-02-03T10:15:30"},
        {"taskId": 7, "modifiedDate": "yesterday"},
    ],
)
def test_a_row_without_its_id_or_time_is_another_contract(
    scripted: ScriptedVendor, client: Client, row: dict[str, Any]
) -> None:
    scripted.on("POST /api/tasks/search", {"_total": 1, "_embedded": {"Task": [row]}})

    with pytest.raises(PermanentError) as refused:
        changed(client, "task")

    assert refused.value.code == "answer_unexpected"


def test_a_kind_without_times_is_listed_whole(scripted: ScriptedVendor, client: Client) -> None:
    rows = [{"id": number, "name": "Case", "cost": 1.5, "_links": {"self": number}} for number in range(4)]

    def page(call: SentCall) -> Given:
        offset = int(call.query["offset"])
        return Given(body={"_total": 4, "_embedded": {"generic-object-alpha": rows[offset : offset + 3]}})

    scripted.on("GET /api/generic-object-alpha", page)

    pages = list(Feed(client, [of_kind("generic_object_alpha")]).listed("generic_object_alpha", bounds()))

    row = {"id": 3, "name": "Case", "cost": "1.5", "_links": {"self": 3}}
    assert [len(page) for page in pages] == [3, 1]
    assert pages[1] == (ListedItem(kind="generic_object_alpha", object_id=3, row_hash=digest(row), row=row),)


# ---- the DAM -------------------------------------------------------------------------------------------------------


def record(number: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON.
    return {"id": f"{number:032x}", "modifiedOn": f"2026-02-03T10:00:0{number}.5Z", "contentType": "Asset", **more}


def found(*rows: dict[str, Any], about: int, has_next: bool = False) -> dict[str, Any]:
    return {"items": list(rows), "totalCount": about, "_links": {"next": {"href": "/next"}} if has_next else {}}


def test_records_are_searched_by_their_last_change_with_paging_in_the_query(
    scripted: ScriptedVendor, client: Client
) -> None:
    version = {"id": "v2", "versionNumber": 2}
    scripted.on(
        RECORDS, found(record(1), about=9, has_next=True), found(record(2, masterfilelatestversion=version), about=9)
    )

    pages = changed(client, "record")

    assert [page.total for page in pages] == [9, 9]
    assert [(item.object_id, item.dedupe_key) for page in pages for item in page.items] == [
        (f"{1:032x}", f"aprimo.dam.poll:{1:032x}:2026-02-03T10:00:01.5Z:"),
        (f"{2:032x}", f"aprimo.dam.poll:{2:032x}:2026-02-03T10:00:02.5Z:v2"),
    ]
    assert [call.query for call in scripted.calls] == [
        {"page": each, "pageSize": "3", "sort": "ModifiedOn"} for each in ("1", "2")
    ]
    search = scripted.calls[0].json["searchExpression"]
    assert search["expression"] == "ModifiedOn >= @from AND ModifiedOn < @to"
    assert search["namedParameters"] == {"from": "2026-02-03T10:00:00Z", "to": "2026-02-03T11:00:00Z"}
    assert scripted.calls[0].headers["select-record"] == "masterfilelatestversion"


def test_the_end_of_a_search_is_a_missing_next_and_never_the_count(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on(RECORDS, found(record(1), record(2), about=700))

    assert len(changed(client, "record")) == 1
    assert len(scripted.calls) == 1


def test_records_of_other_content_types_are_left_out(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on(RECORDS, found(record(1), record(2, contentType="Template"), about=2))

    assert ids(changed(client, "record", of_kind("record", "Template"))) == [f"{2:032x}"]
    assert ids(changed(client, "record", of_kind("record", "Template"), of_kind("record"))) == [
        f"{1:032x}",
        f"{2:032x}",
    ]


def test_a_window_with_more_than_can_be_paged_through_is_split(scripted: ScriptedVendor) -> None:
    options = replace(aprimo_options(BASE), max_hits=4)
    client = new_aprimo(BASE, new_adapter=scripted.adapter, options=options)

    def answer(call: SentCall) -> Given:
        told = call.json["searchExpression"]["namedParameters"]
        if told["to"] == "2026-02-03T11:00:00Z" and told["from"] == "2026-02-03T10:00:00Z":
            return Given(body=found(record(1), about=5, has_next=True))
        return Given(body=found(record(2 if told["from"].endswith("10:00:00Z") else 3), about=3))

    scripted.on(RECORDS, answer)

    pages = changed(client, "record")

    windows = [tuple(call.json["searchExpression"]["namedParameters"].values()) for call in scripted.calls]
    assert windows[1:] == [
        ("2026-02-03T10:00:00Z", "2026-02-03T10:30:00Z"),
        ("2026-02-03T10:30:00Z", "2026-02-03T11:00:00Z"),
    ]
    assert ids(pages) == [f"{2:032x}", f"{3:032x}"]
    assert {page.total for page in pages} == {None}


def test_a_moment_with_more_than_can_be_paged_through_is_read_as_far_as_it_can_be(scripted: ScriptedVendor) -> None:
    options = replace(aprimo_options(BASE), max_hits=6)
    client = new_aprimo(BASE, new_adapter=scripted.adapter, options=options)
    scripted.on(RECORDS, found(record(1), about=99, has_next=True))
    feed = Feed(client, [of_kind("record")])

    pages = list(feed.changed("record", SINCE, SINCE.replace(microsecond=1000), bounds()))

    assert len(pages) == 2


@pytest.mark.parametrize("row", [{"id": ID}, {"modifiedOn": "2026-02-03T10:00:00Z"}])
def test_a_record_without_its_id_or_time_is_another_contract(
    scripted: ScriptedVendor, client: Client, row: dict[str, Any]
) -> None:
    scripted.on(RECORDS, found(row, about=1))

    with pytest.raises(PermanentError):
        changed(client, "record")
