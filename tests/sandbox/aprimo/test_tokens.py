"""Who may ask (aprimo.md §2)."""

from pathlib import Path

import pytest
import requests

from tests.support.aprimo_caller import AprimoCaller
from tests.support.sandbox_process import running

GOOD = {
    "grant_type": "client_credentials",
    "client_id": "signoff",
    "client_secret": "sandbox-secret",
    "scope": "api",
}


def test_a_token_lasts_ten_minutes_unless_the_options_say_otherwise(aprimo: AprimoCaller) -> None:
    answer = aprimo.token(**GOOD).json()

    assert {name: answer[name] for name in ("expires_in", "token_type", "scope")} == {
        "expires_in": 600,
        "token_type": "Bearer",
        "scope": "api",
    }


def test_the_client_may_sign_in_with_basic_authorization(aprimo: AprimoCaller) -> None:
    answer = requests.post(
        f"{aprimo.base}/login/connect/token",
        data={"grant_type": "client_credentials", "scope": "api"},
        auth=("signoff", "sandbox-secret"),
        timeout=10,
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "nobody", "client_secret": ""}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"scope": "everything"}, "invalid_scope"),
    ],
)
def test_a_wrong_token_request_gets_oauths_error(aprimo: AprimoCaller, change: dict[str, str], error: str) -> None:
    answer = aprimo.token(**{**GOOD, **change})

    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_each_client_acts_as_its_one_user(aprimo: AprimoCaller, marketer: AprimoCaller) -> None:
    assert aprimo.api("GET", "users/me").json()["userId"] == 91
    assert marketer.api("GET", "users/me").json()["userId"] == 88


@pytest.mark.parametrize("authorization", ["", "Bearer unknown", "Basic c2lnbm9mZg=="])
def test_a_request_without_a_valid_token_gets_401_with_a_null_body(aprimo: AprimoCaller, authorization: str) -> None:
    answer = aprimo.api("GET", "activities", headers={"Authorization": authorization})

    assert (answer.status_code, answer.content) == (401, b"null")


def test_revoking_makes_every_token_worthless(aprimo: AprimoCaller, marketer: AprimoCaller) -> None:
    aprimo.sandbox("POST", "tokens/revoke")

    assert [each.api("GET", "users/me").status_code for each in (aprimo, marketer)] == [401, 401]


def test_a_token_expires(tmp_path: Path) -> None:
    with running("aprimo", tmp_path, token_ttl_s=0) as server:
        caller = AprimoCaller(server.base)

        assert caller.api("GET", "users/me").content == b"null"
        caller.close()


def test_the_discovery_document_names_the_token_endpoint(aprimo: AprimoCaller) -> None:
    answer = requests.get(f"{aprimo.base}/login/.well-known/openid-configuration", timeout=10)

    assert answer.json()["token_endpoint"] == f"{aprimo.base}/login/connect/token"
