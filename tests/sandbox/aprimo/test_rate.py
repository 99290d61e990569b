"""The rate all clients of the tenant share (aprimo.md §9)."""

import threading
import time
from collections.abc import Callable

import pytest
import requests

from tests.support.aprimo_caller import AprimoCaller
from tests.support.aprimo_dam import DamCaller


@pytest.fixture
def narrow(aprimo: AprimoCaller) -> AprimoCaller:
    """A tenant that takes five at once, delays five, and then refuses."""
    set_rate(aprimo, send_retry_after=False)
    return aprimo


def set_rate(caller: AprimoCaller, **limits: object) -> None:
    caller.sandbox("PUT", "rate", {"rate_per_s": 5, "delayed_max": 5, **limits})


def all_at_once(caller: AprimoCaller, count: int) -> list[tuple[int, float]]:
    """Status and seconds of each of many requests sent together, the quickest first."""
    answers: list[tuple[int, float]] = []

    def ask() -> None:
        started = time.monotonic()
        status = caller.api("GET", "users/me").status_code
        answers.append((status, time.monotonic() - started))

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers, key=lambda answer: answer[1])


def test_beyond_the_burst_requests_are_delayed_and_then_refused(narrow: AprimoCaller) -> None:
    answers = all_at_once(narrow, 20)

    statuses = [status for status, _ in answers]
    assert 10 <= statuses.count(200) <= 15  # Where sending takes a second, five more have been earned.
    assert statuses.count(429) == 20 - statuses.count(200)
    assert answers[-1][1] >= 0.8


def test_two_clients_share_one_rate(narrow: AprimoCaller, marketer: AprimoCaller) -> None:
    set_rate(narrow, rate_per_s=1, delayed_max=0)

    statuses = [each.api("GET", "users/me").status_code for each in (narrow, marketer) * 4]

    assert 429 in statuses[0::2]
    assert 429 in statuses[1::2]


def test_both_apis_and_uploads_share_one_rate(narrow: AprimoCaller) -> None:
    set_rate(narrow, rate_per_s=1, delayed_max=0)
    dam = DamCaller(narrow)
    calls: list[Callable[[], requests.Response]] = [
        lambda: narrow.api("GET", "users/me"),
        lambda: dam.send("GET", "records"),
        lambda: dam.upload(b"x"),
    ]

    statuses = [call().status_code for call in calls * 3]

    assert [429 in statuses[at::3] for at in range(3)] == [True, True, True]


@pytest.mark.parametrize(("is_on", "header"), [(False, None), (True, "1")])
def test_retry_after_is_sent_only_where_it_is_switched_on(
    narrow: AprimoCaller, is_on: bool, header: str | None
) -> None:
    set_rate(narrow, rate_per_s=1, delayed_max=0, send_retry_after=is_on)

    answers = [narrow.api("GET", "users/me") for _ in range(8)]

    refused = answers[-1]
    assert (refused.status_code, refused.headers.get("retry-after")) == (429, header)


def test_tokens_and_admin_routes_do_not_count(narrow: AprimoCaller) -> None:
    for _ in range(20):
        narrow.sign_in()
        narrow.sandbox("GET", "health")

    assert {name: narrow.sandbox("GET", "rate")[name] for name in ("delayed", "refused")} == {
        "delayed": 0,
        "refused": 0,
    }


def test_a_refused_request_has_no_effect(narrow: AprimoCaller) -> None:
    set_rate(narrow, rate_per_s=1, delayed_max=0)

    body = {"name": "Spring launch", "activityTypeId": 17}
    made = [narrow.api("POST", "activities", body).status_code for _ in range(8)].count(201)

    narrow.sandbox("PUT", "rate", {"rate_per_s": 5000})
    assert made < 8
    assert narrow.api("GET", "activities").json()["_total"] == made
