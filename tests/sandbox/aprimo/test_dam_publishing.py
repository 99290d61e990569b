"""Orders, public links and collections (aprimo.md §4.5, §4.6)."""

import time

import pytest

from tests.support.aprimo_caller import AprimoCaller
from tests.support.aprimo_dam import DamCaller


def order(dam: DamCaller, kind: str, *record_ids: str) -> str:
    targets = [
        {"recordId": each, "targetTypes": ["Document"], "assetType": "LatestVersionOfMasterFile"}
        for each in record_ids
    ]
    answer = dam.send("POST", "orders", {"type": kind, "disableNotification": True, "targets": targets})
    assert answer.status_code == 201
    return answer.headers["location"].removeprefix(f"{dam.caller.base}/api/core/")


def ended(dam: DamCaller, path: str) -> tuple[list[str], dict[str, object]]:
    """Every status an order was seen in, and how it ended."""
    seen: list[str] = []
    deadline = time.monotonic() + 5
    while True:
        shown = dam.get(path)
        if shown["status"] not in seen:
            seen.append(shown["status"])
        if shown["status"] not in ("Pending", "Executing"):
            return seen, shown
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_order_goes_on_by_itself(dam: DamCaller) -> None:
    record_id, version = dam.make_with_file()

    seen, shown = ended(dam, order(dam, "download", record_id))

    assert seen == ["Pending", "Executing", "Success"]
    assert [str(version["id"]) in each for each in shown["deliveredFiles"]] == [True]  # type: ignore[attr-defined]  # JSON.


def test_an_order_of_records_without_files_fails_for_those(dam: DamCaller) -> None:
    with_file, _ = dam.make_with_file()

    _, shown = ended(dam, order(dam, "download", with_file, dam.make()))

    assert (shown["status"], shown["failedTargetsCount"]) == ("PartiallyFailed", 1)


def test_a_cdn_order_publishes_links(dam: DamCaller, aprimo: AprimoCaller) -> None:
    record_id, version = dam.make_with_file()

    _, shown = ended(dam, order(dam, "publicCdn", record_id))

    (link,) = dam.get(f"fileversion/{version['id']}/publiclinks")["items"]
    assert shown["deliveredFiles"] == [{"recordId": record_id, "uri": link["uri"]}]
    assert (link["status"], link["origin"], link["recordId"]) == ("Published", "Order", record_id)
    (change,) = aprimo.sandbox("GET", f"history?object=publiclink:{link['id']}")
    assert change["identity"] == f"publiclink:{version['id']}:Original:cdn"


@pytest.mark.parametrize("body", [{"type": "pigeon", "targets": [{}]}, {"type": "download", "targets": []}])
def test_an_order_without_sense_is_refused(dam: DamCaller, body: dict[str, object]) -> None:
    assert dam.send("POST", "orders", body).status_code == 400


def test_a_link_that_is_published_elsewhere_is_kept_changed_and_dropped(dam: DamCaller) -> None:
    _, version = dam.make_with_file()
    body = {"fileVersionId": version["id"], "uri": "https://cdn.example.test/1", "provider": "own"}
    path = f"publiclink/{dam.send('POST', 'publiclinks', body).json()['id']}"

    dam.send("PUT", path, {"uri": "https://cdn.example.test/2"})
    changed = dam.get(path)
    dam.send("DELETE", path)

    assert (changed["uri"], changed["status"], changed["origin"]) == (
        "https://cdn.example.test/2",
        "Published",
        "Api",
    )
    assert dam.send("GET", path).status_code == 404


def test_records_are_put_into_a_channel_teams_collection_and_taken_out(dam: DamCaller, aprimo: AprimoCaller) -> None:
    first, second = dam.make(), dam.make()
    collection_id = dam.id_of("collections", "Web team")
    path = f"collection/{collection_id}/records"

    for actions in ({"addOrUpdate": [first, second]}, {"addOrUpdate": [first]}, {"remove": [second]}):
        assert dam.send("PUT", path, {"records": actions}).status_code == 204

    assert [each["id"] for each in dam.get(path)["items"]] == [first]
    changes = aprimo.sandbox("GET", f"history?object=collection:{collection_id}")
    assert [each["changed"] for each in changes] == [True, False, True]


def test_a_collection_takes_no_record_nobody_has(dam: DamCaller) -> None:
    path = f"collection/{dam.id_of('collections', 'Web team')}/records"

    assert dam.send("PUT", path, {"records": {"addOrUpdate": ["f" * 32]}}).status_code == 400


def test_a_collection_is_made(dam: DamCaller) -> None:
    made = dam.send("POST", "collections", {"name": "Launch", "description": "Heroes"})

    collection = dam.get(f"collection/{made.json()['id']}", select_collection="records, ownedby")
    assert (collection["name"], collection["records"]["items"]) == ("Launch", [])
    assert collection["ownedby"]["email"] == "signoff.integration@example.test"
