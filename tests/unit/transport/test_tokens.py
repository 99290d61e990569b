"""OAuth tokens: when they are asked for, how, and what is made of the answers."""

from __future__ import annotations

import base64
import json
import threading

import pytest

from pipeline.errors import MisconfiguredError, TransientError
from pipeline.transport.messages import Answer
from pipeline.transport.tokens import TokenCall, TokenOptions, Tokens, TokenStyle, refusal, token_call

URL = "https://vendor.test/token"
EPOCH = 1_768_212_000.0


class Service:
    """A token service that counts its tokens: `token-1`, `token-2`."""

    def __init__(self, body: dict[str, object] | None = None) -> None:
        self.calls: list[TokenCall] = []
        self.body = {"expires_in": 600} if body is None else body
        self.is_away = False

    def __call__(self, call: TokenCall) -> Answer:
        self.calls.append(call)
        if self.is_away:
            raise TransientError("away", is_outage=True)
        body = {"access_token": f"token-{len(self.calls)}", **self.body}
        return Answer(status=200, body=json.dumps(body).encode())


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service() -> Service:
    return Service()


def new_tokens(clock: Clock, **options: object) -> Tokens:
    words = {"url": URL, "client_id": "signoff", "client_secret": "canary-secret", **options}
    return Tokens(TokenOptions(**words), monotonic=clock, clock=lambda: EPOCH)  # type: ignore[arg-type]  # Options by name.


def asked(tokens: Tokens, service: Service, clock: Clock, *, at: float) -> int:
    """How many calls the service had, once a token was wanted at that time."""
    clock.now = at
    tokens.current(service)
    return len(service.calls)


def test_a_token_serves_until_a_tenth_of_its_life_is_left(clock: Clock, service: Service) -> None:
    tokens = new_tokens(clock, renew_ratio=0.9, early_s=30.0)

    assert [asked(tokens, service, clock, at=at) for at in (0, 539.9, 540.0)] == [1, 1, 2]


def test_a_token_is_renewed_thirty_seconds_early_at_least(clock: Clock) -> None:
    service = Service({"expires_in": 100})
    tokens = new_tokens(clock, renew_ratio=0.9, early_s=30.0)

    assert [asked(tokens, service, clock, at=at) for at in (0, 69.9, 70.0)] == [1, 1, 2]


def test_a_token_is_renewed_at_four_fifths_of_its_life_where_so_configured(clock: Clock, service: Service) -> None:
    tokens = new_tokens(clock, renew_ratio=0.8)

    assert [asked(tokens, service, clock, at=at) for at in (0, 479.9, 480.0)] == [1, 1, 2]


def test_half_of_a_short_life_is_used_however_early_renewal_is_wanted(clock: Clock) -> None:
    service = Service({"expires_in": 10})
    tokens = new_tokens(clock, early_s=30.0)

    assert [asked(tokens, service, clock, at=at) for at in (0, 4.9, 5.0)] == [1, 1, 2]


def jwt(claims: dict[str, object]) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{payload}.c2ln"


@pytest.mark.parametrize(
    ("body", "renewed_at"),
    [
        ({"access_token": jwt({"exp": EPOCH + 1000})}, 900.0),
        ({"access_token": jwt({"exp": EPOCH - 5})}, 486.0),
        ({"access_token": jwt({"sub": "x"})}, 486.0),
        ({"access_token": "a.!!!.c"}, 486.0),
        ({"access_token": "opaque"}, 486.0),
        ({"expires_in": None}, 486.0),
        ({"expires_in": 0}, 486.0),
        ({"expires_in": "200"}, 180.0),
    ],
)
def test_a_life_that_is_not_told_is_read_from_the_token_or_configured(
    clock: Clock, body: dict[str, object], renewed_at: float
) -> None:
    service = Service(body)
    tokens = new_tokens(clock, fallback_ttl_s=540.0)

    assert [asked(tokens, service, clock, at=at) for at in (0, renewed_at - 0.1, renewed_at)] == [1, 1, 2]


def test_a_token_that_was_refused_is_replaced(clock: Clock, service: Service) -> None:
    tokens = new_tokens(clock)
    refused = tokens.current(service)

    tokens.invalidate(refused)

    assert tokens.current(service) == "token-2"


def test_a_complaint_about_an_old_token_leaves_the_fresh_one(clock: Clock, service: Service) -> None:
    tokens = new_tokens(clock)
    tokens.current(service)
    tokens.invalidate("token-1")
    tokens.current(service)

    tokens.invalidate("token-1")

    assert tokens.current(service) == "token-2"


def test_a_token_that_is_still_good_serves_while_the_service_is_away(clock: Clock, service: Service) -> None:
    tokens = new_tokens(clock)
    tokens.current(service)
    service.is_away = True
    clock.now = 599.0

    assert tokens.current(service) == "token-1"


def test_without_a_good_token_an_outage_of_the_service_is_an_outage(clock: Clock, service: Service) -> None:
    tokens = new_tokens(clock)
    tokens.current(service)
    service.is_away = True
    clock.now = 600.0

    with pytest.raises(TransientError):
        tokens.current(service)


def test_many_threads_ask_for_one_token(clock: Clock) -> None:
    started = threading.Barrier(8)
    service = Service()
    tokens = new_tokens(clock)
    values: list[str] = []

    def work() -> None:
        started.wait(5)
        values.append(tokens.current(service))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert values == ["token-1"] * 8
    assert len(service.calls) == 1


def test_a_service_that_answers_without_a_token_is_for_a_person(clock: Clock) -> None:
    with pytest.raises(MisconfiguredError, match="token_missing"):
        new_tokens(clock).current(lambda _: Answer(status=200, body=b'{"access_token": null}'))


def test_half_an_answer_of_the_service_is_tried_again(clock: Clock) -> None:
    with pytest.raises(TransientError) as caught:
        new_tokens(clock).current(lambda _: Answer(status=200, body=b'{"access_tok'))

    assert caught.value.is_outage is True


CLIENT = {"client_id": "signoff", "client_secret": "canary-secret"}


def options(*, style: TokenStyle = TokenStyle.FORM, scope: str = "") -> TokenOptions:
    return TokenOptions(url=URL, client_id="signoff", client_secret="canary-secret", style=style, scope=scope)


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        (TokenStyle.FORM, TokenCall(url=URL, headers={}, form={"grant_type": "client_credentials", **CLIENT})),
        (TokenStyle.JSON, TokenCall(url=URL, headers={}, json={"grant_type": "client_credentials", **CLIENT})),
        (
            TokenStyle.FORM_BASIC,
            TokenCall(
                url=URL,
                headers={"Authorization": "Basic c2lnbm9mZjpjYW5hcnktc2VjcmV0"},
                form={"grant_type": "client_credentials"},
            ),
        ),
    ],
)
def test_a_token_is_asked_for_in_the_configured_style(style: TokenStyle, expected: TokenCall) -> None:
    assert token_call(options(style=style)) == expected


def test_a_scope_is_sent_only_where_one_is_configured() -> None:
    call = token_call(options(scope="api"))

    assert call.form == {"grant_type": "client_credentials", "scope": "api", **CLIENT}


def test_neither_options_nor_call_show_the_secret() -> None:
    assert "canary-secret" not in repr(options())
    assert "canary-secret" not in repr(token_call(options()))


def test_a_refusal_tells_what_the_service_said_without_the_secret() -> None:
    error = refusal(Answer(status=400, body=b'{"error": "invalid_client: canary-secret"}'), ("canary-secret",))

    assert error.hint == 'The token service refused our client (400): {"error": "invalid_client: ***"}'
