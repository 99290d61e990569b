"""The DAM's client against the sandbox as the process it is: both read each other's pages the same way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from pipeline.aprimo import dam_translate
from pipeline.aprimo.client import Client
from pipeline.aprimo.dam_client import DamClient
from pipeline.aprimo.dam_effects import EFFECTS
from pipeline.aprimo.dam_schemas import RecordRow
from pipeline.commands import AddToCollection, Cause, CreateRecord, RemoveFromCollection, SetRecord
from pipeline.ports import NotThere, Sent
from pipeline.words import EventId, JsonValue
from tests.support.sandbox_process import running
from tests.support.vendor_parts import bounds, new_aprimo


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running("aprimo", tmp_path_factory.mktemp("aprimo"), rate_per_s=100_000, seed=7) as process:
        yield new_aprimo(process.base)


@pytest.fixture
def dam(client: Client) -> DamClient:
    return client.dam


def body(dam: DamClient, **values: JsonValue) -> dict[str, object]:
    fields = [
        dam_translate.field_body(dam.names.find("fielddefinitions", name, bounds()), value, dam.names, bounds())
        for name, value in values.items()
    ]
    return {"fields": {"addOrUpdate": fields}}


def made(dam: DamClient, **values: JsonValue) -> str:
    place = dam.names.find("classifications", "/Assets/Campaign", bounds()).id
    whole = {"status": "draft", "contentType": "Asset", "classifications": {"addOrUpdate": [{"id": place}]}}
    return dam.create_record({**whole, **body(dam, **values)}, bounds())


def read(dam: DamClient, record_id: str) -> RecordRow:
    row = dam.record(record_id, bounds())
    assert row is not None
    return row


def test_what_is_written_by_name_is_read_by_name(dam: DamClient) -> None:
    master = made(dam, CampaignCode="SPRING-26")
    record_id = made(dam, ReviewState="For review", Markets=["DACH", "UK"], MasterRecord=master, Score="7.50")

    row = read(dam, record_id)
    values = dam_translate.named_values(row, dam.names, bounds())

    assert {name: values[name] for name in ("ReviewState", "Markets", "MasterRecord", "CampaignCode")} == {
        "ReviewState": ["For review"],
        "Markets": ["DACH", "UK"],
        "MasterRecord": [master],
        "CampaignCode": "",
    }
    score = dam.names.find("fielddefinitions", "Score", bounds())
    assert dam_translate.is_same(score, values["Score"], "7.5")
    assert list(row.classifications.values()) == ["/Assets/Campaign"]


def test_an_update_is_partial_and_nothing_resets(dam: DamClient) -> None:
    record_id = made(dam, CampaignCode="A", ReviewState="Draft", Product="P")

    assert dam.put_record(record_id, {"status": "released", **body(dam, CampaignCode=None, ReviewState="")}, bounds())

    row = read(dam, record_id)
    values = dam_translate.named_values(row, dam.names, bounds())
    assert (row.status, values["CampaignCode"], values["ReviewState"], values["Product"]) == ("released", "", [], "P")


def test_a_record_that_was_made_is_searchable_at_once_and_pages_are_followed(dam: DamClient) -> None:
    ids = {made(dam, ExternalReference=f"ref-{number}", Product="It's new") for number in range(4)}

    found = list(dam.search("FieldName('Product') = @p", {"p": "It's new"}, bounds()))

    assert {row.record_id for page in found for row in page} == ids
    assert [len(page) for page in found] == [3, 1]


def test_a_record_nobody_has_is_absent(dam: DamClient) -> None:
    assert dam.record("0" * 32, bounds()) is None
    assert dam.put_record("0" * 32, {"status": "draft"}, bounds()) is False


def test_a_record_is_made_once_and_set_once(client: Client) -> None:
    cause = Cause(event_id=EventId("ev-1"), plan_number=1)
    make = CreateRecord(
        reference_field="ExternalReference",
        reference="aprimo:record:1#DACH",
        content_type="LocalizedAsset",
        status="draft",
        classifications=("/Assets/Localized",),
        fields={"Market": "DACH"},
    )
    making = EFFECTS[make.KIND]
    assert making.look_up(client, make, make.effect_key(cause), bounds()) == NotThere()
    made_first = making.send(client, make, make.effect_key(cause), bounds())
    again = making.send(client, make, make.effect_key(cause), bounds())

    assert (made_first.how, again) == ("sent", Sent(how="already", vendor_ref=made_first.vendor_ref))

    put = SetRecord(
        record_id=made_first.vendor_ref,
        status="released",
        fields={"ApprovalState": "Approved", "ApprovedOn": "2026-02-03T10:00:00Z"},
        add_classifications=("/Markets/DACH",),
        expects={"Market": "DACH", "status": "draft"},
    )
    setting = EFFECTS[put.KIND]
    key = put.effect_key(cause)
    assert [
        setting.look_up(client, put, key, bounds()),
        setting.send(client, put, key, bounds()),
        setting.look_up(client, put, key, bounds()),
        setting.send(client, put, key, bounds()),
    ] == [NotThere(), Sent(how="sent"), Sent(how="found"), Sent(how="already")]


def test_a_record_goes_into_a_collection_and_out_of_it_once(client: Client, dam: DamClient) -> None:
    record_id = made(dam)
    cause = Cause(event_id=EventId("ev-1"), plan_number=1)
    before = len(_changes(client))

    for command in (
        AddToCollection(collection="Web team", record_ids=(record_id,)),
        AddToCollection(collection="Web team", record_ids=(record_id,)),
        RemoveFromCollection(collection="Web team", record_ids=(record_id,)),
    ):
        EFFECTS[command.KIND].send(client, command, command.effect_key(cause), bounds())

    assert [row["changed"] for row in _changes(client)[before:]] == [True, False, True]


def _changes(client: Client) -> list[dict[str, object]]:
    answer = requests.get(f"{client.options.pm_url}/sandbox/history", timeout=10).json()
    rows = answer if isinstance(answer, list) else next(iter(answer.values()))
    return [row for row in rows if str(row["object"]).startswith("collection:")]
