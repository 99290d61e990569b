"""Keys: lines, business keys and dedupe keys, made in one place.

Source of the forms: the tables of dedupe keys and lines in docs/architecture.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from pipeline.words import BusinessKey, LineKey

NOTES = "~notes"
COMMENT_MARK = "[sg-"
"""How the mark begins that ends every comment of ours in OpenText."""


def aprimo_key(kind: str, object_id: int | str, part: str = "") -> BusinessKey:
    """The business key of an item in Aprimo, e.g. `aprimo:activity:5012` or `aprimo:record:0a1b#DACH`."""
    return BusinessKey(f"aprimo:{kind}:{object_id}" + (f"#{part}" if part else ""))


def whole_of(key: BusinessKey) -> BusinessKey:
    """The item that a part is of; the key itself where it is no part."""
    return BusinessKey(key.partition("#")[0])


def process_key(instance_id: str) -> BusinessKey:
    """The business key of work that began in OpenText, or that we cannot place yet."""
    return BusinessKey(f"opentext:process:{instance_id}")


def line_key(flow: str, subject: BusinessKey, *, is_notes: bool = False) -> LineKey:
    """The line of an item in a flow; comments have a line of their own."""
    return LineKey(f"{flow}/{subject}" + (NOTES if is_notes else ""))


def is_notes(key: LineKey) -> bool:
    """Whether the line is one for comments."""
    return key.endswith(NOTES)


def split_aprimo_key(key: BusinessKey) -> tuple[str, str, str]:
    """Kind, id and part ("" if none) of an Aprimo business key. Raises ValueError for another key."""
    whose, kind, rest = key.split(":", 2)
    if whose != "aprimo":
        raise ValueError(f"not an Aprimo business key: {key}")
    object_id, _, part = rest.partition("#")
    return kind, object_id, part


def kind_of(key: BusinessKey) -> str:
    """The kind of object that an Aprimo business key names; "" for another key."""
    whose, _, rest = key.partition(":")
    return rest.partition(":")[0] if whose == "aprimo" else ""


def digest(value: object) -> str:
    """A stable short hash of a JSON value: 32 hex digits of its SHA-256, keys sorted."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def pm_webhook(event_id: str) -> str:
    """EventId is the same on every retry of one webhook; Id is not."""
    return f"aprimo.pm.webhook:{event_id}"


def pm_poll(resource: str, object_id: int, modified: str, row: Mapping[str, object]) -> str:
    """ModifiedDate has whole seconds, and two edits may share one: the row's hash tells them apart."""
    return f"aprimo.pm.poll:{resource}:{object_id}:{modified}:{digest(dict(row))}"


def pm_list(resource: str, object_id: int | str, changes: int, row_hash: str) -> str:
    """For rows without a time: changes counts those seen before, so that a change taken back is one of its own."""
    return f"aprimo.pm.list:{resource}:{object_id}:{changes}:{row_hash}"


def dam_poll(record_id: str, modified: str, version_id: str) -> str:
    """A record as a search shows it; version_id: its latest master version, "" without a file."""
    return f"aprimo.dam.poll:{record_id}:{modified}:{version_id}"


def opentext_audit(stream: str, event_type: str, instance_id: str, item_id: str, time: str) -> str:
    """stream: process, task or activity; item_id: the task, execution or activity (or "")."""
    return f"opentext.audit:{stream}:{event_type}:{instance_id}:{item_id}:{time}"


def opentext_list(instance_id: str, seen_hash: str) -> str:
    """One key per state of an instance that the list poll saw."""
    return f"opentext.list:{instance_id}:{seen_hash}"


def opentext_call_back(instance_id: str, kind: str, execution_id: str, cloud_event_id: str) -> str:
    """One key per call-back of our own process models."""
    return f"opentext.callback:{instance_id}:{kind}:{execution_id}:{cloud_event_id}"


def timetable(job: str, flow: str, subject: BusinessKey, due: str) -> str:
    """due: the value that made it due (a date, a period, an amount)."""
    return f"timetable:{job}:{flow}:{subject}:{due}"


def reconciliation(difference: str, what: str) -> str:
    """difference: its id, with what tells this heal or undo of it from others; what: heal or undo."""
    return f"reconciliation:{difference}:{what}"


def operator(request_id: str) -> str:
    """request_id is given by the CLI or the console, once per act."""
    return f"operator:{request_id}"


def follow_up(causing_event: str, line: LineKey, kind: str) -> str:
    """One event causes at most one follow-up of a kind on a line."""
    return f"follow-up:{causing_event}:{line}:{kind}"


def comment_marker(effect_key: str) -> str:
    """What ends a comment that we carried, e.g. `[sg-0a1b2c3d4e]`: look-ups find it; it is never carried back."""
    return f"{COMMENT_MARK}{hashlib.sha256(effect_key.encode()).hexdigest()[:10]}]"


def seen_hash(
    *,
    open_tasks: Sequence[tuple[str, str, str, int | None]],
    comment_ids: Sequence[str],
    variables: Mapping[str, object],
) -> str:
    """What the list poll compares: open tasks (id, assignee, due date, priority), comments and mapped variables."""
    return digest([sorted(open_tasks, key=lambda task: task[0]), sorted(comment_ids), dict(variables)])
