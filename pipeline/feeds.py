"""What the timetable's jobs read, as values and protocols: the vendors' adapters provide them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pipeline.ports import Bounds


@dataclass(frozen=True, kw_only=True)
class ChangedItem:
    """A row of a change list: an object and when it was changed. row is kept as the receipt's body.

    type_id: its type or content type, None where rows of its kind name none.
    """

    kind: str
    object_id: int | str
    modified_at: datetime
    dedupe_key: str
    row: Mapping[str, object]
    type_id: int | str | None = None


@dataclass(frozen=True, kw_only=True)
class ListedItem:
    """A row of a list that says of no object when it was changed; row_hash is of all that it says."""

    kind: str
    object_id: int | str
    row_hash: str
    row: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a change list; total is what the source says the window holds, None where it does not."""

    items: tuple[ChangedItem, ...]
    total: int | None = None


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """A row of OpenText's audit logs."""

    stream: str
    event_type: str
    instance_id: str
    item_id: str
    business_key: str
    definition_id: str
    time: str
    at: datetime
    row: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class SeenInstance:
    """A running instance as list pages show it: what audit rows do not tell is in its hash."""

    instance_id: str
    business_key: str
    seen_hash: str


@dataclass(frozen=True, kw_only=True)
class AprimoUser:
    """A user of Aprimo; email "" where none is shown."""

    id: str
    email: str
    name: str


class AprimoUsers(Protocol):
    """Users of Aprimo."""

    def user(self, user_id: str, bounds: Bounds) -> AprimoUser | None:
        """A user by id; None where there is none, or it is hidden."""

    def by_email(self, email: str, bounds: Bounds) -> AprimoUser | None:
        """The user with an e-mail; None where there is none."""


class AprimoFeed(Protocol):
    """Lists of the kinds and types of Aprimo objects that the flows name."""

    @property
    def dated(self) -> tuple[str, ...]:
        """The kinds whose rows say when they were changed."""

    @property
    def undated(self) -> tuple[str, ...]:
        """The kinds whose rows do not, and are compared instead."""

    def changed(self, kind: str, since: datetime, until: datetime, bounds: Bounds) -> Iterator[Page]:
        """Objects of a dated kind that were changed in [since, until), page by page, in no promised order."""

    def listed(self, kind: str, bounds: Bounds) -> Iterator[tuple[ListedItem, ...]]:
        """All objects of an undated kind, page by page."""


class OpenTextFeed(Protocol):
    """Audit logs and lists of OpenText."""

    def audit(self, stream: str, since: datetime, bounds: Bounds) -> Iterator[tuple[AuditRow, ...]]:
        """Audit rows of a stream from a time on, page by page, in no promised order."""

    def running(self, process_key: str, bounds: Bounds) -> Iterator[tuple[SeenInstance, ...]]:
        """Running instances of a model, page by page."""
