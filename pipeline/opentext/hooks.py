"""What our own process models in OpenText call us with: CloudEvents behind a token, from bytes to a reading.

The call has no signature, because a model cannot compute one. So each process gets a token of its own, made of its
business key, and the call is believed in nothing but "look at this instance": subject and outcome decide nothing.
Body and protection: docs/decisions (call-backs); CloudEvents 1.0, "JSON Event Format".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from pipeline.bodies import UnusableBodyError, checked_time, is_one_of, read_object
from pipeline.events import NewEvent, Raw, Reading
from pipeline.keys import opentext_call_back
from pipeline.routes import Routes, opentext_look
from pipeline.words import ReceiptVerdict, Urgency

TASK_COMPLETED = "opentext.workflow.task.completed"
_BEARER = "bearer "
_ID = validate.Regexp(r"\A[\x21-\x7e]{1,128}\Z", error="not a printable id of at most 128 characters")
_OPTIONAL_ID = validate.Regexp(r"\A[\x21-\x7e]{0,128}\Z", error="not a printable id of at most 128 characters")


@dataclass(frozen=True, kw_only=True)
class CallBack:
    """One call-back as far as we use it; source is `workflow/<process key>`."""

    id: str
    type: str
    source: str
    time: datetime | None
    instance_id: str
    execution_id: str
    task_key: str


class CallBackDataSchema(Schema):
    """The part of the body that is the model's own."""

    class Meta:
        """Outcome, actor and comment are read from OpenText, never from here."""

        unknown = EXCLUDE

    instance_id = fields.String(required=True, data_key="processInstanceId", validate=_ID)
    execution_id = fields.String(load_default="", data_key="executionId", validate=_OPTIONAL_ID)
    task_key = fields.String(load_default="", data_key="taskDefinitionKey", validate=_OPTIONAL_ID)


class CallBackSchema(Schema):
    """A call-back in CloudEvents terms. A time that the model could not render is no reason to refuse the look."""

    class Meta:
        """CloudEvents allows extension attributes."""

        unknown = EXCLUDE

    id = fields.String(required=True, validate=_ID)
    type = fields.String(required=True, validate=_ID)
    source = fields.String(required=True, validate=_ID)
    time = fields.AwareDateTime(load_default=None, allow_none=True, default_timezone=UTC, format="iso")
    data = fields.Nested(CallBackDataSchema, required=True)

    @post_load
    def to_call_back(self, values: dict[str, Any], **_: Any) -> CallBack:  # noqa: ANN401 - marshmallow's signature
        """The value."""
        return CallBack(**values.pop("data"), **values)


_CALL_BACK = CallBackSchema()


def token_for(secret: str, business_key: str) -> str:
    """The token that a process of this business key calls back with: unpadded base64url of an HMAC-SHA256."""
    made = hmac.digest(secret.encode(), f"opentext-callback:{business_key}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def is_authorized(body: bytes, authorization: str, callback_secrets: Sequence[str], *, key: str = "") -> bool:
    """Whether the bearer token belongs to the subject the body names, under any of the secrets.

    For an empty body, which only probes us, the key in the address stands for the subject. Where there is no subject
    nobody is authorized; nor is anybody without secrets.
    """
    if authorization[: len(_BEARER)].lower() != _BEARER:
        return False
    subject = _subject(body) if body else key
    if not subject or not subject.isprintable():
        return False
    right = [token_for(each, subject) for each in callback_secrets if each]
    return is_one_of(authorization[len(_BEARER) :], right)


def read_call_back(raw: Raw, routes: Routes, *, settle_s: float) -> Reading:
    """What an authorized call-back says: the instance to look at, after its transaction had settle_s to settle.

    Refused with the codes of `bodies`, or `bad_call_back`; ignored with `not_ours` for a model that is no flow's.
    """
    try:
        call = _CALL_BACK.load(read_object(raw.body))
        events = _events(call, checked_time(call.time, raw.received_at), routes, settle_s)
    except UnusableBodyError as err:
        return Reading(raw=raw, verdict=ReceiptVerdict.REFUSED, reason=err.code)
    except ValidationError:
        return Reading(raw=raw, verdict=ReceiptVerdict.REFUSED, reason="bad_call_back")
    if not events:
        return Reading(raw=raw, verdict=ReceiptVerdict.IGNORED, reason="not_ours")
    return Reading(raw=raw, verdict=ReceiptVerdict.HANDLED, events=events)


def _subject(body: bytes) -> str:
    try:
        subject = read_object(body).get("subject")
    except UnusableBodyError:
        return ""
    return subject if isinstance(subject, str) else ""


def _events(call: CallBack, time: datetime, routes: Routes, settle_s: float) -> tuple[NewEvent, ...]:
    return opentext_look(
        routes,
        instance_id=call.instance_id,
        process_key=call.source.rpartition("/")[2],
        business_key="",  # The body's subject is never trusted.
        type=call.type,
        dedupe_key=opentext_call_back(call.instance_id, call.type, call.execution_id, call.id),
        time=time,
        data={"task_key": call.task_key},
        settle_s=settle_s,
        trace_id=call.id,
        urgency=Urgency.EXPRESS if call.type == TASK_COMPLETED else Urgency.STANDARD,
    )
