"""What a webhook of Productivity Management says, and how it is signed (aprimo.md §8.1).

A callout is one event for one subscription. Its row keeps what every attempt repeats (the EventId above all)
and what became of it; a retry changes only RetryCount and the message's own Id.
"""

import base64
import enum
import hashlib
import hmac
import json
import uuid
from typing import Any

from sandbox.aprimo import pm_times
from sandbox.aprimo.state import Row

RETRIES_MAX = 30
FIRST_INTERVAL_S = 9.0


class Moment(enum.IntEnum):
    """`CalloutLocation`: what happened."""

    CREATED = 1
    UPDATED = 2
    DELETED = 3
    PROJECT_STARTED = 102
    PROJECT_PAUSED = 103
    PROJECT_RESUMED = 104
    PROJECT_CLOSED = 105
    PROJECT_CANCELLED = 106
    TASK_ACTION = 100
    COMMITMENT_APPROVED = 120
    COMMITMENT_REJECTED = 121
    COMMITMENT_CANCELLED = 122
    FORECAST_CHANGED = 123


OBJECT_TYPES = {
    "activities": 1,
    "digital-assets": 39,
    "commitments": 6135,
    "projects": 9952,
    "tasks": 9963,
    "funding-accounts": 10235,
    "generic-object-alpha": 10891,
    "generic-object-bravo": 10892,
    "generic-object-charlie": 10893,
    "generic-object-delta": 10894,
    "generic-object-echo": 10895,
}

WAITING, DELIVERED, FAILED, STOPPED, UNSENT = "waiting", "delivered", "failed", "stopped", "unsent"
"""States of a callout: to be sent (again), answered 2xx, given up after all retries, stopped when the
subscription was invalidated, and raised while nobody was subscribed."""


def new_callout(
    moment: Moment, resource: str, object_id: int, *, user_id: int, state: str, body: Row | None = None
) -> Row:
    """Make the row of one event; body is what only a task's status action has."""
    return {
        "eventId": str(uuid.uuid4()),
        "location": int(moment),
        "resource": resource,
        "objectId": object_id,
        "userId": user_id,
        "eventTime": pm_times.precise_stamp(),
        "body": body,
        "state": state,
        "statuses": [],
    }


def with_attempt(callout: Row, status: int, *, state: str) -> Row:
    """Give the row after one more attempt; status 0 stands for no answer."""
    return {**callout, "statuses": [*callout["statuses"], status], "state": state}


def payload(callout: Row, *, retry: int) -> bytes:
    """Give the bytes of one message."""
    message: dict[str, Any] = {
        "CalloutLocation": callout["location"],
        "DatasourceId": 1,
        "CalloutType": 15,
        "Title": _title(callout["location"]),
        "ObjectTypeId": OBJECT_TYPES[callout["resource"]],
        "ObjectResourceName": callout["resource"],
        "ObjectId": callout["objectId"],
        "CreatingUserId": callout["userId"],
        "RetryCount": retry,
        "Body": callout.get("body"),
        "Id": str(uuid.uuid4()),
        "EventTime": callout["eventTime"],
        "EventId": callout["eventId"],
        "ParentEventId": None,
    }
    return json.dumps(message).encode()


def signature(secret: str, body: bytes) -> str:
    """Give the value of `X-SH1`; despite its name it is HMAC-SHA256 in base64."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def interval_s(retry: int) -> float:
    """Seconds before a retry, counted from 1: rising, thirty of them in about 24 hours."""
    return FIRST_INTERVAL_S * retry**2


def _title(location: int) -> str:
    return {1: "object-create", 3: "object-delete"}.get(location, "object-update")
