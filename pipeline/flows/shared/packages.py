"""A content package: which records go where and when, as its approvers saw it; and its tables in the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.flows.shared import looking, versions
from pipeline.flows.shared.values import text
from pipeline.flows.tenant import RECORD, FlowWords
from pipeline.flows.toml_table import Table
from pipeline.plan import ProcessRead, Snapshot, Snapshots, Want
from pipeline.words import JsonValue, Side

ASSET = "asset"
"""The role in which a package's records are read."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Where a channel's records go: its team's collection, "" for none, and its classification."""

    name: str
    collection: str
    classification: str


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The flow's own tables.

    guards: field of a record -> what it must say. status: of a released record. unreleased: the status of one that is
    taken back, where how it stood before is not known. released, taken_back: options of
    `release_state`. orders_links: whether public links are ordered. channels: by their names in small letters.
    """

    guards: Mapping[str, str]
    status: str
    unreleased: str
    released: str
    taken_back: str
    orders_links: bool
    channels: Mapping[str, Channel]

    def named(self) -> tuple[tuple[str, str], ...]:
        """Statuses of records, what their fields say, and the channels' classifications and collections."""
        says = [(f"option:{field}", option) for field, option in self.guards.items()]
        says += [("option:release_state", option) for option in (self.released, self.taken_back)]
        paths = [("classification", channel.classification) for channel in self.channels.values()]
        collections = [channel.collection for channel in self.channels.values() if channel.collection]
        statuses = [("record status", status) for status in (self.status, self.unreleased)]
        return (*statuses, *says, *paths, *(("collection", name) for name in collections))


@dataclass(frozen=True, kw_only=True)
class Part:
    """A record of a package.

    wanted: the version that the approvers were shown, "" where nobody named one. The rest is known once all guards
    held: the version that is released, and the channels that the record was in before; former: the version that it
    was released in already, "" for none; status: how it stood before the first release; brought: the channels into
    which it came with former ones.
    """

    record_id: str
    wanted: str = ""
    version: str = ""
    former: str = ""
    status: str = ""
    channels: tuple[str, ...] = ()
    brought: tuple[str, ...] = ()

    def as_json(self) -> dict[str, JsonValue]:
        """As it is remembered in the link."""
        return {**vars(self), "channels": list(self.channels), "brought": list(self.brought)}


@dataclass(frozen=True, kw_only=True)
class Package:
    """What was approved: of which process and revision, what goes where, and when (as somebody wrote it).

    is_written: whether all of its records were written, so that what they say since is this package's doing.
    """

    instance_id: str
    revision: int
    parts: tuple[Part, ...]
    channels: tuple[str, ...]
    date: str
    is_written: bool = False

    def as_json(self) -> dict[str, JsonValue]:
        """As it is remembered in the link."""
        return {**vars(self), "parts": as_list(self.parts), "channels": list(self.channels)}

    @classmethod
    def from_json(cls, value: JsonValue) -> Package | None:
        """What `as_json` gave; None for anything else."""
        if not isinstance(value, dict):
            return None
        return cls(
            instance_id=text(value["instance_id"]),
            revision=int(text(value["revision"])),
            parts=parts_in(value["parts"]),
            channels=_texts(value["channels"]),
            date=text(value["date"]),
            is_written=value["is_written"] is True,
        )


def read_terms(root: Table) -> Terms:
    """The tables `[guards]`, `[release]` and `[channels.<name>]`."""
    guards, release, channels = root.table("guards"), root.table("release"), root.table("channels")
    terms = Terms(
        guards={name: guards.text(name, example='"Approved"') for name in guards.names()},
        status=release.text("status", example='"released"'),
        unreleased=release.text("unreleased", example='"draft"'),
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


def of_process(process: ProcessRead, revision: int) -> Package:
    """The package as its approvers saw it. A record may be named by its id alone, or with a file version."""
    return Package(
        instance_id=process.instance_id,
        revision=revision,
        parts=named(list_in(process.variables.get("records"))),
        channels=tuple(dict.fromkeys(text(each).strip() for each in list_in(process.variables.get("channels")))),
        date=text(process.variables.get("releaseDate")).strip(),
    )


def named(rows: Iterable[JsonValue]) -> tuple[Part, ...]:
    """The records that a list names, each once."""
    parts: dict[str, Part] = {}
    for row in rows:
        values = row if isinstance(row, dict) else {"recordId": row}
        record_id = plain_id(values.get("recordId"))
        parts.setdefault(record_id, Part(record_id=record_id, wanted=plain_id(values.get("fileVersionId"))))
    return tuple(parts.values())


def shown_to_approvers(parts: Iterable[Part], snapshots: Snapshots, words: FlowWords) -> list[JsonValue]:
    """The records with the versions that are latest now, as a process gets them."""
    return [
        {
            "recordId": part.record_id,
            "fileVersionId": versions.latest_id(record_in(snapshots, part.record_id, words)),
        }
        for part in parts
    ]


def not_there(parts: Iterable[Part], snapshots: Snapshots, words: FlowWords) -> tuple[str, ...]:
    """What is named as a record and is none that can be read, each as people find it."""
    return tuple(
        part.record_id or "(empty)" for part in parts if is_absent(record_in(snapshots, part.record_id, words))
    )


def records_wanted(parts: Iterable[Part], words: FlowWords) -> tuple[Want, ...]:
    """What to read of a package's records; one with an id that is none is not asked for."""
    return tuple(want_record(part.record_id, words) for part in parts if looking.is_id(RECORD, part.record_id))


def record_in(snapshots: Snapshots, record_id: str, words: FlowWords) -> Snapshot | None:
    """A record as it was read, if it was."""
    return snapshots.get(want_record(record_id, words))


def want_record(record_id: str, words: FlowWords) -> Want:
    """A record as a package's."""
    return Want(flow=words.flow, side=Side.APRIMO, kind=RECORD, object_id=record_id, role=ASSET)


def is_absent(record: Snapshot | None) -> bool:
    """Whether a record was not read, or is not there."""
    return record is None or record.is_absent


def as_list(parts: Iterable[Part]) -> list[JsonValue]:
    """Records as they are remembered in the link."""
    return [part.as_json() for part in parts]


def parts_in(value: JsonValue) -> tuple[Part, ...]:
    """What `as_list` gave; none for anything else."""
    return tuple(_part(row) for row in rows_in(value))


def _part(row: Mapping[str, JsonValue]) -> Part:
    names = ("record_id", "wanted", "version", "former", "status")
    return Part(
        **{name: text(row[name]) for name in names},
        channels=_texts(row["channels"]),
        brought=_texts(row["brought"]),
    )


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(text(each) for each in list_in(value))


def rows_in(value: JsonValue) -> list[Mapping[str, JsonValue]]:
    """The objects that a JSON list holds."""
    return [row for row in list_in(value) if isinstance(row, dict)]


def list_in(value: JsonValue) -> list[JsonValue]:
    """A JSON list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def plain_id(value: JsonValue) -> str:
    """An id of the DAM as we write it: hex digits in small letters."""
    return text(value).replace("-", "").strip().lower()
