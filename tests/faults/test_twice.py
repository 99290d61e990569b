"""Everything is told more than once, by webhooks and by pollers: nothing is carried twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import requests

from console.demo_http import admin
from pipeline.bodies import signature
from pipeline.keys import pm_webhook
from tests.support.bad_days import WITHDRAWN_TOO, bad_day
from tests.support.bad_days_office import Office

TIMES = 10
SECRET = "sandbox-webhook-secret"


def test_a_webhook_that_comes_ten_times_more_is_carried_once(office: Office) -> None:
    """Aprimo itself sends each twice and out of order, the pollers read everything too, and then we repeat it all."""
    hook = admin(office.urls["aprimo"], "GET", "webhooks")["url"]
    with bad_day(office, "Told again", WITHDRAWN_TOO) as day:
        ids = {role.id for role in day.stage.roles}
        admin(office.urls["aprimo"], "PUT", "webhooks", {"duplicate_share": 1.0, "reorder_share": 0.5})
        day.play_until(lambda: day.effects.of("start") >= 4, what="four starts")
        in_between = _repeat(hook, _callouts(office, ids))
        day.come_to_rest()
        told = _callouts(office, ids)
        afterwards = _repeat(hook, told)
        figures = day.end()
        admin(office.urls["aprimo"], "PUT", "webhooks", {"duplicate_share": 0.0, "reorder_share": 0.0})

    assert in_between == {202}
    assert afterwards == {202}
    assert len(told) >= 20
    assert office.rows.times_stored([pm_webhook(each["eventId"]) for each in told]) == {1: len(told)}
    assert figures.repeated == 0


def _callouts(office: Office, ids: set[int]) -> list[dict[str, Any]]:
    """What Aprimo has told about these briefs."""
    told = admin(office.urls["aprimo"], "GET", "webhooks")["deliveries"]
    return [
        each
        for each in told
        if each["resource"] == "activities" and each["objectId"] in ids and each["state"] == "delivered"
    ]


def _repeat(hook: str, callouts: list[dict[str, Any]]) -> set[int]:
    """Posts each once more, ten times over; gives the statuses that were answered."""
    with requests.Session() as session:
        session.trust_env = False
        return {
            session.post(hook, data=body, headers=_headers(body), timeout=10).status_code
            for retry in range(1, TIMES + 1)
            for body in (_body(each, retry) for each in callouts)
        }


def _body(callout: Mapping[str, Any], retry: int) -> bytes:
    """A retry as Aprimo sends it: the same EventId, another Id."""
    message = {
        "CalloutLocation": callout["location"],
        "CalloutType": 15,
        "ObjectTypeId": 1,
        "ObjectResourceName": callout["resource"],
        "ObjectId": callout["objectId"],
        "CreatingUserId": callout["userId"],
        "RetryCount": retry,
        "Id": str(uuid4()),
        "EventTime": callout["eventTime"],
        "EventId": callout["eventId"],
    }
    return json.dumps(message).encode()


def _headers(body: bytes) -> dict[str, str]:
    return {"Content-Type": "application/json", "X-SH1": signature(body, SECRET)}
