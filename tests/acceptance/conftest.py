"""One of each sandbox for all acceptance tests, brought back to its seeds before each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.settings import PACKAGED_FLOWS
from tests.support.acceptance import Desk, opened
from tests.support.databases import sqlite_template
from tests.support.premises import Premises
from tests.support.sandbox_process import running
from tests.support.vendor_sandbox import Sandbox

__all__ = ["sqlite_template"]

PLENTY = 100_000
"""Requests per second that no test reaches."""
QUICK = {"index_lag_s": 0.0, "processing_s": 0.1, "order_s": 0.1, "classification_ready_after_s": 0.0}

WITH_OTHERS = frozenset({"operational_case"})
"""Flows whose stories need others: late approvals of theirs become cases."""

OpenDesk = Callable[..., Desk]


def _sandbox(vendor: str, folder: Path, **options: object) -> Iterator[Sandbox]:
    with running(vendor, folder, rate_per_s=PLENTY, seed=7, **options) as process:
        sandbox = Sandbox(process.base)
        yield sandbox
        sandbox.close()


@pytest.fixture(scope="session")
def aprimo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    yield from _sandbox("aprimo", tmp_path_factory.mktemp("aprimo"), **QUICK)


@pytest.fixture(scope="session")
def opentext_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    yield from _sandbox("opentext", tmp_path_factory.mktemp("opentext"), tenant_id="sandbox")


@pytest.fixture(scope="session")
def premises(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Premises]:
    with Premises.built(tmp_path_factory.mktemp("premises"), sqlite_template) as built:
        yield built


@pytest.fixture
def open_desk(
    tmp_path: Path,
    premises: Premises,
    aprimo_server: Sandbox,
    opentext_server: Sandbox,
    request: pytest.FixtureRequest,
) -> Iterator[OpenDesk]:
    """Opens an installation; takes what to make of the flows' TOML files (flow -> text to text), and settings."""
    with ExitStack() as held:

        def opening(
            changes: Mapping[str, Callable[[str], str]] | None = None, environ: Mapping[str, str] | None = None
        ) -> Desk:
            for server in (aprimo_server, opentext_server):
                server.admin("POST", "reset")
                server.admin("DELETE", "faults")
            only = _flow_of(request.path.stem)
            return held.enter_context(
                opened(tmp_path, premises, aprimo_server, opentext_server, changes, environ=environ, only=only)
            )

        yield opening


def _flow_of(module: str) -> str:
    """The flow that a module is about, as a pattern of file names; every one where it is about several."""
    name = module.removeprefix("test_")
    is_alone = (PACKAGED_FLOWS / f"{name}.toml").exists() and name not in WITH_OTHERS
    return name if is_alone else "*"


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    """An installation with the shipped words."""
    return open_desk()
