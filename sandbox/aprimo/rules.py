"""What the DAM's rules are: which saves fire, and what the call says (aprimo.md §8.2)."""

import json
from dataclasses import dataclass, field
from typing import Any

from sandbox.aprimo import dam_changes, dam_times
from sandbox.aprimo.dam_store import Saved

TIMEOUT_MAX_S = 15.0

CREATED, DELETED, FILE_ADDED = "record.created", "record.deleted", "record.file_added"
STATUS_CHANGED, FIELD_CHANGED = "record.status_changed", "record.field_changed"
LINKED, UNLINKED = "record.classification_linked", "record.classification_unlinked"
EVENTS = (CREATED, DELETED, FILE_ADDED, STATUS_CHANGED, FIELD_CHANGED, LINKED, UNLINKED)

TEMPLATE = {
    "event": "{{event}}",
    "recordId": "{{recordId}}",
    "userId": "{{userId}}",
    "status": "{{status}}",
    "modifiedOn": "{{modifiedOn}}",
}
"""The recommended contract; an administrator writes what they like."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The tenant's rules: one per event, all with the same HTTP action."""

    url: str = ""
    secret: str = ""
    hmac_header: str = ""
    enabled: bool = True
    events: list[str] = field(default_factory=lambda: [CREATED, DELETED, FILE_ADDED, STATUS_CHANGED, FIELD_CHANGED])
    fields: list[str] = field(default_factory=list)
    """Names of the fields whose change fires; empty for all."""

    include_draft_records: bool = True
    template: dict[str, Any] = field(default_factory=lambda: dict(TEMPLATE))
    timeout_s: float = 5.0
    retry_count: int = 3
    down_time_s: float = 60.0
    delay_s: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether anything is sent."""
        return bool(self.url) and self.enabled


def fired(rules: Rules, saved: Saved) -> list[str]:
    """List the events of a save that rules are about."""
    row = saved.after or saved.before
    if row is None or (row["status"] == "draft" and not rules.include_draft_records):
        return []
    return [event for event in _events(rules, saved) if event in rules.events]


def _events(rules: Rules, saved: Saved) -> list[str]:
    if saved.after is None:
        return [DELETED]
    added = [FILE_ADDED] if saved.has_new_file else []
    if saved.before is None:
        return [CREATED, *added]
    changes = {each["name"]: each for each in dam_changes.differences(saved.before, saved.after)}
    of_record = set(saved.after) - {"fields"}
    old, new = set(saved.before["classifications"]), set(saved.after["classifications"])
    changed_fields = {name for name in changes if name not in of_record}
    is_watched = bool(changed_fields & set(rules.fields) if rules.fields else changed_fields)
    seen = {
        STATUS_CHANGED: "status" in changes,
        FIELD_CHANGED: is_watched,
        LINKED: bool(new - old),
        UNLINKED: bool(old - new),
    }
    return [*added, *(event for event, is_so in seen.items() if is_so)]


def body(rules: Rules, event: str, saved: Saved) -> bytes:
    """Fill the template."""
    row = saved.after or saved.before or {}
    values = {
        "event": event,
        "recordId": row["id"],
        "userId": saved.user_id,
        "status": row["status"],
        "contentType": row["contentType"],
        "modifiedOn": row["modifiedOn"] if saved.after else dam_times.stamp(after=row["modifiedOn"]),
    }
    text = json.dumps(rules.template)
    for name, value in values.items():
        text = text.replace(f"{{{{{name}}}}}", json.dumps(value)[1:-1])
    return text.encode()
