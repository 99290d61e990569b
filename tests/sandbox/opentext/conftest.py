"""One sandbox process for all tests that need no options of their own, brought back to its seeds before each."""

from collections.abc import Iterator

import pytest

from tests.support.opentext_caller import OpenTextCaller
from tests.support.sandbox_process import SandboxProcess, running


@pytest.fixture(scope="session")
def opentext_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with running("opentext", tmp_path_factory.mktemp("opentext"), rate_per_s=50_000) as process:
        yield process


@pytest.fixture
def opentext(opentext_server: SandboxProcess) -> Iterator[OpenTextCaller]:
    caller = OpenTextCaller(opentext_server.base)
    caller.sandbox("POST", "reset")
    caller.deploy()
    yield caller
    caller.close()
