"""What a command is sent at whose answer gets lost, and how the vendor's own history shows that it took effect."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pipeline.commands import Cause, Command
from pipeline.keys import comment_marker
from pipeline.words import EventId
from tests.support.aprimo_caller import AprimoCaller
from tests.support.aprimo_dam import DamCaller
from tests.support.file_host import FileHost
from tests.support.opentext_caller import OpenTextCaller
from tests.support.vendor_parts import KeptProgress

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class People:
    """Those who prepare what is worked on, by the vendors' public APIs, and where files come from."""

    aprimo: AprimoCaller
    dam: DamCaller
    opentext: OpenTextCaller
    files: FileHost
    progress: KeptProgress


@dataclass(frozen=True, kw_only=True)
class Case:
    """A command, and which rows of the vendor's history are its effect."""

    command: Command
    is_effect: Callable[[Row], bool]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How cases of one kind are made, and which request of theirs loses its answer.

    is_repeatable: doing it again changes nothing, so its effect may be seen more than once.
    """

    make: Callable[[People, int], Case]
    method: str
    path: str
    match: str = ""
    is_repeatable: bool = False


def identity(name: str) -> Callable[[Row], bool]:
    """The row with this natural identity."""
    return lambda row: row["identity"] == name


def identity_begins(name: str) -> Callable[[Row], bool]:
    """The row whose natural identity begins so."""
    return lambda row: str(row["identity"] or "").startswith(name)


def sets(subject: str, field: str) -> Callable[[Row], bool]:
    """A row in which a field of an object changed."""
    return lambda row: (
        row["object"] == subject
        and isinstance(row["before"], Mapping)
        and isinstance(row["after"], Mapping)
        and row["before"].get(field) != row["after"].get(field)
    )


def makes(kind: str, text: str) -> Callable[[Row], bool]:
    """A row in which an object came to be that bears a text."""
    return lambda row: row["object"].startswith(f"{kind}:") and row["before"] is None and text in str(row["after"])


def drops(subject: str) -> Callable[[Row], bool]:
    """The row in which an object went away."""
    return lambda row: row["object"] == subject and row["after"] is None


def marker(command: Command) -> str:
    """The mark that a command leaves, for those whose effect key needs no event."""
    return comment_marker(command.effect_key(Cause(event_id=EventId("any"), plan_number=1)))


def sha256(content: bytes) -> str:
    """As an upload vouches for it."""
    return hashlib.sha256(content).hexdigest()
