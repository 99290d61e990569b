"""Failpoints are armed in a test build alone; any other installation refuses to start and says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.problems import SettingsError
from console.exits import Exit
from console.test_build import arm_failpoints
from pipeline import failpoints
from pipeline.failpoints import Point
from tests.chaos.strikes import Action, Order, Orders, StruckError

ROOT = Path(__file__).parents[3]
INSTALLED = ("config", "console", "pipeline", "schedules", "tasks")
"""What the container image is made of."""


def test_a_build_with_its_tests_beside_it_is_armed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failpoints, "_armed", [])
    Orders(tmp_path).give(Order(point=Point.SEND_BEFORE, action=Action.RAISE))

    arm_failpoints({"SIGNOFF_FAILPOINTS": str(tmp_path)})

    with pytest.raises(StruckError):
        failpoints.hit(Point.SEND_BEFORE)


def test_a_build_without_tests_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failpoints, "_armed", [])

    with pytest.raises(SettingsError, match="this is no test build"):
        arm_failpoints({"SIGNOFF_FAILPOINTS": str(tmp_path)}, root=tmp_path)

    assert failpoints._armed == []


def test_what_is_installed_refuses_to_start_with_failpoints(tmp_path: Path) -> None:
    for package in INSTALLED:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    environ = {**os.environ, "PYTHONPATH": str(tmp_path), "SIGNOFF_FAILPOINTS": str(tmp_path)}
    command = [sys.executable, "-P", "-m", "console.cli", "scheduler"]

    ended = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    assert ended.returncode == Exit.REFUSED
    assert "SIGNOFF_FAILPOINTS\n      It arms failpoints" in ended.stderr
