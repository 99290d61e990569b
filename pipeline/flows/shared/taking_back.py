"""Taking back what a package released: how its records stood before, the commands, and what is remembered of it.

A record that was already released before keeps that release only while the version released then is still its latest
and approved one; otherwise it goes back to how it stood before its first release.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.commands import Command, RemoveFromCollection, SetRecord
from pipeline.flows.shared import releasing
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.packages import ASSET, Channel, Package, Part, Terms, record_in, rows_in
from pipeline.flows.shared.values import text
from pipeline.flows.shared.versions import latest_id
from pipeline.words import JsonValue


def as_they_stand(case: Case, package: Package, former: Sequence[Part]) -> tuple[Part, ...]:
    """The records with their latest versions and with how they stand, to be taken back to.

    former: what this package released before. A record that is remembered already may be out by now: it stays so.
    """
    known = {part.record_id: part for part in former}
    return tuple(part if part.version else _standing(case, part, known.get(part.record_id)) for part in package.parts)


def as_read(case: Case, package: Package, former: Sequence[Part]) -> tuple[Part, ...]:
    """The same as the records stand now, of which this package has written none."""
    plain = [Part(record_id=part.record_id, wanted=part.wanted) for part in package.parts]
    return as_they_stand(case, replace(package, parts=tuple(plain)), former)


def _standing(case: Case, part: Part, former: Part | None) -> Part:
    record = record_in(case.snapshots, part.record_id, case.words)
    values = record.values if record else {}
    paths = {text(row.get("path")) for row in rows_in(values.get("classifications"))}
    known = case.words.terms_of(Terms).channels
    standing = replace(
        part,
        version=latest_id(record),
        status=text(values.get("record_status")),
        channels=tuple(name for name, channel in known.items() if channel.classification in paths),
    )
    if not releasing.is_out(record, case):
        return standing
    if former is None:
        return replace(standing, former=standing.version, status=case.words.terms_of(Terms).unreleased)
    return replace(standing, former=former.version, status=former.status, brought=former.brought)


def take_back(case: Case, package: Package) -> tuple[Command, ...]:
    """What was released goes back, or keeps its former release; a record that never went out is left alone."""
    leaving: dict[str, list[str]] = {}
    for part in _out(case, package):
        for collection in dict.fromkeys(each.collection for each in _left(case, package, part) if each.collection):
            leaving.setdefault(collection, []).append(part.record_id)
    writes = [_back(case, package, part) for part in _out(case, package)]
    return (
        *(each for each in writes if each.status or each.remove_classifications),
        *(RemoveFromCollection(collection=name, record_ids=tuple(ids)) for name, ids in leaving.items()),
    )


def released(case: Case, package: Package, former: Sequence[Part]) -> tuple[Part, ...]:
    """What is remembered once a package is out: of each of its records, and of those that it released before."""
    now = [replace(part, brought=_names((*part.brought, *_brought(case, package, part)))) for part in package.parts]
    return tuple({part.record_id: part for part in (*former, *now)}.values())


def still_released(case: Case, package: Package, former: Sequence[Part]) -> tuple[Part, ...]:
    """What is remembered once a package is taken back: a release that its record did not keep is forgotten.

    A record that cannot be read may be out all the same: how it stood before is remembered for when it is seen again.
    """
    kept = {part.record_id for part in _out(case, package) if _keeps(case, part)}
    unseen = replace(package, parts=releasing.unseen(case, package))
    gone = {part.record_id for part in package.parts} - kept
    return released(case, unseen, [part for part in former if part.record_id not in gone])


def _out(case: Case, package: Package) -> list[Part]:
    """The records that say that they are released."""
    return [
        part
        for part in package.parts
        if releasing.is_out(record_in(case.snapshots, part.record_id, case.words), case)
    ]


def _keeps(case: Case, part: Part) -> bool:
    """Whether a record's former release holds."""
    return bool(part.former) and not releasing.faults_of(case, replace(part, version=part.former))


def _back(case: Case, package: Package, part: Part) -> SetRecord:
    """The write that undoes a record's release; only while the record still says that it is released."""
    terms, state = case.words.terms_of(Terms), case.words.as_role(ASSET).fields[releasing.RELEASE_STATE].wire
    expects: dict[str, JsonValue] = {releasing.STATUS: terms.status, state: terms.released}
    paths = tuple(channel.classification for channel in _left(case, package, part))
    if _keeps(case, part):
        return SetRecord(record_id=part.record_id, remove_classifications=paths, expects=expects)
    return SetRecord(
        record_id=part.record_id,
        status=part.status,
        fields={state: terms.taken_back},
        remove_classifications=paths,
        expects=expects,
    )


def _left(case: Case, package: Package, part: Part) -> list[Channel]:
    """The channels that a record leaves: those of this release, and of former ones if it does not keep them."""
    known = case.words.terms_of(Terms).channels
    names = (*_brought(case, package, part), *(() if _keeps(case, part) else part.brought))
    return [known[name] for name in _names(names) if name in known]


def _brought(case: Case, package: Package, part: Part) -> list[str]:
    """The channels into which this release brings a record: one that it was in before is none."""
    names = [channel.name.casefold() for channel in releasing.chosen(case, package)]
    return [name for name in names if name not in part.channels]


def _names(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
