"""What each command does with records of the DAM, and how one sees afterwards whether it did: one pair per kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.aprimo import dam_translate
from pipeline.aprimo.client import Client
from pipeline.aprimo.dam_client import DamClient
from pipeline.aprimo.dam_schemas import Named, RecordRow
from pipeline.aprimo.dam_translate import Values
from pipeline.aprimo.dam_wire import changed
from pipeline.commands import (
    AddCheck,
    AddToCollection,
    CreateRecord,
    RemoveFromCollection,
    SetRecord,
)
from pipeline.errors import StaleError
from pipeline.keys import comment_marker
from pipeline.ports import Bounds, NotThere, Sent
from pipeline.transport.effects import Effect
from pipeline.words import EffectKey, JsonValue

FILE_VERSION, STATUS = "fileVersion", "status"
"""What `expects` of a record may name besides its fields."""

# ---- dam.set_record ------------------------------------------------------------------------------------------------


def set_record(client: Client, command: SetRecord, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Read, compare, write only what differs, at once. The gap between cannot be closed: the DAM has no ETag."""
    del effect_key
    dam = client.dam
    row = dam.record(command.record_id, bounds, field_names=_named_by(command))
    if row is None:
        raise gone(command.target())
    values = dam_translate.named_values(row, dam.names, bounds)
    body = _changes(dam, command, row, values, bounds)
    if not body:
        return Sent(how="already")
    for name, value in command.expects.items():
        if not _holds(dam, name, value, row, values, bounds=bounds):
            raise StaleError(f"{command.target()}: {name} is not what was expected")
    if not dam.put_record(command.record_id, body, bounds):
        raise gone(command.target())
    return Sent(how="sent")


def see_record(client: Client, command: SetRecord, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when status, classifications and the fields that nobody else writes are as they were to be set."""
    del effect_key
    row = client.dam.record(command.record_id, bounds, field_names=_named_by(command))
    if row is None:
        return NotThere()
    values = dam_translate.named_values(row, client.dam.names, bounds)
    return NotThere() if _changes(client.dam, command.lasting(), row, values, bounds) else Sent(how="found")


def _named_by(command: SetRecord) -> tuple[str, ...]:
    return tuple(name for name in {**command.fields, **command.expects} if name not in {FILE_VERSION, STATUS})


def _changes(dam: DamClient, command: SetRecord, row: RecordRow, values: Values, bounds: Bounds) -> dict[str, Any]:
    """The body that makes the record as it is wanted; empty when it is."""
    fields = [
        dam_translate.field_body(field, value, dam.names, bounds)
        for field, value in _definitions(dam, command.fields, bounds)
        if not dam_translate.is_same(field, values.get(field.name, ""), value)
    ]
    places = changed(
        add=[each for each in _places(dam, command.add_classifications, bounds) if each not in row.classifications],
        remove=[each for each in _places(dam, command.remove_classifications, bounds) if each in row.classifications],
    )
    body: dict[str, Any] = {}
    if command.status and command.status.casefold() != row.status.casefold():
        body["status"] = command.status
    if fields:
        body["fields"] = {"addOrUpdate": fields}
    if places:
        body["classifications"] = places
    return body


def _holds(dam: DamClient, name: str, value: JsonValue, row: RecordRow, values: Values, *, bounds: Bounds) -> bool:
    if name == FILE_VERSION:
        return (row.version.id if row.version else "") == (value or "")
    if name == STATUS:
        return row.status.casefold() == str(value).casefold()
    ((field, wanted),) = _definitions(dam, {name: value}, bounds)
    return dam_translate.is_same(field, values.get(field.name, ""), wanted)


def _definitions(dam: DamClient, fields: Mapping[str, JsonValue], bounds: Bounds) -> list[tuple[Named, JsonValue]]:
    return [(dam.names.find("fielddefinitions", name, bounds), value) for name, value in fields.items()]


def _places(dam: DamClient, paths: Iterable[str], bounds: Bounds) -> list[str]:
    return [dam.names.find("classifications", path, bounds).id for path in paths]


def gone(target: str) -> StaleError:
    """The error for a target that does not answer any more."""
    # The plan saw it: it was deleted or hidden since. The next look says which.
    return StaleError(f"{target} is not there any more")


# ---- dam.add_check -------------------------------------------------------------------------------------------------


def add_check(client: Client, command: AddCheck, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Add the result to exactly that version, with the marker at the end of its description."""
    body = {
        "checkId": client.dam.names.find("checks", command.check, bounds).id,
        "outcome": command.outcome,
        "description": f"{command.description} {comment_marker(effect_key)}".strip(),
    }
    made = client.dam.add_check_result(command.file_version_id, body, bounds)
    if made is None:
        raise gone(command.target())
    return Sent(how="sent", vendor_ref=made)


def see_check(client: Client, command: AddCheck, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when a check result of that version contains the marker."""
    results = client.dam.check_results(command.file_version_id, bounds) or []
    found = next((each for each in results if comment_marker(effect_key) in each.description), None)
    return Sent(how="found", vendor_ref=found.id) if found else NotThere()


# ---- dam.create_record ---------------------------------------------------------------------------------------------


def create_record(client: Client, command: CreateRecord, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Search the reference, and make the record where none bears it."""
    found = see_created_record(client, command, effect_key, bounds)
    if isinstance(found, Sent):
        return Sent(how="already", vendor_ref=found.vendor_ref)
    dam = client.dam
    values = {**command.fields, command.reference_field: command.reference}
    fields = [
        dam_translate.field_body(field, value, dam.names, bounds)
        for field, value in _definitions(dam, values, bounds)
    ]
    body: dict[str, Any] = {
        "status": command.status,
        "contentType": command.content_type,
        "classifications": changed(add=_places(dam, command.classifications, bounds)),
        "fields": {"addOrUpdate": fields},
    }
    if not command.upload:
        return Sent(how="sent", vendor_ref=dam.create_record(body, bounds))
    with client.uploads.token(command.upload, bounds) as file:
        files = [{"versions": {"addOrUpdate": [{"id": file.token, "fileName": file.file_name}]}}]
        body["files"] = {"master": file.token, "addOrUpdate": files}
        return Sent(how="sent", vendor_ref=dam.create_record(body, bounds))


def see_created_record(
    client: Client, command: CreateRecord, effect_key: EffectKey, bounds: Bounds
) -> Sent | NotThere:
    """There when a record bears the reference; the index lags behind, and `late` counts that in."""
    del effect_key
    name = client.dam.names.find("fielddefinitions", command.reference_field, bounds).name
    for page in client.dam.search(f"FieldName('{name}') = @reference", {"reference": command.reference}, bounds):
        for row in page:
            # A search may be looser than we are: its rows are read once more.
            field = row.fields.get(name)
            if field is not None and field.values == (command.reference,):
                return Sent(how="found", vendor_ref=row.record_id)
    return NotThere()


# ---- collections ---------------------------------------------------------------------------------------------------


def add_to_collection(client: Client, command: AddToCollection, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Put them in, whether they are in or not."""
    del effect_key
    return _collect(client, command, {"records": changed(add=command.record_ids)}, bounds)


def remove_from_collection(
    client: Client, command: RemoveFromCollection, effect_key: EffectKey, bounds: Bounds
) -> Sent:
    """Take them out, whether they are in or not."""
    del effect_key
    return _collect(client, command, {"records": changed(remove=command.record_ids)}, bounds)


def see_collection(
    client: Client, command: AddToCollection | RemoveFromCollection, effect_key: EffectKey, bounds: Bounds
) -> NotThere:
    """Never looked for: it is repeatable, and done again it changes nothing."""
    del client, command, effect_key, bounds
    return NotThere()


def _collect(
    client: Client, command: AddToCollection | RemoveFromCollection, body: Mapping[str, Any], bounds: Bounds
) -> Sent:
    collection = client.dam.names.find("collections", command.collection, bounds)
    if not client.dam.change_collection(collection.id, body, bounds):
        raise gone(command.target())
    return Sent(how="sent")


EFFECTS: Mapping[str, Effect[Client]] = {
    "dam.set_record": Effect(send=set_record, look_up=see_record),
    "dam.add_check": Effect(send=add_check, look_up=see_check),
    "dam.create_record": Effect(send=create_record, look_up=see_created_record),
    "dam.add_to_collection": Effect(send=add_to_collection, look_up=see_collection),
    "dam.remove_from_collection": Effect(send=remove_from_collection, look_up=see_collection),
}
"""By kind."""
