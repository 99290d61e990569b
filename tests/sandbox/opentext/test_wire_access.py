"""Tokens in three styles, the gateway's faults, and its rate."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.opentext_caller import TIMEOUT_S, OpenTextCaller
from tests.support.sandbox_process import SandboxProcess, running

CLIENT = {"grant_type": "client_credentials", "client_id": "signoff", "client_secret": "sandbox-secret"}
INVALID_CLIENT = {"fault": {"faultstring": "Invalid ApiKey", "detail": {"errorcode": "oauth.v2.InvalidApiKey"}}}


def ask(base: str, tenant: str = "sandbox", **how: Any) -> requests.Response:  # noqa: ANN401 -- Options of requests.
    return requests.post(f"{base}/tenants/{tenant}/oauth2/token", timeout=TIMEOUT_S, **how)


@pytest.mark.parametrize(
    "how",
    [
        {"json": CLIENT},
        {"data": CLIENT},
        {"data": {"grant_type": "client_credentials"}, "auth": ("signoff", "sandbox-secret")},
        {"data": {**CLIENT, "grant_type": "password", "username": "a@example.test", "password": "sandbox-password"}},
    ],
)
def test_a_token_is_given_in_every_style_seen(opentext_server: SandboxProcess, how: dict[str, Any]) -> None:
    answer = ask(opentext_server.base, **how)

    assert answer.status_code == 200
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 600)
    assert set(answer.json()) == {"access_token", "token_type", "expires_in"}


@pytest.mark.parametrize(
    ("tenant", "change"), [("sandbox", {"client_secret": "x"}), ("sandbox", {"client_id": "x"}), ("other", {})]
)
def test_a_wrong_client_gets_the_gateways_fault(
    opentext_server: SandboxProcess, tenant: str, change: dict[str, str]
) -> None:
    answer = ask(opentext_server.base, tenant, data={**CLIENT, **change})

    assert (answer.status_code, answer.json()) == (401, INVALID_CLIENT)


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"data": {**CLIENT, "grant_type": "refresh_token"}}, "unsupported_grant_type"),
        ({"data": {**CLIENT, "grant_type": "password", "username": "a", "password": "x"}}, "invalid_grant"),
        ({"data": "{", "headers": {"content-type": "application/json"}}, "invalid_request"),
        ({"data": CLIENT, "headers": {"authorization": "Basic ???"}}, "invalid_request"),
    ],
)
def test_a_request_that_is_wrong_in_itself_is_told_so(
    opentext_server: SandboxProcess, how: dict[str, Any], error: str
) -> None:
    answer = ask(opentext_server.base, **how)

    assert (answer.status_code, answer.json()) == (400, {"error": error})


@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic c2lnbm9mZg=="])
def test_without_a_good_token_nothing_is_answered(opentext: OpenTextCaller, header: str | None) -> None:
    opentext.session.headers["Authorization"] = header or ""

    answer = opentext.workflow("GET", "tasks")

    assert answer.status_code == 401
    assert answer.json()["fault"]["detail"]["errorcode"] == "oauth.v2.InvalidAccessToken"


def test_a_revoked_token_is_refused(opentext: OpenTextCaller) -> None:
    opentext.sandbox("POST", "tokens/revoke")

    assert opentext.workflow("GET", "tasks").status_code == 401


@pytest.fixture
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenTextCaller]:
    folder = tmp_path_factory.mktemp("narrow")
    with running("opentext", folder, rate_per_s=0.003, rate_slot_s=1000, token_ttl_s=0) as process:
        caller = OpenTextCaller(process.base)
        yield caller
        caller.close()


def test_an_expired_token_and_a_burst_are_refused_each_in_its_way(narrow: OpenTextCaller) -> None:
    """Three requests fit into this server's slot; the first was the token's."""
    answers = [narrow.workflow("GET", "tasks") for _ in range(3)]

    expired, burst = "keymanagement.service.access_token_expired", "policies.ratelimit.SpikeArrestViolation"
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert [answer.json()["fault"]["detail"]["errorcode"] for answer in answers] == [expired, expired, burst]
    assert "retry-after" not in answers[2].headers


@pytest.mark.parametrize("path", ["workflow/v1/nothing", "workflow-history/v1/nothing"])
def test_an_unknown_path_is_told_in_the_services_words(opentext: OpenTextCaller, path: str) -> None:
    answer = opentext.session.get(f"{opentext.base}/{path}", timeout=TIMEOUT_S)

    assert (answer.status_code, answer.json()["message"]) == (404, "Not found")
