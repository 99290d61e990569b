"""One sandbox process for all tests without options of their own, brought back to its seeds before every test."""

from collections.abc import Iterator

import pytest

from tests.support.aprimo_caller import AprimoCaller
from tests.support.aprimo_dam import DamCaller
from tests.support.sandbox_process import SandboxProcess, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with running(
        "aprimo",
        tmp_path_factory.mktemp("aprimo"),
        rate_per_s=5000,
        seed=7,
        index_lag_s=0.2,
        processing_s=0.2,
        order_s=0.3,
        upload_max_bytes=1000,
    ) as process:
        yield process


@pytest.fixture
def aprimo(server: SandboxProcess) -> Iterator[AprimoCaller]:
    caller = AprimoCaller(server.base)
    caller.sandbox("POST", "reset")
    caller.sign_in()
    yield caller
    caller.close()


@pytest.fixture
def marketer(server: SandboxProcess, aprimo: AprimoCaller) -> Iterator[AprimoCaller]:
    caller = AprimoCaller(server.base, client_id="marketer-88")
    yield caller
    caller.close()


@pytest.fixture
def dam(aprimo: AprimoCaller) -> DamCaller:
    return DamCaller(aprimo)
