"""Releasing a package's records: what must hold of each first, the commands, and how what went out is taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.commands import AddToCollection, Command, OrderLinks, RemoveFromCollection, SetRecord
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.packages import (
    ASSET,
    Channel,
    Package,
    Part,
    Terms,
    is_absent,
    plain_id,
    record_in,
    rows_in,
)
from pipeline.flows.shared.values import moment, same, text
from pipeline.flows.shared.versions import expected, latest, latest_id
from pipeline.flows.tenant import FieldType, FlowWords
from pipeline.plan import Snapshot, Want
from pipeline.words import JsonValue, Side

VERSION, RELEASE_STATE = "approved_version", "release_state"
_ARCHIVED = "archived"


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
    version = latest(record)
    if record is None or is_absent(record):
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
    if plain_id(record.values.get(VERSION)) != version.id:
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
        version=latest_id(record),
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
    everything = tuple(part.record_id for part in package.parts)
    collections = dict.fromkeys(channel.collection for channel in chosen if channel.collection)
    collected = [AddToCollection(collection=each, record_ids=everything) for each in collections]
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
    out = [part for part in package.parts if _is_out(record_in(case.snapshots, part.record_id, case.words), case)]
    leaving: dict[str, list[str]] = {}
    for part in out:
        for collection in dict.fromkeys(each.collection for each in _added(case, package, part) if each.collection):
            leaving.setdefault(collection, []).append(part.record_id)
    return (
        *(_back(case, package, part) for part in out),
        *(RemoveFromCollection(collection=name, record_ids=tuple(ids)) for name, ids in leaving.items()),
    )


def _added(case: Case, package: Package, part: Part) -> list[Channel]:
    """The channels that a record came into with the release: one that it was in before keeps it."""
    return [each for each in _chosen(case, package) if each.name.casefold() not in part.channels]


def _back(case: Case, package: Package, part: Part) -> SetRecord:
    terms, asset = case.words.terms_of(Terms), case.words.as_role(ASSET)
    return SetRecord(
        record_id=part.record_id,
        status=part.status,
        fields={asset.fields[RELEASE_STATE].wire: terms.taken_back},
        remove_classifications=tuple(channel.classification for channel in _added(case, package, part)),
    )


def links(case: Case, package: Package) -> str:
    """The public links of the records' versions, one a line, as far as they were read."""
    uris: list[str] = []
    for part in package.parts:
        version = case.snapshots.get(version_want(part, case.words))
        uris += [text(row.get("uri")) for row in rows_in(version.values.get("public_links") if version else None)]
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


def _name(part: Part, record: Snapshot | None) -> str:
    title = text(record.values.get("title")) if record else ""
    return f"{title} ({part.record_id})" if title else part.record_id or "A record without an id"


def _paths(record: Snapshot | None) -> set[str]:
    rows = record.values.get("classifications") if record else None
    return {text(row.get("path")) for row in rows_in(rows)}
