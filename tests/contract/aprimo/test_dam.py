"""Reading from Aprimo's DAM: headers, both kinds of body, names for ids, pages, and files that are not ready."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.aprimo import dam_translate, dam_wire
from pipeline.aprimo.client import Client
from pipeline.aprimo.dam_schemas import FileVersion, Named, PublicLink, load_record
from pipeline.aprimo.options import AprimoOptions
from pipeline.aprimo.vendor import AprimoVendor
from pipeline.errors import PermanentError, PipelineError, TransientError, UnknownOutcomeError
from pipeline.flows.tenant import FieldType, FieldWord
from pipeline.plan import Snapshot, Want
from pipeline.transport.messages import Answer
from pipeline.words import JsonValue, Side, WaitReason
from tests.support.samples import sample
from tests.support.scripted_http import Given, ScriptedVendor
from tests.support.vendor_parts import bounds, new_aprimo, words

FLOW = "asset_review"
ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
RECORD = f"GET /api/core/record/{ID}"
FIELDS = "GET /api/core/fielddefinitions"
VERSION_ID = "44cc22bb33cc44dd55ee66ff77008899"
VERSION = f"GET /api/core/fileversion/{VERSION_ID}"

WORDS = replace(
    words(),
    flow=FLOW,
    object_kind="record",
    state_wire="ReviewState",
    states={},
    fields={
        "campaign": FieldWord(name="campaign", wire="CampaignCode"),
        "markets": FieldWord(name="markets", wire="Markets", type=FieldType.LIST),
        "master": FieldWord(name="master", wire="MasterRecord"),
        "title": FieldWord(name="title", wire="Title"),
        "score": FieldWord(name="score", wire="Score", type=FieldType.MONEY),
        "approved_on": FieldWord(name="approved_on", wire="ApprovedOn", type=FieldType.DATE),
    },
)


@pytest.fixture
def scripted() -> ScriptedVendor:
    made = ScriptedVendor(token_path="/login/connect/token")
    made.on(RECORD, sample("aprimo", "record_for_review_flat"))
    made.on(FIELDS, sample("aprimo", "field_definitions"))
    return made


@pytest.fixture
def client(scripted: ScriptedVendor) -> Client:
    return new_aprimo("https://acme.aprimo.test", new_adapter=scripted.adapter)


@pytest.fixture
def vendor(client: Client) -> AprimoVendor:
    return AprimoVendor(client, {FLOW: WORDS}, wait_s=lambda *_: 0.0)


def read(vendor: AprimoVendor, object_id: str = ID) -> Snapshot | PipelineError:
    asked = Want(flow=FLOW, side=Side.APRIMO, kind="record", object_id=object_id)
    return vendor.read([asked], bounds())[asked]


def snapshot(vendor: AprimoVendor) -> Snapshot:
    outcome = read(vendor)
    assert isinstance(outcome, Snapshot), outcome
    return outcome


def test_a_record_for_review_is_read_in_the_flows_words(vendor: AprimoVendor) -> None:
    found = snapshot(vendor)

    assert found.values == {
        "campaign": "SPRING-26",
        "markets": ["DACH", "99bb22bb33cc44dd55ee66ff77008899"],
        "master": "55cc22bb33cc44dd55ee66ff77008899",
        "title": "Hero",
        "score": "7.50",
        "approved_on": "",
        "state": "",
        "state_id": "For review",
        "state_name": "For review",
        "type_id": "Asset",
        "record_status": "draft",
        "content_type": "Asset",
        "file_id": "57cc22bb33cc44dd55ee66ff77008899",
        "file_version": {
            "id": VERSION_ID,
            "number": 2,
            "label": "",
            "file_name": "hero.psd",
            "sha256": "ab12",
            "state": "Available",
        },
        "classifications": [{"id": "56cc22bb33cc44dd55ee66ff77008899", "path": "/Assets/Campaign"}],
        "modified_by": "58cc22bb33cc44dd55ee66ff77008899",
        "preview_link": "https://previews.acme.example/hero.jpg?sig=1",
    }
    assert found.version == "2026-02-03T10:15:30.120000Z"
    assert found.created_at == datetime(2026, 2, 1, 8, tzinfo=UTC)


def test_users_are_read_by_name_and_whoever_changed_the_record_last_among_them(
    scripted: ScriptedVendor, client: Client
) -> None:
    editor = "58cc22bb33cc44dd55ee66ff77008899"
    scripted.on(f"GET /api/core/user/{editor}", {"id": editor, "firstName": "Requester", "lastName": "One"})
    people = {
        "editor": FieldWord(name="editor", wire="modifiedby", type=FieldType.USER),
        "owner": FieldWord(name="owner", wire="ContentOwner", type=FieldType.USER),
    }
    vendor = AprimoVendor(client, {FLOW: replace(WORDS, fields=people)}, wait_s=lambda *_: 0.0)

    found = snapshot(vendor)

    assert found.values["editor"] == {"id": editor, "email": "", "name": "Requester One"}
    assert found.values["owner"] is None
    assert scripted.calls[0].headers["select-record-fields"] == "ReviewState, ContentOwner"


def test_a_record_is_asked_for_with_the_headers_the_dam_demands(
    scripted: ScriptedVendor, vendor: AprimoVendor
) -> None:
    snapshot(vendor)

    headers = scripted.calls[0].headers
    assert (headers["API-VERSION"], headers["languages"], headers["User-Agent"]) == ("1", "*", "signoff")
    assert headers["select-record"].split(", ") == [
        "fields",
        "classifications",
        "masterfile",
        "masterfilelatestversion",
        "preview",
        "modifiedby",
    ]
    assert (
        headers["select-record-fields"]
        == "ReviewState, CampaignCode, Markets, MasterRecord, Title, Score, ApprovedOn"
    )


def test_a_name_with_a_comma_is_encoded_in_a_header() -> None:
    request = dam_wire.DamWire("https://d").get_record(ID, ["Claims, legal"])

    assert request.headers["select-record-fields"] == "Claims%2C%20legal"


def test_a_hyphenated_id_is_read_without_its_hyphens(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    assert isinstance(read(vendor, "0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9"), Snapshot)
    assert scripted.lines()[0] == RECORD


def test_what_is_no_id_is_for_a_person(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    outcome = read(vendor, "hero.psd")

    assert isinstance(outcome, PermanentError)
    assert (outcome.code, scripted.calls) == ("id_malformed", [])


def test_a_record_that_is_gone_or_hidden_is_absent(scripted: ScriptedVendor, vendor: AprimoVendor) -> None:
    scripted.on(RECORD, 404)

    assert snapshot(vendor).is_absent is True


def test_a_hal_body_with_parts_that_were_not_selected_is_read() -> None:
    row = load_record(sample("aprimo", "record_not_selected_hal"))

    assert (row.status, dict(row.fields), dict(row.classifications), row.file_id) == ("released", {}, {}, "")
    assert row.version == FileVersion(
        id=VERSION_ID,
        number=1,
        label="",
        file_name="hero.psd",
        sha256="",
        state="Processing",
        public_links=(
            PublicLink(
                id="66cc22bb33cc44dd55ee66ff77008899",
                rendition="Web",
                status="Published",
                uri="https://p1.aprimocdn.example.test/hero",
            ),
        ),
    )


def test_definitions_are_read_once_until_an_id_appears_that_they_do_not_hold(
    scripted: ScriptedVendor, client: Client
) -> None:
    known = "33bb22bb33cc44dd55ee66ff77008899"
    field = "22aa22bb33cc44dd55ee66ff77008899"

    names = [client.dam.names.option_name(field, known, bounds()) for _ in range(3)]

    assert names == ["For review"] * 3
    assert scripted.lines() == [FIELDS]


def test_an_option_made_a_moment_ago_is_found_by_reading_the_definitions_again(scripted: ScriptedVendor) -> None:
    clock = [100.0]
    client = new_aprimo("https://acme.aprimo.test", new_adapter=scripted.adapter)
    client.dam.names._monotonic = lambda: clock[0]
    older = sample("aprimo", "field_definitions")
    newer = sample("aprimo", "field_definitions")
    newer["items"][2]["items"].append({"id": "99bb22bb33cc44dd55ee66ff77008899", "name": "Benelux"})
    scripted.on(FIELDS, older, newer)
    asked = ("23aa22bb33cc44dd55ee66ff77008899", "99bb22bb33cc44dd55ee66ff77008899")

    first = client.dam.names.option_name(*asked, bounds())
    clock[0] += 6.0
    second = client.dam.names.option_name(*asked, bounds())

    assert (first, second) == ("99bb22bb33cc44dd55ee66ff77008899", "Benelux")
    assert scripted.lines() == [FIELDS, FIELDS]


def test_a_name_nobody_knows_is_for_a_person_with_the_closest_ones(client: Client) -> None:
    with pytest.raises(PermanentError, match=r"no fielddefinition 'CampaignCod'; closest: CampaignCode\."):
        client.dam.names.find("fielddefinitions", "CampaignCod", bounds())

    with pytest.raises(PermanentError) as unknown:
        client.dam.names.find("fielddefinitions", "CampaignCod", bounds())
    assert unknown.value.code == "name_unknown"

    field = client.dam.names.find("fielddefinitions", "reviewstate", bounds())
    with pytest.raises(PermanentError, match=r"no option 'Aproved' of ReviewState; closest: Approved\."):
        client.dam.names.option_id(field, "Aproved", bounds())


def test_a_name_that_two_bear_stands_for_neither(scripted: ScriptedVendor, client: Client) -> None:
    rows = [{"id": "w1", "name": "Web team"}, {"id": "w2", "name": "WEB TEAM"}]
    scripted.on("GET /api/core/collections", {"items": rows, "_links": {}})

    with pytest.raises(PermanentError, match=r"2 collections called 'Web team': name one by its id \(w1, w2\)"):
        client.dam.names.find("collections", "Web team", bounds())
    assert client.dam.names.find("collections", "w2", bounds()).id == "w2"


def test_many_unknown_names_cost_one_more_read_and_not_one_each(scripted: ScriptedVendor) -> None:
    """A tenant that lost an option would otherwise cost a read per record."""
    clock = [100.0]
    client = new_aprimo("https://acme.aprimo.test", new_adapter=scripted.adapter)
    client.dam.names._monotonic = lambda: clock[0]
    field = "22aa22bb33cc44dd55ee66ff77008899"
    client.dam.names.option_name(field, "33bb22bb33cc44dd55ee66ff77008899", bounds())
    clock[0] += 6.0

    for number in range(20):
        client.dam.names.option_name(field, f"{number:032x}", bounds())

    assert scripted.lines() == [FIELDS, FIELDS]


def test_what_was_read_is_forgotten_after_its_time(scripted: ScriptedVendor) -> None:
    clock = [100.0]
    client = new_aprimo("https://acme.aprimo.test", new_adapter=scripted.adapter)
    client.dam.names._monotonic = lambda: clock[0]

    for later_s in (0.0, client.options.cache_s - 1.0, 2.0):
        clock[0] += later_s
        client.dam.names.find("fielddefinitions", "Score", bounds())

    assert scripted.lines() == [FIELDS, FIELDS]


def test_a_search_pages_in_the_query_and_names_its_parameters(scripted: ScriptedVendor, client: Client) -> None:
    row = {"id": ID, "status": "draft", "contentType": "Asset", "modifiedOn": "2026-02-03T10:15:30Z"}
    more = {"items": [row], "totalCount": 400, "_links": {"next": {"href": "…"}}}
    scripted.on("POST /api/core/search/records", more, {"items": [], "totalCount": 400, "_links": {"next": {}}})

    pages = list(client.dam.search("FieldName('CampaignCode') = @c", {"c": "O'Neil"}, bounds()))

    assert [[each.record_id for each in page] for page in pages] == [[ID], []]
    assert [call.query for call in scripted.calls] == [{"page": "1", "pageSize": "3"}, {"page": "2", "pageSize": "3"}]
    search = scripted.calls[0].json["searchExpression"]
    assert (search["expression"], search["namedParameters"]) == ("FieldName('CampaignCode') = @c", {"c": "O'Neil"})


@pytest.mark.parametrize(
    ("body", "rows", "has_next"),
    [
        ({"items": [{"a": 1}], "_links": {"next": {"href": "x"}}}, 1, True),
        ({"items": [{"a": 1}], "_links": {"self": {"href": "x"}}, "totalCount": 9}, 1, False),
        ({"items": [], "_links": {"next": {"href": "x"}}}, 0, False),
        ({"items": [{"a": 1}], "pageSize": 1}, 1, True),
        ({"items": [{"a": 1}], "pageSize": 2}, 1, False),
        ({"_embedded": {"records": [{"a": 1}, {"a": 2}]}}, 2, False),
    ],
)
def test_a_page_ends_where_nothing_says_that_more_follows(body: dict[str, Any], rows: int, *, has_next: bool) -> None:
    page = dam_wire.read_page(_answer(body))

    assert (len(page.rows), page.has_next) == (rows, has_next)


def _answer(body: dict[str, Any]) -> Answer:
    return Answer(status=200, body=json.dumps(body).encode())


def test_a_file_that_is_being_processed_is_waited_for(scripted: ScriptedVendor, client: Client) -> None:
    scripted.on(VERSION, {"id": VERSION_ID, "fileState": "Processing"}, {"id": VERSION_ID, "fileState": "Available"})

    with pytest.raises(TransientError) as caught:
        client.dam.available_version(VERSION_ID, bounds())

    assert (caught.value.reason, caught.value.wait_s) == (WaitReason.PROCESSING, 10.0)
    version = client.dam.available_version(VERSION_ID, bounds())
    assert version is not None
    assert version.state == "Available"


@pytest.mark.parametrize("answer", [Given(status=201), Given(status=201, body={}), Given(status=201, body="half")])
def test_a_record_that_was_made_without_telling_its_id_is_unknown(
    scripted: ScriptedVendor, client: Client, answer: Given
) -> None:
    scripted.on("POST /api/core/records", answer)

    with pytest.raises(UnknownOutcomeError):
        client.dam.create_record({}, bounds())


@pytest.mark.parametrize(
    ("pm_url", "dam_url", "expected"),
    [
        ("https://acme.aprimo.com", "", "https://acme.dam.aprimo.com"),
        ("https://acme.aprimo.com:8443/x", "", "https://acme.dam.aprimo.com:8443/x"),
        ("https://acme.aprimo.com", "https://dam.example.test", "https://dam.example.test"),
        ("http://127.0.0.1:4711", "", "http://127.0.0.1:4711"),
        ("https://acme.aprimo.com.example.test", "", "https://acme.aprimo.com.example.test"),
    ],
)
def test_the_dams_host_is_known_from_the_other_one(pm_url: str, dam_url: str, expected: str) -> None:
    options = AprimoOptions(auth_url="", pm_url=pm_url, dam_url=dam_url, client_id="c", client_secret="s")

    assert options.dam_base() == expected


@pytest.mark.parametrize(
    ("data_type", "now", "wanted", "same"),
    [
        ("OptionList", ["A", "B"], ["b", "a"], True),
        ("OptionList", [], "", True),
        ("OptionList", ["A"], None, False),
        ("RecordLink", ["r1"], "r1", True),
        ("DateTime", "2026-02-03T10:00:00Z", "2026-02-03T10:00:00.0Z", True),
        ("DateTime", "someday", "someday", True),
        ("DateTime", "2026-02-03T10:00:00Z", "", False),
        ("Numeric", "7.5", "7.50", True),
        ("MultiLineText", "a\r\nb", "a\nb", True),
        ("SingleLineText", "a", "b", False),
    ],
)
def test_values_are_the_same_when_they_mean_the_same(
    data_type: str,
    now: str | list[str],
    wanted: JsonValue,
    *,
    same: bool,
) -> None:
    field = Named(id="f", name="F", data_type=data_type, options={})

    assert dam_translate.is_same(field, now, wanted) is same


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("CampaignCode", "X", {"value": "X"}),
        ("CampaignCode", "", {"value": None}),
        ("ReviewState", "approved", {"values": ["35bb22bb33cc44dd55ee66ff77008899"]}),
        ("ReviewState", None, {"values": None}),
        ("Score", "7.50", {"value": 7.5}),
        ("Score", "8.00", {"value": 8}),
        ("MasterRecord", "r1", {"parents": [{"recordId": "r1"}]}),
    ],
)
def test_a_field_goes_out_by_ids_and_null_resets_it(
    client: Client, name: str, value: str | None, expected: dict[str, Any]
) -> None:
    names = client.dam.names
    field = names.find("fielddefinitions", name, bounds())

    assert dam_translate.field_body(field, value, names, bounds()) == {
        "id": field.id,
        "localizedValues": [{"languageId": "0" * 32, **expected}],
    }


@pytest.mark.parametrize("text", ["high", "NaN"])
def test_what_is_no_number_is_not_sent_to_a_numeric_field(client: Client, text: str) -> None:
    field = Named(id="f", name="Score", data_type="Numeric", options={})

    with pytest.raises(PermanentError, match="value_malformed: Score takes a number"):
        dam_translate.field_body(field, text, client.dam.names, bounds())
