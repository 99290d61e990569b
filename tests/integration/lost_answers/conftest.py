"""Both sandboxes as processes of their own, and a migrated store on each database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.store import SqlStore
from pipeline.store.engine import writer
from pipeline.words import Side
from tests.support.databases import any_database_url, postgres, postgres_url, sqlite_template, sqlite_url
from tests.support.lost_answers.bench import Bench, bench
from tests.support.sandbox_process import running
from tests.support.states import States
from tests.support.vendor_sandbox import Sandbox

__all__ = ["any_database_url", "postgres", "postgres_url", "sqlite_template", "sqlite_url"]

OPTIONS = {
    Side.APRIMO: {"index_lag_s": 0.1, "processing_s": 0.1, "order_s": 0.2},
    Side.OPENTEXT: {"tenant_id": "sandbox"},
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[Side, Sandbox]]:
    with ExitStack() as held:
        yield {side: _server(held, side, tmp_path_factory.mktemp(side)) for side in Side}


def _server(held: ExitStack, side: Side, folder: Path) -> Sandbox:
    process = held.enter_context(running(side, folder, rate_per_s=100_000, seed=7, **OPTIONS[side]))
    sandbox = Sandbox(process.base)
    held.callback(sandbox.close)
    return sandbox


@pytest.fixture
def lost(servers: Mapping[Side, Sandbox], any_database_url: str, tmp_path: Path) -> Iterator[Bench]:
    for sandbox in servers.values():
        sandbox.admin("POST", "reset")
        sandbox.admin("DELETE", "faults")
    store = SqlStore(any_database_url)
    with bench(store, servers, tmp_path) as made:
        yield made
    store.dispose()


@pytest.fixture
def states(any_database_url: str) -> Iterator[States]:
    engine = writer(any_database_url)
    yield States(engine)
    engine.dispose()
