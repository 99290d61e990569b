from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from console import service_manager


def test_a_service_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))

        service_manager.tell(service_manager.READY)

        assert manager.recv(100) == b"READY=1"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has addresses without a file")
def test_an_address_without_a_file_is_understood(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0signoff-test-{tmp_path.name}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@signoff-test-{tmp_path.name}")

        service_manager.tell(service_manager.STOPPING)

        assert manager.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize("address", ["", "/nowhere/notify"])
def test_where_nobody_listens_nothing_happens(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)

    service_manager.tell(service_manager.READY)
