"""Releasing a package's records: what must hold of each first, the commands, and how what went out is taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.commands import AddToCollection, Command, OrderLinks, RemoveFromCollection, SetRecord
from pipeline.flows.shared import looking
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import same, text
from pipeline.flows.shared.versions import Version, expected
from pipeline.flows.shared.versions import latest as latest_version
from pipeline.flows.tenant import RECORD, FieldType, FlowWords
from pipeline.flows.toml_table import Table
from pipeline.keys import aprimo_key
from pipeline.plan import Hold, ProcessRead, Snapshot, Snapshots, Want
from pipeline.words import JsonValue, Side

ASSET = "asset"
"""The role in which a package's records are read."""
VERSION, RELEASE_STATE = "approved_version", "release_state"
_FIELD_SET = "status"
_ARCHIVED = "archived"


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Where a channel's records go: its team's collection, "" for none, and its classification."""

    name: str
    collection: str
    classification: str


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The flow's own tables.

    guards: field of a record -> what it must say. status: of a released record. released, taken_back: options of
    `release_state`. orders_links: whether public links are ordered. channels: by their names in small letters.
    """

    guards: Mapping[str, str]
    status: str
    released: str
    taken_back: str
    orders_links: bool
    channels: Mapping[str, Channel]

    def named(self) -> tuple[tuple[str, str], ...]:
        """The channels' classifications and collections."""
        paths = [("classification", channel.classification) for channel in self.channels.values()]
        collections = [channel.collection for channel in self.channels.values() if channel.collection]
        return (*paths, *(("collection", name) for name in collections))


@dataclass(frozen=True, kw_only=True)
class Part:
    """A record of a package.

    wanted: the version that the approvers were shown, "" where nobody named one. The rest is known once all guards
    held: the version that is released, and how the record stood before: its status, what `release_state` said, and
    the channels it was in.
    """

    record_id: str
    wanted: str = ""
    version: str = ""
    status: str = ""
    state: str = ""
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Package:
    """What was approved: of which process and revision, what goes where, and when (as somebody wrote it)."""

    instance_id: str
    revision: int
    parts: tuple[Part, ...]
    channels: tuple[str, ...]
    date: str

    def as_json(self) -> dict[str, JsonValue]:
        """As it is remembered in the link."""
        parts: list[JsonValue] = [{**vars(part), "channels": list(part.channels)} for part in self.parts]
        return {**vars(self), "parts": parts, "channels": list(self.channels)}

    @classmethod
    def from_json(cls, value: JsonValue) -> Package | None:
        """What `as_json` gave; None for anything else."""
        if not isinstance(value, dict):
            return None
        return cls(
            instance_id=text(value["instance_id"]),
            revision=int(text(value["revision"])),
            parts=tuple(_part(each) for each in _rows(value["parts"])),
            channels=tuple(text(each) for each in _list(value["channels"])),
            date=text(value["date"]),
        )


def read_terms(root: Table) -> Terms:
    """The tables `[guards]`, `[release]` and `[channels.<name>]`."""
    guards, release, channels = root.table("guards"), root.table("release"), root.table("channels")
    terms = Terms(
        guards={name: guards.text(name, example='"Approved"') for name in guards.names()},
        status=release.text("status", example='"released"'),
        released=release.text("released", example='"Released"'),
        taken_back=release.text("taken_back", example='"Taken back"'),
        orders_links=release.truth("public_links"),
        channels={name.casefold(): _channel(name, channels.table(name)) for name in channels.names()},
    )
    if not terms.guards:
        guards.fault("approval", "no guard is named, so anything would be released", example='approval = "Approved"')
    for table in (guards, release, channels):
        table.done()
    return terms


def _channel(name: str, table: Table) -> Channel:
    made = Channel(
        name=name,
        collection=table.text("collection", example='"Web team"', default=""),
        classification=table.text("classification", example='"/Channels/Web"'),
    )
    table.done()
    return made


# ---- what a package is ---------------------------------------------------------------------------------------------


def of_process(process: ProcessRead, revision: int) -> Package:
    """The package as its approvers saw it. A record may be named by its id alone, or with a file version."""
    return Package(
        instance_id=process.instance_id,
        revision=revision,
        parts=named(_list(process.variables.get("records"))),
        channels=tuple(dict.fromkeys(text(each).strip() for each in _list(process.variables.get("channels")))),
        date=text(process.variables.get("releaseDate")).strip(),
    )


def named(rows: Iterable[JsonValue]) -> tuple[Part, ...]:
    """The records that a list names, each once."""
    parts: dict[str, Part] = {}
    for row in rows:
        values = row if isinstance(row, dict) else {"recordId": row}
        record_id = _normal(values.get("recordId"))
        parts.setdefault(record_id, Part(record_id=record_id, wanted=_normal(values.get("fileVersionId"))))
    return tuple(parts.values())


def shown_to_approvers(parts: Iterable[Part], snapshots: Snapshots, words: FlowWords) -> list[JsonValue]:
    """The records with the versions that are latest now, as a process gets them."""
    return [
        {
            "recordId": part.record_id,
            "fileVersionId": _id(latest_version(record_in(snapshots, part.record_id, words))),
        }
        for part in parts
    ]


def not_there(parts: Iterable[Part], snapshots: Snapshots, words: FlowWords) -> tuple[str, ...]:
    """What is named as a record and is none that can be read, each as people find it."""
    return tuple(
        part.record_id or "(empty)" for part in parts if _is_absent(record_in(snapshots, part.record_id, words))
    )


def records_wanted(parts: Iterable[Part], words: FlowWords) -> tuple[Want, ...]:
    """What to read of a package's records; one with an id that is none is not asked for."""
    return tuple(_want(part.record_id, words) for part in parts if looking.is_id(RECORD, part.record_id))


def record_in(snapshots: Snapshots, record_id: str, words: FlowWords) -> Snapshot | None:
    """A record as it was read, if it was."""
    return snapshots.get(_want(record_id, words))


def moment(value: str) -> datetime | None:
    """A date or moment, in UTC where it names no zone; None for what is none."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# ---- guards --------------------------------------------------------------------------------------------------------


def faults(case: Case, package: Package) -> tuple[str, ...]:
    """Why nothing may be released: every guard that fails, of every record; none where all hold."""
    terms, asset = case.words.terms_of(Terms), case.words.as_role(ASSET)
    found = [] if package.parts else ["The package names no records."]
    found += [
        f"The channel {name!r} is not in the flow's file."
        for name in package.channels
        if name.casefold() not in terms.channels
    ]
    if package.date and moment(package.date) is None:
        found.append(f"The release date is none: {package.date!r}.")
    for part in package.parts:
        record = record_in(case.snapshots, part.record_id, case.words)
        wrong = _wrong(part, record, terms, asset)
        found += [f"{_name(part, record)} {' and '.join(wrong)}."] if wrong else []
    return tuple(found)


def _wrong(part: Part, record: Snapshot | None, terms: Terms, asset: FlowWords) -> list[str]:
    version = latest_version(record)
    if record is None or _is_absent(record):
        return ["cannot be read"]
    if asset.type_ids and record.values.get("type_id") not in asset.type_ids:
        return ["is no asset of this flow"]
    if version is None:
        return ["has no file"]
    wrong = [
        f"has {name.replace('_', ' ')} {text(record.values.get(name)) or 'empty'!r} instead of {wanted!r}"
        for name, wanted in terms.guards.items()
        if text(record.values.get(name)) != wanted
    ]
    if _normal(record.values.get(VERSION)) != version.id:
        wrong.append(f"is not approved in its latest version {version.number}")
    meant = part.version or part.wanted
    if meant and meant != version.id:
        wrong.append(f"has a newer version {version.number} than the package was approved with")
    if record.values.get("record_status") == _ARCHIVED:
        wrong.append("is archived")
    return wrong


def as_they_stand(case: Case, package: Package) -> tuple[Part, ...]:
    """The records with their latest versions and with how they stand now, to be taken back to."""
    return tuple(
        _standing(part, record_in(case.snapshots, part.record_id, case.words), case) for part in package.parts
    )


def _standing(part: Part, record: Snapshot | None, case: Case) -> Part:
    values = record.values if record else {}
    paths = _paths(record)
    return Part(
        record_id=part.record_id,
        wanted=part.wanted,
        version=_id(latest_version(record)),
        status=text(values.get("record_status")),
        state=text(values.get(RELEASE_STATE)),
        channels=tuple(name for name, each in _channels(case).items() if each.classification in paths),
    )


# ---- commands ------------------------------------------------------------------------------------------------------


def release(case: Case, package: Package) -> tuple[Command, ...]:
    """Every record's one write, then the collections, then the order: only the version that was approved."""
    terms, chosen = case.words.terms_of(Terms), _chosen(case, package)
    asset = case.words.as_role(ASSET)
    guards: dict[str, JsonValue] = {asset.fields[name].wire: wanted for name, wanted in terms.guards.items()}
    writes = [
        SetRecord(
            record_id=part.record_id,
            status=terms.status,
            fields={asset.fields[RELEASE_STATE].wire: terms.released},
            add_classifications=tuple(channel.classification for channel in chosen),
            expects={**expected(part.version), **guards},
        )
        for part in package.parts
    ]
    collected = [
        AddToCollection(collection=channel.collection, record_id=part.record_id)
        for part in package.parts
        for channel in chosen
        if channel.collection
    ]
    return (*writes, *collected, *_order(case, package, terms))


def _order(case: Case, package: Package, terms: Terms) -> tuple[OrderLinks, ...]:
    if not terms.orders_links:
        return ()
    versions = {part.record_id: part.version for part in package.parts}
    return (OrderLinks(versions=versions, business_key=case.link.business_key, revision=package.revision),)


def is_released(case: Case, package: Package) -> bool:
    """Whether every record says that it is."""
    return all(_is_out(record_in(case.snapshots, part.record_id, case.words), case) for part in package.parts)


def take_back(case: Case, package: Package) -> tuple[Command, ...]:
    """What was released goes back to how it stood; a record that never went out is left alone."""
    return tuple(
        command
        for part in package.parts
        if _is_out(record_in(case.snapshots, part.record_id, case.words), case)
        for command in _back(case, package, part)
    )


def _back(case: Case, package: Package, part: Part) -> list[Command]:
    """A channel that the record was in before keeps it."""
    terms, asset = case.words.terms_of(Terms), case.words.as_role(ASSET)
    added = [each for each in _chosen(case, package) if each.name.casefold() not in part.channels]
    write = SetRecord(
        record_id=part.record_id,
        status=part.status,
        fields={asset.fields[RELEASE_STATE].wire: terms.taken_back},
        remove_classifications=tuple(channel.classification for channel in added),
    )
    collected = [
        RemoveFromCollection(collection=each.collection, record_id=part.record_id)
        for each in added
        if each.collection
    ]
    return [write, *collected]


def holds(package: Package) -> tuple[Hold, ...]:
    """Nobody else changes the records' release meanwhile."""
    return tuple(Hold(object=aprimo_key(RECORD, part.record_id), field_set=_FIELD_SET) for part in package.parts)


def links(case: Case, package: Package) -> str:
    """The public links of the records' versions, one a line, as far as they were read."""
    uris: list[str] = []
    for part in package.parts:
        version = case.snapshots.get(version_want(part, case.words))
        uris += [text(row.get("uri")) for row in _rows(version.values.get("public_links") if version else None)]
    return "\n".join(dict.fromkeys(uri for uri in uris if uri))


def version_want(part: Part, words: FlowWords) -> Want:
    """The version that was released, with its public links."""
    return Want(flow=words.flow, side=Side.APRIMO, kind="file_version", object_id=part.version)


def _is_out(record: Snapshot | None, case: Case) -> bool:
    terms = case.words.terms_of(Terms)
    if record is None or record.is_absent:
        return False
    is_said = same(record.values.get(RELEASE_STATE), terms.released, FieldType.TEXT)
    return is_said and record.values.get("record_status") == terms.status.casefold()


def _chosen(case: Case, package: Package) -> Sequence[Channel]:
    known = _channels(case)
    return [known[name.casefold()] for name in package.channels if name.casefold() in known]


def _channels(case: Case) -> Mapping[str, Channel]:
    return case.words.terms_of(Terms).channels


def _want(record_id: str, words: FlowWords) -> Want:
    return Want(flow=words.flow, side=Side.APRIMO, kind=RECORD, object_id=record_id, role=ASSET)


def _is_absent(record: Snapshot | None) -> bool:
    return record is None or record.is_absent


def _id(version: Version | None) -> str:
    return version.id if version else ""


def _name(part: Part, record: Snapshot | None) -> str:
    title = text(record.values.get("title")) if record else ""
    return f"{title} ({part.record_id})" if title else part.record_id or "A record without an id"


def _paths(record: Snapshot | None) -> set[str]:
    rows = record.values.get("classifications") if record else None
    return {text(row.get("path")) for row in _rows(rows)}


def _part(row: Mapping[str, JsonValue]) -> Part:
    names = ("record_id", "wanted", "version", "status", "state")
    return Part(**{name: text(row[name]) for name in names}, channels=tuple(text(c) for c in _list(row["channels"])))


def _rows(value: JsonValue) -> list[Mapping[str, JsonValue]]:
    return [row for row in _list(value) if isinstance(row, dict)]


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _normal(value: JsonValue) -> str:
    return text(value).replace("-", "").strip().lower()
