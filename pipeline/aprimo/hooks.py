"""What Aprimo calls us with: PM webhooks and DAM rules, from signed bytes to a reading.

Source: developers.aprimo.com, pages "Webhooks" and "Tracking content changes", and the object type ids of
"REST API basics", read 2026. A webhook is thin: it says which object to look at and is never believed beyond that.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from pipeline.bodies import UnusableBodyError, checked_time, is_one_of, read_object, signature
from pipeline.events import NewEvent, Raw, Reading
from pipeline.keys import digest, pm_webhook
from pipeline.routes import Routes, aprimo_looks
from pipeline.words import ReceiptVerdict

PM_SIGNATURE_HEADER = "x-sh1"
"""The vendor's name for it; it holds an HMAC-SHA256 all the same."""

KINDS = {
    1: "activity",
    2: "program",
    3: "activity_proposal",
    6: "invoice",
    11: "supplier",
    12: "user",
    39: "digital_asset",
    6135: "commitment",
    6214: "attachment",
    9944: "role",
    9952: "project",
    9963: "task",
    10235: "funding_account",
    10345: "journal_voucher",
    10891: "generic_object_alpha",
    10892: "generic_object_bravo",
    10893: "generic_object_charlie",
    10894: "generic_object_delta",
    10895: "generic_object_echo",
}
"""Object type ids of webhooks, in our words."""

MOMENTS = {
    1: "created",
    2: "updated",
    3: "deleted",
    100: "status_action",
    102: "started",
    103: "paused",
    104: "resumed",
    105: "closed",
    106: "cancelled",
    107: "role_changed",
    120: "approved",
    121: "rejected",
    122: "cancelled",
    123: "forecast_changed",
}
"""Callout locations; one that is not here is a change all the same, because we only look."""

_TOKEN = validate.Regexp(r"\A[\x21-\x7e]{1,128}\Z", error="not a printable id of at most 128 characters")


@dataclass(frozen=True, kw_only=True)
class Callout:
    """One PM webhook as far as we use it. time: None where the body gives none."""

    location: int
    type_id: int
    object_id: int
    event_id: str
    time: datetime | None
    user_id: int | None


class CalloutSchema(Schema):
    """A PM webhook. Source: page "Webhooks"; times are UTC without a zone."""

    class Meta:
        """The vendor adds fields without notice."""

        unknown = EXCLUDE

    location = fields.Integer(required=True, strict=True, data_key="CalloutLocation")
    type_id = fields.Integer(required=True, strict=True, data_key="ObjectTypeId")
    object_id = fields.Integer(
        required=True, strict=True, data_key="ObjectId", validate=validate.Range(min=1, max=2**63 - 1)
    )
    event_id = fields.String(required=True, data_key="EventId", validate=_TOKEN)
    time = fields.AwareDateTime(
        load_default=None, allow_none=True, data_key="EventTime", default_timezone=UTC, format="iso"
    )
    user_id = fields.Integer(load_default=None, allow_none=True, strict=True, data_key="CreatingUserId")

    @post_load
    def to_callout(self, values: dict[str, Any], **_: Any) -> Callout:  # noqa: ANN401 - marshmallow's signature
        """The value."""
        return Callout(**values)


@dataclass(frozen=True, kw_only=True)
class RuleCall:
    """One call of a DAM rule; only the record is certain, all else is the administrator's template."""

    record_id: str
    event: str
    modified_on: str
    user_id: str


class RuleCallSchema(Schema):
    """A DAM rule's call in the contract we ask administrators for (docs/connect-real-tenants.md)."""

    class Meta:
        """The template may carry more."""

        unknown = EXCLUDE

    record_id = fields.String(
        required=True,
        data_key="recordId",
        validate=validate.Regexp(r"\A[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\Z"),
    )
    event = fields.String(load_default="", data_key="event", validate=validate.Regexp(r"\A[a-z0-9_.]{0,64}\Z"))
    modified_on = fields.String(load_default="", data_key="modifiedOn")
    user_id = fields.String(load_default="", data_key="userId", validate=validate.Length(max=64))

    @post_load
    def to_call(self, values: dict[str, Any], **_: Any) -> RuleCall:  # noqa: ANN401 - marshmallow's signature
        """The value; ids as the DAM wants them, lower case without dashes."""
        return RuleCall(**{**values, "record_id": values["record_id"].replace("-", "").lower()})


_CALLOUT = CalloutSchema()
_RULE_CALL = RuleCallSchema()


def is_signed(body: bytes, given: str, webhook_secrets: Sequence[str]) -> bool:
    """Whether the header's value is the body's signature under any of the secrets (several while one is replaced).

    An empty secret signs nothing, and without secrets nothing is signed.
    """
    return is_one_of(given, [signature(body, each) for each in webhook_secrets if each])


def read_pm(raw: Raw, routes: Routes) -> Reading:
    """What a signed PM webhook says: events to look at, or why there are none.

    Refused with the codes of `bodies`, or `bad_callout`; ignored with `not_ours`.
    """
    try:
        callout = _CALLOUT.load(read_object(raw.body))
        return _reading(raw, _pm_events(callout, checked_time(callout.time, raw.received_at), routes))
    except UnusableBodyError as err:
        return _refused(raw, err.code)
    except ValidationError:
        return _refused(raw, "bad_callout")


def read_dam(raw: Raw, routes: Routes, *, new_key: Callable[[], str] = lambda: secrets.token_hex(16)) -> Reading:
    """What a signed call of a DAM rule says. Refused with the codes of `bodies`, or `bad_rule_call`."""
    try:
        body = read_object(raw.body)
        call = _RULE_CALL.load(body)
    except UnusableBodyError as err:
        return _refused(raw, err.code)
    except ValidationError:
        return _refused(raw, "bad_rule_call")
    moment = "deleted" if call.event.endswith("deleted") else "updated"
    events = aprimo_looks(
        routes,
        kind="record",
        object_id=call.record_id,
        type=f"aprimo.record.{moment}",
        dedupe_key=_rule_key(call, body, raw.headers.get("referenceid", ""), new_key),
        time=raw.received_at,
        data={"rule_event": call.event, "by": call.user_id},
    )
    return _reading(raw, events)


def repeats(body: bytes) -> int:
    """How often Aprimo had tried to deliver a webhook before; 0 where it does not say."""
    try:
        count = read_object(body).get("RetryCount")
    except UnusableBodyError:
        return 0
    return count if isinstance(count, int) else 0


def _pm_events(callout: Callout, time: datetime, routes: Routes) -> tuple[NewEvent, ...]:
    kind = KINDS.get(callout.type_id)
    if kind is None:
        return ()
    return aprimo_looks(
        routes,
        kind=kind,
        object_id=callout.object_id,
        type=f"aprimo.{kind}.{MOMENTS.get(callout.location, 'updated')}",
        dedupe_key=pm_webhook(callout.event_id),
        time=time,
        data={"callout": callout.location, "by": callout.user_id},
        trace_id=callout.event_id,
    )


def _rule_key(call: RuleCall, body: dict[str, Any], reference: str, new_key: Callable[[], str]) -> str:
    """A rule's call has no id of its own; without a time, equal bodies may mean two changes."""
    if call.modified_on:
        told = {name: value for name, value in body.items() if name != "referenceId"}
        return f"aprimo.dam.rule:{digest([call.record_id, call.event, call.modified_on, told])}"
    if reference:
        return f"aprimo.dam.rule:{hashlib.sha256(reference.encode()).hexdigest()[:32]}"
    return f"aprimo.dam.rule:{new_key()}"


def _reading(raw: Raw, events: tuple[NewEvent, ...]) -> Reading:
    if not events:
        return Reading(raw=raw, verdict=ReceiptVerdict.IGNORED, reason="not_ours")
    return Reading(raw=raw, verdict=ReceiptVerdict.HANDLED, events=events)


def _refused(raw: Raw, code: str) -> Reading:
    return Reading(raw=raw, verdict=ReceiptVerdict.REFUSED, reason=code)
