"""How the DAM is asked and how it answers: headers, media types, selection, definitions (aprimo.md §3)."""

import http.client
from typing import Any

import pytest

from tests.support.aprimo_caller import AprimoCaller
from tests.support.aprimo_dam import DamCaller


def raw_status(caller: AprimoCaller, headers: dict[str, str]) -> int:
    """Status of a request with exactly these headers."""
    connection = http.client.HTTPConnection(caller.base.removeprefix("http://"), timeout=10)
    connection.request(
        "GET", "/api/core/records", headers={"Authorization": str(caller.session.headers["Authorization"]), **headers}
    )
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"API-VERSION": "1", "User-Agent": "test"}, 200),
        ({"api-version": "1", "user-agent": "test"}, 200),
        ({"API-VERSION": "1"}, 400),
        ({"User-Agent": "test"}, 400),
        ({"API-VERSION": "1", "User-Agent": "test", "languages": "*"}, 200),
        ({"API-VERSION": "1", "User-Agent": "test", "languages": "en-US"}, 400),
    ],
)
def test_headers_the_dam_demands(aprimo: AprimoCaller, headers: dict[str, str], status: int) -> None:
    assert raw_status(aprimo, headers) == status


def test_a_request_without_a_token_is_401_with_the_dams_error(dam: DamCaller) -> None:
    answer = dam.send("GET", "records", headers={"Authorization": "Bearer nothing"})

    assert (answer.status_code, answer.json()["exceptionType"]) == (401, "UnauthorizedException")


def test_a_hyphenated_id_is_404(dam: DamCaller) -> None:
    record_id = dam.make()
    hyphenated = "-".join((record_id[:8], record_id[8:12], record_id[12:16], record_id[16:20], record_id[20:]))

    assert dam.send("GET", f"record/{hyphenated}").status_code == 404


def test_flat_bodies_show_null_for_what_was_not_selected(dam: DamCaller) -> None:
    record = dam.get(f"record/{dam.make()}", select_record="classifications, title")

    assert (record["fields"], record["masterfilelatestversion"], record["locks"]) == (None, None, None)
    assert [each["name"] for each in record["classifications"]["items"]] == ["Assets"]
    assert "_links" not in record


def test_hal_bodies_embed_what_was_selected_and_link_the_rest(dam: DamCaller) -> None:
    record_id = dam.make()
    headers = {"Accept": "application/hal+json", "select-record": "classifications"}

    answer = dam.send("GET", f"record/{record_id}", headers=headers)

    record = answer.json()
    assert answer.headers["content-type"] == "application/hal+json"
    assert list(record["_embedded"]) == ["classifications"]
    assert record["_embedded"]["classifications"]["items"][0]["name"] == "Assets"
    fields = f"{dam.caller.base}/api/core/record/{record_id}/fields"
    assert record["_links"]["fields"] == {"href": fields, "select-key": "fields"}
    assert "fields" not in record


def test_a_link_leads_to_what_would_have_been_embedded(dam: DamCaller) -> None:
    record_id = dam.make(Product="Shoes")

    fields = dam.get(f"record/{record_id}/fields", select_record_fields="Product")

    assert [(each["fieldName"], each["localizedValues"][0]["value"]) for each in fields["items"]] == [
        ("Product", "Shoes")
    ]


def test_a_related_resource_that_is_not_there_is_null_embedded_and_404_followed(dam: DamCaller) -> None:
    record_id = dam.make()

    assert dam.get(f"record/{record_id}", select_record="masterfile")["masterfile"] is None
    assert dam.send("GET", f"record/{record_id}/masterfile").status_code == 404


def test_a_kind_is_embedded_at_most_twice_on_a_path(dam: DamCaller) -> None:
    path = f"classification/{dam.id_of('classifications', '/Reuse/Recommended')}"

    shown = dam.get(path, select_classification="parent, children")

    assert shown["parent"]["name"] == "Reuse"
    assert (shown["parent"]["parent"], shown["parent"]["children"]) == (None, None)


def test_records_of_a_page_show_only_four_related_resources(dam: DamCaller) -> None:
    dam.make(Product="Shoes")

    (record,) = dam.get("records", select_record="fields, classifications, files, locks, createdby")["items"]

    shown = {name for name in ("fields", "classifications", "files", "locks", "createdby") if record[name]}
    assert shown == {"fields", "createdby"}


def test_fields_can_be_asked_for_by_name_id_and_group(dam: DamCaller) -> None:
    record_id = dam.make()
    headers: list[dict[str, str]] = [
        {"select_record_fields": f"Product, {dam.field('Claims')['id']}"},
        {"select_record_fieldgroups": "Insight"},
    ]

    shown = [dam.get(f"record/{record_id}", select_record="fields", **each)["fields"]["items"] for each in headers]

    names = [[each["fieldName"] for each in items] for items in shown]
    assert names[0] == ["Product", "Claims"]
    assert (names[1][0], len(names[1])) == ("Score", 9)


def test_texts_come_in_the_languages_that_are_asked_for(dam: DamCaller) -> None:
    record_id = dam.make()
    languages = {name: dam.id_of("languages", name) for name in ("English", "German")}
    values = [{"languageId": key, "value": name} for name, key in languages.items()]
    body = {"fields": {"addOrUpdate": [{"name": "Title", "localizedValues": values}]}}
    dam.send("PUT", f"record/{record_id}", body)

    def shown(wanted: str) -> list[str]:
        fields = dam.get(f"record/{record_id}/fields", select_record_fields="Title", languages=wanted)
        return [each["value"] for each in fields["items"][0]["localizedValues"]]

    assert (shown("*"), shown(languages["German"])) == (["English", "German"], ["German"])


def test_pages_are_followed_by_their_next_link(dam: DamCaller) -> None:
    made = {dam.make() for _ in range(5)}
    pages: list[dict[str, Any]] = [dam.get("records?page=1&pageSize=2")]
    while "next" in pages[-1]["_links"]:
        link = pages[-1]["_links"]["next"]["href"]
        pages.append(dam.get(link.removeprefix(f"{dam.caller.base}/api/core/")))

    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert {each["id"] for page in pages for each in page["items"]} == made


def test_a_page_of_a_list_may_be_asked_for_by_header(dam: DamCaller) -> None:
    for _ in range(3):
        dam.make()

    page = dam.get("records", page="2", pageSize="2")

    assert (page["page"], len(page["items"])) == (2, 1)


@pytest.mark.parametrize(
    ("plural", "name"),
    [
        ("fielddefinitions", "ReviewState"),
        ("fieldgroups", "Review"),
        ("contenttypes", "LocalizedAsset"),
        ("languages", "German"),
        ("users", "signoff.integration@example.test"),
        ("usergroups", "Web team"),
        ("classifications", "/Channels/Web"),
    ],
)
def test_a_name_is_resolved_and_its_id_read(dam: DamCaller, plural: str, name: str) -> None:
    item = dam.get(f"{plural.removesuffix('s')}/{dam.id_of(plural, name)}")

    assert name in (item["name"], item.get("namePath"))


def test_the_dams_user_is_the_one_me_names(dam: DamCaller, aprimo: AprimoCaller) -> None:
    me = aprimo.api("GET", "users/me").json()["adamUserId"]
    record = dam.get(f"record/{dam.make()}", select_record="modifiedby")

    assert (record["modifiedby"]["id"], record["modifiedby"]["email"]) == (me, "signoff.integration@example.test")


def test_an_unknown_definition_is_404(dam: DamCaller) -> None:
    assert dam.send("GET", f"fielddefinition/{'f' * 32}").status_code == 404
