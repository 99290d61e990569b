"""Every kind of fault, and what it leaves behind."""

import time
from typing import Any

import pytest
import requests

from tests.support.aprimo_caller import AprimoCaller

WAIT_S = 5


@pytest.fixture
def path(aprimo: AprimoCaller) -> str:
    return f"activities/{aprimo.make_activity()['activityId']}"


def fault(caller: AprimoCaller, kind: str, **more: Any) -> int:  # noqa: ANN401 -- JSON.
    rule = {"method": "PUT", "path": "/api/activities/*", "kind": kind, "times": 1, **more}
    rule_id: int = caller.sandbox("POST", "faults", rule)["id"]
    return rule_id


def rename(caller: AprimoCaller, path: str, **options: Any) -> requests.Response:  # noqa: ANN401 -- Options of requests.
    return caller.api("PUT", path, {"name": "Renamed"}, **options)


def name_of(caller: AprimoCaller, path: str) -> str:
    return str(caller.api("GET", path).json()["name"])


def test_a_status_is_answered_before_any_effect(aprimo: AprimoCaller, path: str) -> None:
    fault(aprimo, "status", status=503, body={"message": "busy"}, headers={"Retry-After": "7"})

    answer = rename(aprimo, path)

    assert (answer.status_code, answer.json()) == (503, {"message": "busy"})
    assert answer.headers["retry-after"] == "7"
    assert name_of(aprimo, path) == "Spring launch"


def test_a_delay_comes_before_the_effect_and_the_answer(aprimo: AprimoCaller, path: str) -> None:
    fault(aprimo, "delay", delay_s=0.3)

    started = time.monotonic()
    answer = rename(aprimo, path)

    assert time.monotonic() - started >= 0.3
    assert answer.json()["name"] == "Renamed"


def test_a_drop_takes_effect_and_closes_without_an_answer(aprimo: AprimoCaller, path: str) -> None:
    fault(aprimo, "drop")

    with pytest.raises(requests.ConnectionError, match="without response"):
        rename(aprimo, path)

    assert name_of(aprimo, path) == "Renamed"


def test_a_late_one_closes_at_once_and_takes_effect_seconds_later(aprimo: AprimoCaller, path: str) -> None:
    fault(aprimo, "late", delay_s=1.0)

    started = time.monotonic()
    with pytest.raises(requests.ConnectionError, match="without response"):
        rename(aprimo, path)

    assert time.monotonic() - started < 0.8
    assert name_of(aprimo, path) == "Spring launch"
    while name_of(aprimo, path) != "Renamed":
        assert time.monotonic() - started < WAIT_S
        time.sleep(0.02)
    assert time.monotonic() - started >= 1.0


def test_a_gateway_page_is_html(aprimo: AprimoCaller, path: str) -> None:
    fault(aprimo, "html")

    answer = rename(aprimo, path)

    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert "502 Bad Gateway" in answer.text
    assert name_of(aprimo, path) == "Spring launch"


@pytest.mark.parametrize(("asked", "status"), [({}, 401), ({"status": 200}, 200)])
def test_a_null_body_can_come_with_401_or_200(
    aprimo: AprimoCaller, path: str, asked: dict[str, int], status: int
) -> None:
    fault(aprimo, "null", **asked)

    answer = rename(aprimo, path)

    assert (answer.status_code, answer.content) == (status, b"null")
    assert name_of(aprimo, path) == "Spring launch"


def test_a_cut_takes_effect_and_breaks_off_within_the_body(aprimo: AprimoCaller, path: str) -> None:
    fault(aprimo, "cut")

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        rename(aprimo, path)

    assert name_of(aprimo, path) == "Renamed"


def test_a_slow_body_outlasts_a_read_timeout_per_byte(aprimo: AprimoCaller, path: str) -> None:
    """A client that only limits the time between two bytes waits for the whole of it."""
    fault(aprimo, "slow_body", delay_s=0.5)

    started = time.monotonic()
    answer = rename(aprimo, path, timeout=0.3)

    assert time.monotonic() - started >= 0.4
    assert answer.json()["name"] == "Renamed"


def test_skip_spares_the_first_and_times_ends_the_rule(aprimo: AprimoCaller, path: str) -> None:
    rule_id = fault(aprimo, "status", status=500, skip=1, times=2)

    statuses = [rename(aprimo, path).status_code for _ in range(5)]

    assert statuses == [200, 500, 500, 200, 200]
    shown = aprimo.sandbox("GET", "faults")
    assert [(each["id"], each["hits"]) for each in shown] == [(rule_id, 2)]


def test_match_picks_requests_by_their_body(aprimo: AprimoCaller, path: str) -> None:
    fault(aprimo, "status", status=500, match='"activityStateId"', times=None)

    assert aprimo.api("PUT", path, {"name": "Renamed"}).status_code == 200
    assert aprimo.api("PUT", path, {"activityStateId": 2}).status_code == 500


def test_an_agent_picks_requests_by_who_sends_them(aprimo: AprimoCaller, path: str) -> None:
    fault(aprimo, "status", status=500, agent="signoff*", times=None)

    assert rename(aprimo, path).status_code == 200
    aprimo.session.headers["User-Agent"] = "signoff"
    assert rename(aprimo, path).status_code == 500
    shown = aprimo.sandbox("GET", "requests?agent=signoff")
    assert (shown["total"], [row["status"] for row in shown["routes"]]) == (1, [500])


def test_a_share_hits_by_chance(aprimo: AprimoCaller, path: str) -> None:
    fault(aprimo, "status", status=500, share=0.5, times=None)

    hits = [rename(aprimo, path).status_code for _ in range(60)].count(500)

    assert 10 < hits < 50


def test_a_rule_can_be_switched_off_alone_or_with_all(aprimo: AprimoCaller, path: str) -> None:
    first = fault(aprimo, "status", status=500, times=None)
    fault(aprimo, "status", status=503, times=None)

    seen = [rename(aprimo, path).status_code]
    aprimo.sandbox("DELETE", f"faults/{first}")
    seen.append(rename(aprimo, path).status_code)
    aprimo.sandbox("DELETE", "faults")
    seen.append(rename(aprimo, path).status_code)

    assert seen == [500, 503, 200]


@pytest.mark.parametrize("rule", [{"kind": "explode"}, {"kind": "status"}, {"kind": "drop", "colour": "red"}])
def test_a_rule_that_is_not_understood_is_refused(aprimo: AprimoCaller, rule: dict[str, str]) -> None:
    answer = requests.post(f"{aprimo.base}/sandbox/faults", json=rule, timeout=10)

    assert answer.status_code == 400
    assert aprimo.sandbox("GET", "faults") == []


def test_an_unknown_rule_cannot_be_switched_off(aprimo: AprimoCaller) -> None:
    assert requests.delete(f"{aprimo.base}/sandbox/faults/99", timeout=10).status_code == 404
