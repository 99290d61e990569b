"""Both sandboxes as the processes they are, one of each per module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.aprimo.client import Client as AprimoClient
from pipeline.opentext.client import Client as OpenTextClient
from tests.support.sandbox_process import ROOT, running
from tests.support.vendor_parts import PROCESS, bounds, new_aprimo, new_opentext, opentext_options
from tests.support.vendor_sandbox import Sandbox

PLENTY = 100_000
"""Requests per second that no test of an effect reaches."""


def _sandbox(vendor: str, folder: Path, **options: object) -> Iterator[Sandbox]:
    with running(vendor, folder, **options) as process:
        sandbox = Sandbox(process.base)
        yield sandbox
        sandbox.close()


@pytest.fixture(scope="module")
def aprimo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    yield from _sandbox("aprimo", tmp_path_factory.mktemp("aprimo"), rate_per_s=PLENTY, seed=7)


@pytest.fixture(scope="module")
def opentext_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    yield from _sandbox(
        "opentext", tmp_path_factory.mktemp("opentext"), rate_per_s=PLENTY, tenant_id="sandbox", seed=7
    )


@pytest.fixture
def aprimo_sandbox(aprimo_server: Sandbox) -> Sandbox:
    aprimo_server.admin("POST", "reset")
    aprimo_server.admin("DELETE", "faults")
    return aprimo_server


@pytest.fixture
def opentext_sandbox(opentext_server: Sandbox) -> Sandbox:
    opentext_server.admin("POST", "reset")
    opentext_server.admin("DELETE", "faults")
    return opentext_server


@pytest.fixture
def aprimo(aprimo_sandbox: Sandbox) -> AprimoClient:
    return new_aprimo(aprimo_sandbox.base)


@pytest.fixture
def opentext(opentext_sandbox: Sandbox) -> OpenTextClient:
    client = new_opentext(opentext_sandbox.base, options=opentext_options(opentext_sandbox.base, page_size=100))
    client.deploy(PROCESS, (ROOT / "config" / "processes" / f"{PROCESS}.bpmn").read_bytes(), "", bounds())
    return client
