"""Aprimo in memory: what each kind of command does there."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.aprimo.options import COMMITMENT_STATUSES, COMMITMENT_VERBS, PROJECT_VERBS, TASK_VERBS, Verb
from pipeline.commands import (
    AddAnnotation,
    AddCheck,
    AddToCollection,
    AddVersion,
    CommitmentVerb,
    CreateObject,
    CreateRecord,
    CreateTask,
    DropPublicLink,
    OrderLinks,
    ProjectVerb,
    RegisterPublicLink,
    RemoveFromCollection,
    SetFields,
    SetRecord,
    TaskVerb,
    Upload,
)
from pipeline.errors import StaleError, TransientError
from pipeline.keys import comment_marker
from pipeline.words import EffectKey, Side
from tests.support.memory.system import Doing, System, Thing, differing

DELEGATE = "delegate"


class MemoryAprimo(System):
    """Objects bear their fields by wire name; tasks and projects their status by name, commitments by number."""

    side = Side.APRIMO

    @property
    def doings(self) -> Mapping[str, Doing]:  # type: ignore[override]  # The table stands below what it names.
        """By kind of command."""
        return DOINGS

    def touch(self, thing: Thing) -> None:
        """An object was changed now; the date has whole seconds."""
        thing["modified"] = self.now.replace(microsecond=0)


# ---- fields ------------------------------------------------------------------------------------------------------


def _see_fields(system: MemoryAprimo, command: SetFields, _key: EffectKey) -> str | None:
    thing = system.things.get((command.object_kind, str(command.object_id)))
    return "" if thing is not None and not differing(thing, command.lasting()) else None


def _set_fields(system: MemoryAprimo, command: SetFields, _key: EffectKey) -> str:
    thing = system.thing(command.object_kind, command.object_id)
    system.expect(thing, command.expects, command.target())
    _write(system, thing, command.target(), differing(thing, command.fields))
    return ""


def _write(system: MemoryAprimo, thing: Thing, target: str, changes: Thing) -> None:
    before = {name: thing.get(name) for name in changes}
    thing.update(changes)
    system.touch(thing)
    system.record("", target, changes, before)


# ---- verbs -------------------------------------------------------------------------------------------------------


def _verb(system: MemoryAprimo, kind: str, object_id: int, verb: Verb) -> Thing:
    thing = system.thing(kind, object_id)
    if thing["status"] not in verb.legal_from:
        raise StaleError(f"{kind} {object_id} is {thing['status']!r}")
    thing["status"] = min(verb.leads_to)
    system.touch(thing)
    return thing


def _led(system: MemoryAprimo, kind: str, object_id: int, verb: Verb) -> str | None:
    thing = system.things.get((kind, str(object_id)))
    return "" if thing is not None and thing["status"] in verb.leads_to else None


def _see_project(system: MemoryAprimo, command: ProjectVerb, _key: EffectKey) -> str | None:
    return _led(system, "project", command.project_id, PROJECT_VERBS[command.verb])


def _project(system: MemoryAprimo, command: ProjectVerb, _key: EffectKey) -> str:
    _verb(system, "project", command.project_id, PROJECT_VERBS[command.verb])
    return ""


def _see_commitment(system: MemoryAprimo, command: CommitmentVerb, _key: EffectKey) -> str | None:
    thing = system.things.get(("commitment", str(command.committed_id)))
    verb = COMMITMENT_VERBS[command.verb]
    return "" if thing is not None and COMMITMENT_STATUSES[thing["commitmentStatus"]] in verb.leads_to else None


def _commitment(system: MemoryAprimo, command: CommitmentVerb, _key: EffectKey) -> str:
    thing = system.thing("commitment", command.committed_id)
    system.expect(thing, command.expects, command.target())
    verb = COMMITMENT_VERBS[command.verb]
    if COMMITMENT_STATUSES[thing["commitmentStatus"]] not in verb.legal_from:
        raise StaleError(f"{command.target()} cannot {command.verb}")
    thing["commitmentStatus"] = next(number for number, name in COMMITMENT_STATUSES.items() if name in verb.leads_to)
    system.touch(thing)
    return ""


def _see_task(system: MemoryAprimo, command: TaskVerb, _key: EffectKey) -> str | None:
    if command.verb != DELEGATE:
        return _led(system, "task", command.task_id, TASK_VERBS[command.verb])
    thing = system.things.get(("task", str(command.task_id)))
    return "" if thing is not None and thing["userId"] == command.user_id else None


def _task(system: MemoryAprimo, command: TaskVerb, _key: EffectKey) -> str:
    if command.verb != DELEGATE:
        _verb(system, "task", command.task_id, TASK_VERBS[command.verb])
    else:
        system.thing("task", command.task_id)["userId"] = command.user_id
    return ""


# ---- what bears a mark -------------------------------------------------------------------------------------------


def _marked(thing: Thing | None, name: str, key: EffectKey) -> str | None:
    """The reference of the entry in a list of the object's that bears the mark."""
    entries = thing[name] if thing is not None else []
    return next((ref for ref, said in entries if comment_marker(key) in said), None)


def _mark(system: MemoryAprimo, thing: Thing, name: str, said: str, key: EffectKey) -> str:
    ref = str(system.new_id())
    thing[name].append((ref, f"{said} {comment_marker(key)}"))
    return ref


def _see_annotation(system: MemoryAprimo, command: AddAnnotation, key: EffectKey) -> str | None:
    return _marked(system.things.get(("asset", f"{command.asset_id}/{command.version}")), "annotations", key)


def _annotate(system: MemoryAprimo, command: AddAnnotation, key: EffectKey) -> str:
    asset = system.thing("asset", f"{command.asset_id}/{command.version}")
    _mark(system, asset, "annotations", command.text, key)
    return ""


def _see_check(system: MemoryAprimo, command: AddCheck, key: EffectKey) -> str | None:
    return _marked(system.things.get(("file-version", command.file_version_id)), "checks", key)


def _check(system: MemoryAprimo, command: AddCheck, key: EffectKey) -> str:
    version = system.thing("file-version", command.file_version_id)
    return _mark(system, version, "checks", command.description, key)


def _see_version(system: MemoryAprimo, command: AddVersion, key: EffectKey) -> str | None:
    return _marked(system.things.get(("record", command.record_id)), "versions", key)


def _add_version(system: MemoryAprimo, command: AddVersion, key: EffectKey) -> str:
    _mark(system, system.thing("record", command.record_id), "versions", command.comment, key)
    return ""


# ---- what is made --------------------------------------------------------------------------------------------------


def _see_made_task(system: MemoryAprimo, command: CreateTask, key: EffectKey) -> str | None:
    return _found(system, "task", lambda thing: comment_marker(key) in str(thing.get("description")))


def _make_task(system: MemoryAprimo, command: CreateTask, key: EffectKey) -> str:
    system.thing("project", command.project_id)
    description = f"{command.description} {comment_marker(key)}"
    return _make(system, "task", {"status": "not started", "userId": None, "description": description})


def _see_object(system: MemoryAprimo, command: CreateObject, _key: EffectKey) -> str | None:
    return _found(system, command.object_kind, lambda thing: thing.get(command.reference_field) == command.reference)


def _make_object(system: MemoryAprimo, command: CreateObject, _key: EffectKey) -> str:
    return _make(system, command.object_kind, {**command.fields, command.reference_field: command.reference})


def _see_made_record(system: MemoryAprimo, command: CreateRecord, _key: EffectKey) -> str | None:
    return _found(system, "record", lambda thing: thing.get(command.reference_field) == command.reference)


def _make_record(system: MemoryAprimo, command: CreateRecord, _key: EffectKey) -> str:
    fields = {**command.fields, command.reference_field: command.reference}
    return _make(
        system,
        "record",
        {**fields, "status": command.status, "classifications": [*command.classifications], "versions": []},
    )


def _found(system: MemoryAprimo, kind: str, is_it: object) -> str | None:
    return next(
        (object_id for (of_kind, object_id), thing in system.things.items() if of_kind == kind and is_it(thing)),  # type: ignore[operator]  # A predicate.
        None,
    )


def _make(system: MemoryAprimo, kind: str, thing: Thing) -> str:
    object_id = str(system.new_id())
    system.things[kind, object_id] = thing
    system.touch(thing)
    return object_id


# ---- records, collections, links -----------------------------------------------------------------------------------


def _see_record(system: MemoryAprimo, command: SetRecord, _key: EffectKey) -> str | None:
    record = system.things.get(("record", command.record_id))
    return "" if record is not None and not _record_changes(record, command.lasting()) else None


def _set_record(system: MemoryAprimo, command: SetRecord, _key: EffectKey) -> str:
    record = system.thing("record", command.record_id)
    system.expect(record, command.expects, command.target())
    _write(system, record, command.target(), _record_changes(record, command))
    return ""


def _record_changes(record: Thing, command: SetRecord) -> Thing:
    changes = differing(record, command.fields)
    if command.status and command.status != record["status"]:
        changes["status"] = command.status
    kept = [each for each in record["classifications"] if each not in command.remove_classifications]
    places = [*kept, *(each for each in command.add_classifications if each not in kept)]
    return changes if places == record["classifications"] else {**changes, "classifications": places}


def _collect(system: MemoryAprimo, command: AddToCollection, _key: EffectKey) -> str:
    records = system.thing("collection", command.collection)["records"]
    added = [each for each in command.record_ids if each not in records]
    if added:
        records.extend(added)
        system.record("", command.target(), {"added": added})
    return ""


def _uncollect(system: MemoryAprimo, command: RemoveFromCollection, _key: EffectKey) -> str:
    records = system.thing("collection", command.collection)["records"]
    removed = [each for each in command.record_ids if each in records]
    if removed:
        records[:] = [each for each in records if each not in removed]
        system.record("", command.target(), {"removed": removed})
    return ""


def _upload(system: MemoryAprimo, command: Upload, _key: EffectKey) -> str:
    # A token that nobody uses shows nowhere and changes nothing, so a file may be sent again.
    system.record("", command.target())
    return ""


def _see_order(system: MemoryAprimo, command: OrderLinks, _key: EffectKey) -> str | None:
    published = {link["version"] for (kind, _), link in system.things.items() if kind == "public-link"}
    if published.issuperset(command.versions.values()):
        return ""
    raise TransientError("nobody can tell whether this was ordered")


def _order(system: MemoryAprimo, command: OrderLinks, _key: EffectKey) -> str:
    for version in command.versions.values():
        _make(system, "public-link", {"version": version, "rendition": "web", "uri": ""})
    return str(system.new_id())


def _see_link(system: MemoryAprimo, command: RegisterPublicLink, _key: EffectKey) -> str | None:
    wanted = (command.file_version_id, command.rendition, command.uri)
    return _found(system, "public-link", lambda link: (link["version"], link["rendition"], link["uri"]) == wanted)


def _link(system: MemoryAprimo, command: RegisterPublicLink, _key: EffectKey) -> str:
    system.thing("file-version", command.file_version_id)
    link = {"version": command.file_version_id, "rendition": command.rendition, "uri": command.uri}
    return _make(system, "public-link", link)


def _see_no_link(system: MemoryAprimo, command: DropPublicLink, _key: EffectKey) -> str | None:
    return None if ("public-link", command.public_link_id) in system.things else ""


def _unlink(system: MemoryAprimo, command: DropPublicLink, _key: EffectKey) -> str:
    del system.things["public-link", command.public_link_id]
    return ""


DOINGS: Mapping[str, Doing] = {
    "pm.set_fields": Doing(see=_see_fields, do=_set_fields),
    "pm.project_verb": Doing(
        see=_see_project, do=_project, identity=lambda command, _key: f"{command.verb} {command.target()}"
    ),
    "pm.commitment_verb": Doing(
        see=_see_commitment, do=_commitment, identity=lambda command, _key: f"{command.verb} {command.target()}"
    ),
    "pm.task_verb": Doing(
        see=_see_task, do=_task, identity=lambda command, _key: f"{command.verb} {command.target()} {command.user_id}"
    ),
    "pm.add_annotation": Doing(
        see=_see_annotation,
        do=_annotate,
        identity=lambda command, _key: f"remark {command.origin} {command.origin_id} on {command.target()}",
        looks_first=False,
    ),
    "pm.create_task": Doing(
        see=_see_made_task,
        do=_make_task,
        identity=lambda command, _key: f"task {command.business_key} {command.revision} {command.purpose}",
        looks_first=False,
    ),
    "pm.create_object": Doing(
        see=_see_object, do=_make_object, identity=lambda command, _key: f"object {command.reference}"
    ),
    "dam.set_record": Doing(see=_see_record, do=_set_record),
    "dam.add_check": Doing(
        see=_see_check,
        do=_check,
        identity=lambda command, _key: f"check {command.check} {command.origin} on {command.target()}",
        looks_first=False,
    ),
    "dam.create_record": Doing(
        see=_see_made_record, do=_make_record, identity=lambda command, _key: f"record {command.reference}"
    ),
    "dam.add_version": Doing(
        see=_see_version,
        do=_add_version,
        identity=lambda command, _key: f"version {command.business_key} {command.revision} of {command.target()}",
        looks_first=False,
    ),
    "dam.add_to_collection": Doing(see=lambda *_: None, do=_collect, looks_first=False, is_repeatable=True),
    "dam.remove_from_collection": Doing(see=lambda *_: None, do=_uncollect, looks_first=False, is_repeatable=True),
    "dam.upload": Doing(see=lambda *_: None, do=_upload, looks_first=False, is_repeatable=True),
    "dam.order": Doing(see=_see_order, do=_order, identity=lambda command, _key: command.target(), looks_first=False),
    "dam.public_link": Doing(
        see=_see_link,
        do=_link,
        identity=lambda command, _key: f"link {command.rendition} of {command.file_version_id}",
        looks_first=False,
    ),
    "dam.drop_public_link": Doing(
        see=_see_no_link, do=_unlink, identity=lambda command, _key: f"drop {command.target()}"
    ),
}
