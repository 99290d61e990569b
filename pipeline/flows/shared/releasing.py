"""Releasing a package's records: what must hold of each first, the commands, and what they look like once out."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.commands import AddToCollection, Command, OrderLinks, SetRecord
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
from pipeline.flows.shared.versions import expected, latest
from pipeline.flows.tenant import FieldType, FlowWords
from pipeline.plan import Snapshot, Want
from pipeline.words import JsonValue, Side

VERSION, RELEASE_STATE = "approved_version", "release_state"
STATUS = "status"
"""What `expects` calls a record's status."""
_ARCHIVED = "archived"


# ---- guards --------------------------------------------------------------------------------------------------------


def faults(case: Case, package: Package) -> tuple[str, ...]:
    """Why nothing may be released: every guard that fails, of every record; none where all hold."""
    terms = case.words.terms_of(Terms)
    found = [] if package.parts else ["The package names no records."]
    found += [
        f"The channel {name!r} is not in the flow's file."
        for name in package.channels
        if name.casefold() not in terms.channels
    ]
    if package.date and moment(package.date) is None:
        found.append(f"The release date is none: {package.date!r}.")
    for part in package.parts:
        wrong = faults_of(case, part)
        record = record_in(case.snapshots, part.record_id, case.words)
        found += [f"{_name(part, record)} {' and '.join(wrong)}."] if wrong else []
    return tuple(found)


def faults_of(case: Case, part: Part) -> list[str]:
    """Why one record may not be released, or stay so, in the version that is meant."""
    terms, asset = case.words.terms_of(Terms), case.words.as_role(ASSET)
    record = record_in(case.snapshots, part.record_id, case.words)
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


# ---- commands ------------------------------------------------------------------------------------------------------


def release(case: Case, package: Package) -> tuple[Command, ...]:
    """Every record's one write, then the collections, then the order: only the version that was approved."""
    terms, channels = case.words.terms_of(Terms), chosen(case, package)
    asset = case.words.as_role(ASSET)
    guards: dict[str, JsonValue] = {asset.fields[name].wire: wanted for name, wanted in terms.guards.items()}
    writes = [
        SetRecord(
            record_id=part.record_id,
            status=terms.status,
            fields={asset.fields[RELEASE_STATE].wire: terms.released},
            add_classifications=tuple(channel.classification for channel in channels),
            expects={**expected(part.version), **guards},
        )
        for part in package.parts
    ]
    everything = tuple(part.record_id for part in package.parts)
    collections = dict.fromkeys(channel.collection for channel in channels if channel.collection)
    collected = [AddToCollection(collection=each, record_ids=everything) for each in collections]
    return (*writes, *collected, *_order(case, package, terms))


def _order(case: Case, package: Package, terms: Terms) -> tuple[OrderLinks, ...]:
    if not terms.orders_links:
        return ()
    versions = {part.record_id: part.version for part in package.parts}
    return (OrderLinks(versions=versions, business_key=case.link.business_key, revision=package.revision),)


def is_released(case: Case, package: Package) -> bool:
    """Whether every record says that it is."""
    return all(is_out(record_in(case.snapshots, part.record_id, case.words), case) for part in package.parts)


def is_any_out(case: Case, package: Package) -> bool:
    """Whether a record of the package says so, with whichever release, or may say so unseen."""
    is_seen = any(is_out(record_in(case.snapshots, part.record_id, case.words), case) for part in package.parts)
    return is_seen or bool(unseen(case, package))


def unseen(case: Case, package: Package) -> tuple[Part, ...]:
    """The records that cannot be read: nobody knows whether they are out."""
    return tuple(part for part in package.parts if is_absent(record_in(case.snapshots, part.record_id, case.words)))


def is_out(record: Snapshot | None, case: Case) -> bool:
    """Whether a record says that it is released."""
    terms = case.words.terms_of(Terms)
    if record is None or record.is_absent:
        return False
    is_said = same(record.values.get(RELEASE_STATE), terms.released, FieldType.TEXT)
    return is_said and record.values.get("record_status") == terms.status.casefold()


def chosen(case: Case, package: Package) -> Sequence[Channel]:
    """The channels of a package, as far as the flow's file knows them."""
    known = case.words.terms_of(Terms).channels
    return [known[name.casefold()] for name in package.channels if name.casefold() in known]


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


def _name(part: Part, record: Snapshot | None) -> str:
    title = text(record.values.get("title")) if record else ""
    return f"{title} ({part.record_id})" if title else part.record_id or "A record without an id"
