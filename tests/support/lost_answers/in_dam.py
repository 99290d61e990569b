"""Cases in Aprimo's DAM: each on a record, a version or a link of its own."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.commands import (
    AddCheck,
    AddToCollection,
    AddVersion,
    CreateRecord,
    DropPublicLink,
    OrderLinks,
    RegisterPublicLink,
    RemoveFromCollection,
    SetRecord,
    Upload,
)
from pipeline.keys import aprimo_key
from pipeline.ports import UploadRow
from tests.support.lost_answers.cases import (
    Case,
    People,
    Recipe,
    Row,
    drops,
    identity,
    identity_begins,
    makes,
    marker,
    sets,
    sha256,
)

CORE = "/api/core"
COLLECTION = "Web team"


def _create_record(_: People, number: int) -> Case:
    reference = f"aprimo:record:{number:032x}#DACH"
    command = CreateRecord(
        reference_field="ExternalReference",
        reference=reference,
        content_type="LocalizedAsset",
        status="draft",
        classifications=("/Assets/Localized",),
    )
    return Case(command=command, is_effect=identity(f"reference:{reference}"))


def _set_record(people: People, _: int) -> Case:
    record_id = people.dam.make()
    command = SetRecord(record_id=record_id, status="released")
    return Case(command=command, is_effect=sets(f"record:{record_id}", "status"))


def _add_check(people: People, number: int) -> Case:
    record_id, version = people.dam.make_with_file()
    command = AddCheck(
        record_id=record_id,
        file_version_id=version["id"],
        check="Legal check",
        outcome="pass",
        description="Fine.",
        origin=f"task-{number}",
    )
    return Case(command=command, is_effect=identity_begins(f"checkresult:{version['id']}:"))


def _collect(people: People, _: int) -> Case:
    record_id = people.dam.make()
    command = AddToCollection(collection=COLLECTION, record_ids=(record_id,))
    return Case(command=command, is_effect=_membership(record_id, is_in=True))


def _uncollect(people: People, _: int) -> Case:
    record_id = people.dam.make()
    collection_id = people.dam.id_of("collections", COLLECTION)
    answer = people.dam.send(
        "PUT", f"collection/{collection_id}/records", {"records": {"addOrUpdate": [{"id": record_id}]}}
    )
    assert answer.status_code == 204, answer.text
    command = RemoveFromCollection(collection=COLLECTION, record_ids=(record_id,))
    return Case(command=command, is_effect=_membership(record_id, is_in=False))


def _membership(record_id: str, *, is_in: bool) -> Callable[[Row], bool]:
    def is_effect(row: Row) -> bool:
        before, after = (record_id in str(row[name]) for name in ("before", "after"))
        return row["object"].startswith("collection:") and (before, after) == (not is_in, is_in)

    return is_effect


def _upload(people: People, number: int) -> Case:
    content = f"file {number}".encode()
    command = Upload(
        business_key=aprimo_key("record", f"{number:032x}"),
        revision=1,
        source=people.files.offer(f"/{number}.psd", content),
        file_name=f"{number}.psd",
        sha256=sha256(content),
    )
    return Case(command=command, is_effect=makes("upload", f"{number}.psd"))


def _add_version(people: People, number: int) -> Case:
    record_id, _ = people.dam.make_with_file()
    content = f"second {number}".encode()
    key = aprimo_key("record", record_id)
    upload = Upload(business_key=key, revision=2, source="", file_name="b.psd", sha256=sha256(content))
    token = people.dam.upload(content, "b.psd").json()["token"]
    row = UploadRow(key=upload.key(), source="", file_name="b.psd", sha256=sha256(content), token=token)
    people.progress.save_upload(row)
    file_id = people.dam.get(f"record/{record_id}", select_record="masterfile")["masterfile"]["id"]
    command = AddVersion(record_id=record_id, file_id=file_id, business_key=key, revision=2, upload=upload.key())
    return Case(command=command, is_effect=makes("fileversion", marker(command)))


def _order(people: People, _: int) -> Case:
    record_id, version = people.dam.make_with_file()
    key = aprimo_key("record", record_id)
    command = OrderLinks(versions={record_id: version["id"]}, business_key=key, revision=1)
    return Case(command=command, is_effect=makes("order", record_id))


def _public_link(people: People, number: int) -> Case:
    record_id, version = people.dam.make_with_file()
    command = RegisterPublicLink(
        record_id=record_id,
        file_version_id=version["id"],
        rendition="Original",
        uri=f"https://cdn.acme.example/{number}",
        provider="acme",
        business_key=aprimo_key("record", record_id),
        revision=1,
    )
    return Case(command=command, is_effect=identity(f"publiclink:{version['id']}:Original:acme"))


def _drop_link(people: People, number: int) -> Case:
    record_id, version = people.dam.make_with_file()
    body = {
        "recordId": record_id,
        "fileVersionId": version["id"],
        "renditionName": "Original",
        "uri": f"https://cdn.acme.example/{number}",
        "provider": "acme",
    }
    answer = people.dam.send("POST", "publiclinks", body)
    assert answer.status_code == 201, answer.text
    link_id = answer.json()["id"]
    return Case(
        command=DropPublicLink(record_id=record_id, public_link_id=link_id), is_effect=drops(f"publiclink:{link_id}")
    )


RECIPES = {
    "dam.create_record": Recipe(make=_create_record, method="POST", path=f"{CORE}/records"),
    "dam.set_record": Recipe(make=_set_record, method="PUT", path=f"{CORE}/record/*", match='"released"'),
    "dam.add_check": Recipe(make=_add_check, method="POST", path=f"{CORE}/fileversion/*/checkresults"),
    "dam.add_to_collection": Recipe(
        make=_collect, method="PUT", path=f"{CORE}/collection/*", match="addOrUpdate", is_repeatable=True
    ),
    "dam.remove_from_collection": Recipe(
        make=_uncollect, method="PUT", path=f"{CORE}/collection/*", match="remove", is_repeatable=True
    ),
    "dam.upload": Recipe(make=_upload, method="POST", path="/uploads", is_repeatable=True),
    "dam.add_version": Recipe(make=_add_version, method="PUT", path=f"{CORE}/record/*", match="[sg-"),
    "dam.order": Recipe(make=_order, method="POST", path=f"{CORE}/orders"),
    "dam.public_link": Recipe(make=_public_link, method="POST", path=f"{CORE}/publiclinks"),
    "dam.drop_public_link": Recipe(make=_drop_link, method="DELETE", path=f"{CORE}/publiclink/*"),
}
