"""Every answer of the intake's table, over HTTP, with the real committer and a store that is a list."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import httpx
import pytest
from starlette.applications import Starlette

from console.web.committer import Committer
from console.web.doors import doors
from console.web.intake import Intake, intake_routes
from console.web.strangers import Strangers
from pipeline.errors import StoreAwayError
from pipeline.events import Reading
from pipeline.intake import Accepted
from tests.support.hook_samples import DAM, JSON, NOW, OPENTEXT, PM, ROUTES, sample, signed
from tests.support.web_server import Stage, served
from tests.support.web_settings import web_settings

ALL = [PM, DAM, "/hooks/opentext", OPENTEXT]
HEAD = b"POST /hooks/aprimo/pm HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"


@dataclass
class Shelf:
    """Stands for the store: keeps readings in groups, as they were committed."""

    groups: list[list[Reading]] = field(default_factory=list)
    is_away: bool = False

    def accept(self, readings: Sequence[Reading]) -> Accepted:
        """Keep a group, or be away."""
        if self.is_away:
            raise StoreAwayError("the database is locked")
        self.groups.append(list(readings))
        return Accepted(stored=len(readings))

    @property
    def readings(self) -> list[Reading]:
        """Everything kept, in order."""
        return [reading for group in self.groups for reading in group]


@dataclass
class Web:
    """The intake under test."""

    client: httpx.Client
    shelf: Shelf
    strangers: Strangers

    def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str]]:
        """Status and body of a POST that is signed as its door wants it."""
        answer = self.client.post(path, content=body, headers={**JSON, **signed(path, body), **(headers or {})})
        return answer.status_code, answer.json()


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Stage, httpx.Client]]:
    behind = Stage()
    with served(behind) as address, httpx.Client(base_url=address, trust_env=False) as client:
        yield behind, client


@pytest.fixture
def web(stage: tuple[Stage, httpx.Client]) -> Iterator[Web]:
    shelf = Shelf()
    committer = Committer(shelf.accept, lambda _: None)
    strangers = Strangers(lambda: 0.0)
    intake = Intake(committer=committer, strangers=strangers, body_max_bytes=2000, now=lambda: NOW, body_within_s=0.5)
    committer.start()
    stage[0].app = Starlette(routes=intake_routes(doors(web_settings(), ROUTES), intake))
    yield Web(stage[1], shelf, strangers)
    committer.stop()


def exchange(web: Web, sent: bytes) -> bytes:
    """What comes back for these bytes, up to the server's closing."""
    url = web.client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=5) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_probe_is_answered_with_200(web: Web, path: str, method: str) -> None:
    assert web.client.request(method, path).status_code == 200


@pytest.mark.parametrize("path", [PM, DAM, OPENTEXT])
def test_an_empty_signed_post_is_a_probe_too(web: Web, path: str) -> None:
    assert web.client.post(path, headers=signed(path, b"")).status_code == 200
    assert web.shelf.readings == []


@pytest.mark.parametrize("path", ALL)
def test_an_empty_unsigned_post_is_a_strangers(web: Web, path: str) -> None:
    assert web.client.post(path).status_code == 401


@pytest.mark.parametrize(
    ("path", "name", "verdict"),
    [
        (PM, "activity_updated", {"status": "handled"}),
        (DAM, "record_status_changed", {"status": "ignored", "reason": "not_ours"}),
        ("/hooks/opentext", "task_completed", {"status": "handled"}),
        (OPENTEXT, "task_completed", {"status": "handled"}),
    ],
)
def test_a_signed_body_is_stored_before_it_is_answered_with_202(
    web: Web, path: str, name: str, verdict: dict[str, str]
) -> None:
    assert web.post(path, sample(name)) == (202, verdict)

    (reading,) = web.shelf.readings
    assert (reading.raw.body, reading.raw.received_at) == (sample(name), NOW)


def test_a_body_signed_with_the_secret_that_is_being_replaced_is_stored(web: Web) -> None:
    body = sample("activity_updated")

    assert web.post(PM, body, signed(PM, body, "old-secret"))[0] == 202


def test_a_signed_body_that_is_no_webhook_is_kept_as_refused(web: Web) -> None:
    """It is answered with 202 because five failures make Aprimo switch the subscription off."""
    assert web.post(PM, b'{"EventId": 1}') == (202, {"status": "refused", "reason": "bad_callout"})
    assert [reading.raw.body for reading in web.shelf.readings] == [b'{"EventId": 1}']
    assert web.strangers.refused == {("aprimo.pm.webhook", "bad_callout"): 1}


def test_a_signed_body_in_another_charset_is_kept_as_refused(web: Web) -> None:
    body = sample("activity_updated").decode().encode("utf-16")

    answer = web.post(PM, body, {"content-type": "application/json; charset=utf-16"})

    assert answer == (202, {"status": "refused", "reason": "not_utf8"})


def test_a_signed_body_nested_without_end_is_kept_as_refused(web: Web) -> None:
    assert web.post(PM, b"[" * 2000) == (202, {"status": "refused", "reason": "too_deep"})


def test_a_receipt_keeps_no_signature_no_token_and_no_cookie(web: Web) -> None:
    headers = {"referenceId": "run-1", "cookie": "a=b", "user-agent": "u" * 500}

    web.post(OPENTEXT, sample("task_completed"), headers)

    (reading,) = web.shelf.readings
    assert reading.raw.headers == {
        "content-type": "application/json",
        "content-length": str(len(sample("task_completed"))),
        "user-agent": "u" * 200,
        "referenceid": "run-1",
    }


@pytest.mark.parametrize("path", [PM, DAM, "/hooks/opentext", OPENTEXT])
@pytest.mark.parametrize("body", [b"", sample("activity_updated"), sample("task_completed"), b"[" * 2000, b"\xff"])
def test_without_the_right_proof_nothing_is_kept(web: Web, path: str, body: bytes) -> None:
    stranger = signed(path, body, "guessed")

    assert web.client.post(path, content=body, headers={**JSON, **stranger}).status_code == 401
    assert web.client.post(path, content=body, headers=JSON).status_code == 401
    assert web.shelf.groups == []
    assert web.strangers.seen.total() == 2


def test_a_body_changed_on_its_way_is_a_strangers(web: Web) -> None:
    headers = {**JSON, **signed(PM, sample("activity_updated"))}
    written_again = json.dumps(json.loads(sample("activity_updated"))).encode()

    assert web.client.post(PM, content=written_again, headers=headers).status_code == 401


def test_a_body_over_the_limit_is_answered_with_413_before_it_is_proved(web: Web) -> None:
    assert web.post(PM, b" " * 2001) == (413, {"status": "too_long"})
    assert web.shelf.groups == []


def test_a_body_of_the_limit_is_taken(web: Web) -> None:
    body = sample("activity_updated") + b" " * (2000 - len(sample("activity_updated")))

    assert web.post(PM, body)[0] == 202


def test_a_body_in_chunks_is_read_no_further_than_the_limit(web: Web) -> None:
    """Nothing says its length before, and it has no end: the answer comes all the same, and the signature is moot."""
    answer = exchange(
        web, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b" " * 1024 + b"\r\n400\r\n" + b" " * 1024
    )

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()
    assert web.shelf.groups == []


@pytest.mark.parametrize("said", [b"5000", b"9" * 19])
def test_a_length_over_the_limit_is_believed(web: Web, said: bytes) -> None:
    """Not a byte of such a body is waited for."""
    assert exchange(web, HEAD + b"Content-Length: " + said + b"\r\n\r\n").startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_come_is_not_waited_for(web: Web) -> None:
    answer = exchange(web, HEAD + b"Content-Length: 10\r\n\r\n{")

    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/xml"},
        {"content-type": ""},
        {"content-encoding": "gzip"},
    ],
)
def test_anything_but_plain_json_is_answered_with_415(web: Web, headers: dict[str, str]) -> None:
    assert web.post(PM, sample("activity_updated"), headers) == (415, {"status": "not_json"})
    assert web.shelf.groups == []


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/cloudevents+json"]
)
def test_json_has_many_names(web: Web, media_type: str) -> None:
    assert web.post(PM, sample("activity_updated"), {"content-type": media_type})[0] == 202


def test_a_store_that_is_away_is_answered_with_503(web: Web) -> None:
    web.shelf.is_away = True

    answer = web.client.post(
        PM, content=sample("activity_updated"), headers={**JSON, **signed(PM, sample("activity_updated"))}
    )

    assert (answer.status_code, answer.json()) == (503, {"status": "SQL is away"})
    assert answer.headers["retry-after"] == "5"


def test_a_store_that_came_back_takes_the_next_one(web: Web) -> None:
    web.shelf.is_away = True
    web.post(PM, sample("activity_updated"))
    web.shelf.is_away = False

    assert web.post(PM, sample("activity_updated"))[0] == 202


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_allowed(web: Web, method: str) -> None:
    assert web.client.request(method, PM).status_code == 405
