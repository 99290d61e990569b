"""Versions of a record's file: what is submitted and reviewed goes by the version's id; its number is for people."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import text
from pipeline.plan import ProcessRow, Snapshot, Want
from pipeline.words import JsonValue, Side

KIND = "file_version"
"""As what a version with all that was said of it is read."""
EXPECTED = "fileVersion"
"""What `expects` calls the record's latest version."""
NUMBER_VARIABLE = "fileVersionNumber"
"""The process variable that tells people the number of the version that they review."""
NUMBER = "submitted_number"
"""Agreed: the number of the version that was submitted last."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version of the master file."""

    id: str
    number: str
    sha256: str


def latest(item: Snapshot | None) -> Version | None:
    """The latest version of a record that was read; None where it has no file, or was not read."""
    found = item.values.get("file_version") if item else None
    if not isinstance(found, dict) or not found.get("id"):
        return None
    number = text(found.get("number")) or text(found.get("label"))
    return Version(id=text(found["id"]), number=number, sha256=text(found.get("sha256")))


def latest_id(item: Snapshot | None) -> str:
    """The latest version's id; "" where there is none, or the record was not read."""
    version = latest(item)
    return version.id if version else ""


def number_of(case: Case, live: ProcessRow) -> str:
    """The number of the version that a process is about: as read of the record, of the process, or as it was told."""
    version = latest(case.item)
    if version and version.id == live.item_version:
        return version.number
    known = case.process.variables.get(NUMBER_VARIABLE) if case.process else None
    return text(known) or text(case.link.agreed_value(NUMBER))


def expected(version_id: str) -> dict[str, JsonValue]:
    """That the record's latest version is still this one when the write leaves."""
    return {EXPECTED: version_id}


def want(flow: str, version_id: str) -> Want:
    """A version with its annotations and check results."""
    return Want(flow=flow, side=Side.APRIMO, kind=KIND, object_id=version_id)
