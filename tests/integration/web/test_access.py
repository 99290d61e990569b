"""Who is let in: the login, and nothing without it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from console.web.access import Guard
from tests.support.web_server import served
from tests.support.web_settings import WEB_LOGIN, web_settings


def page(_: Request) -> PlainTextResponse:
    return PlainTextResponse("shown")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Two guarded pages: one behind a login, one of an installation without a password."""
    guarded = [Route("/", page), Route("/{rest:path}", page)]
    without = web_settings(WEB_PASSWORD="").web
    assert without.password is None
    routes = [
        Mount("/open", routes=guarded, middleware=[Middleware(Guard, web=without)]),
        Mount("/", routes=guarded, middleware=[Middleware(Guard, web=web_settings().web)]),
    ]
    with served(Starlette(routes=routes)) as at:
        yield at


def test_with_the_login_a_page_is_shown(address: str) -> None:
    answer = httpx.get(address, auth=WEB_LOGIN, trust_env=False)

    assert (answer.status_code, answer.text) == (200, "shown")


@pytest.mark.parametrize("path", ["/", "/metrics", "/static/signoff.css", "/nothing"])
@pytest.mark.parametrize("login", [None, ("operator", "wrong"), ("", ""), ("operator", ""), ("other", "pässword")])
def test_without_the_login_nothing_is_shown(address: str, path: str, login: tuple[str, str] | None) -> None:
    answer = httpx.get(address + path, auth=login, trust_env=False)

    assert (answer.status_code, answer.text) == (401, "Log in to see the pages.\n")
    assert answer.headers["www-authenticate"] == 'Basic realm="Signoff", charset="UTF-8"'
    assert answer.headers["content-security-policy"].startswith("default-src 'none';")


@pytest.mark.parametrize("given", ["Basic", "Basic !", "Basic \xff", "Bearer b3BlcmF0b3I=", "Basic b3BlcmF0b3I="])
def test_a_login_in_another_shape_is_none(address: str, given: str) -> None:
    answer = httpx.get(address, headers={b"Authorization": given.encode("latin-1")}, trust_env=False)

    assert answer.status_code == 401


@pytest.mark.parametrize("login", [None, ("operator", ""), ("", "")])
def test_an_installation_without_a_password_shows_nothing_to_anyone(
    address: str, login: tuple[str, str] | None
) -> None:
    answer = httpx.get(f"{address}/open/", auth=login, trust_env=False)

    assert (answer.status_code, answer.text) == (403, "Set SIGNOFF_WEB_PASSWORD to see the pages.\n")
