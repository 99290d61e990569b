"""Differences between the two systems, as values: what was seen, what does not agree, why, and what becomes of it.

Reconciliation looks three ways: at each side now, and at what both last agreed on (`Link.agreed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pipeline.flows.tenant import Policy
from pipeline.plan import Link, ProcessRead, Snapshot
from pipeline.words import BusinessKey, DeliveryId, EventId, EventState, JsonValue, Side

STATE, PROCESS = "state", "process"
"""What may differ beside the fields of a flow: where the item stands, and whether its process lives."""


class Cause(StrEnum):
    """Why two systems differ."""

    NOTICE_MISSING = "notice_missing"
    """One side changed, and nothing that we stored tells of it."""
    NOTICE_IGNORED = "notice_ignored"
    """We were told of the change, and left it although it mattered."""
    DELIVERY_DEAD = "delivery_dead"
    """The change died on its way: an open dead letter holds the line."""
    DELIVERY_WAITING = "delivery_waiting"
    """The change is on its way: the line waits, or works."""
    EDITED_IN_APRIMO = "edited_in_aprimo"
    """Somebody changed in Aprimo what we wrote there."""
    EDITED_IN_OPENTEXT = "edited_in_opentext"
    """Somebody changed in OpenText what Aprimo owns."""
    EDITED_IN_BOTH = "edited_in_both"
    """Both sides left what they had agreed on, each to something else."""
    EDITED_BY_AUTOMATION = "edited_by_automation"
    """A rule or job of the vendor changed what we wrote."""
    PROCESS_MISSING = "process_missing"
    """The item stands where a process must live, and none does; or approved, which no process ever said."""
    PROCESS_DOUBLED = "process_doubled"
    """Two processes of one revision live."""
    ITEM_DELETED = "item_deleted"
    """A process lives whose item is gone."""
    WORD_UNKNOWN = "word_unknown"
    """The item or its process stands where the flow's TOML knows no word for, or a value is none of its type."""
    MAPPING_CHANGED = "mapping_changed"
    """Nobody touched either side: the flow's TOML reads them otherwise than it did."""
    VERSION_NEWER = "version_newer"
    """What is approved is not the version that is there now."""
    UNEXPLAINED = "unexplained"
    """They differ, and nothing we know says why."""


HAND_EDITS = frozenset({Cause.EDITED_IN_APRIMO, Cause.EDITED_BY_AUTOMATION})
"""Somebody, or something, changed in Aprimo what OpenText owns: it is put right there."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Both sides of one item as they were seen in one run.

    item: None where it was not asked for; a snapshot that is absent where it is gone. processes: the living ones that
    bear the business key, and the newest ended one where it was read. link: None where we never began anything.
    in_use_since: from when on nothing is approved here without the flow, None where nobody knows yet.
    """

    flow: str
    business_key: BusinessKey
    link: Link | None
    item: Snapshot | None = None
    processes: tuple[ProcessRead, ...] = ()
    at: datetime
    in_use_since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """One thing in which the two sides differ. field: a field's name, `state` or `process`.

    agreed: what both last agreed on. aprimo and opentext: what each shows now, None where it shows nothing of it.
    """

    field: str
    agreed: JsonValue
    aprimo: JsonValue
    opentext: JsonValue


@dataclass(frozen=True, kw_only=True)
class ToldOf:
    """A notice about an item that we stored: which, when, and how it ended."""

    event_id: EventId
    source: str
    side: Side
    state: EventState
    reason: str
    time: datetime
    accepted_at: datetime


@dataclass(frozen=True, kw_only=True)
class Written:
    """A write of ours that is done. fields: by wire name (or variable) what it wrote."""

    delivery_id: DeliveryId
    kind: str
    at: datetime
    fields: Mapping[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What our own tables know of an item: the evidence that a cause is told by.

    open_events: on its lines, oldest first. letter: the open dead letter that holds its main line, "" for none.
    told: its newest notices, newest first. written: our newest writes to it, newest first. mapping_version: of the
    words by which the link was written last, "" where it never was; mapping_now: of today's words.
    """

    open_events: tuple[ToldOf, ...] = ()
    letter: str = ""
    letter_code: str = ""
    told: tuple[ToldOf, ...] = ()
    written: tuple[Written, ...] = ()
    mapping_version: str = ""
    mapping_now: str = ""


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A mismatch with its cause, the evidence for it (ids and times, as JSON), and what may be done about it."""

    mismatch: Mismatch
    cause: Cause
    policy: Policy
    evidence: Mapping[str, JsonValue] = field(default_factory=dict)
