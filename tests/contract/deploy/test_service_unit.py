"""deploy/signoff.service says what the product does, with commands, settings and exit codes that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import click
import pytest

from config.settings import all_settings, load
from console.cli import signoff
from console.exits import Exit
from console.supervisor import START_TIMEOUT_S

UNIT = Path(__file__).parents[3] / "deploy" / "signoff.service"
ANALYZE = shutil.which("systemd-analyze")
EXPOSURE_MAX = 20
"""In tenths: what systemd itself calls well protected."""


@pytest.fixture(scope="module")
def unit() -> dict[str, dict[str, list[str]]]:
    """Section -> name -> values, in their order; a name may stand several times."""
    sections: dict[str, dict[str, list[str]]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), defaultdict(list))
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals, line
            section[name].append(value)
    return sections


def one(unit: dict[str, dict[str, list[str]]], name: str, section: str = "Service") -> str:
    (value,) = unit[section][name]
    return value


def test_it_starts_a_command_that_exists(unit: dict[str, dict[str, list[str]]]) -> None:
    program, *words = one(unit, "ExecStart").split()

    assert program.endswith("/bin/signoff")
    assert set(words) <= set(signoff.list_commands(click.Context(signoff)))
    assert words


def test_it_is_started_again_however_it_ends_but_not_with_settings_that_are_refused(
    unit: dict[str, dict[str, list[str]]],
) -> None:
    assert one(unit, "Restart") == "always"
    assert one(unit, "StartLimitIntervalSec", "Unit") == "0"
    assert int(one(unit, "RestartPreventExitStatus")) == Exit.REFUSED


def test_the_supervisor_alone_is_told_to_stop_and_has_the_time_it_needs(
    unit: dict[str, dict[str, list[str]]],
) -> None:
    engine = load({}).engine
    # Workers first, then what everything leans on; each stage has its grace.
    longest_s = engine.shutdown_wait_s + 10 + 10

    assert one(unit, "KillMode") == "mixed"
    assert int(one(unit, "TimeoutStopSec")) > longest_s
    assert int(one(unit, "TimeoutStartSec")) > START_TIMEOUT_S


def test_it_names_settings_that_exist(unit: dict[str, dict[str, list[str]]]) -> None:
    named = set(re.findall(r"\bSIGNOFF_[A-Z_]+", UNIT.read_text(encoding="utf-8")))

    assert named
    assert named - {each.env for each in all_settings()} == set()


def test_it_writes_to_its_own_folder_alone(unit: dict[str, dict[str, list[str]]]) -> None:
    (environment,) = unit["Service"]["Environment"]

    assert f"SIGNOFF_DATA_DIR=/var/lib/{one(unit, 'StateDirectory')}" in environment.split()
    assert (one(unit, "ProtectSystem"), one(unit, "User")) == ("strict", "signoff")
    assert (one(unit, "CapabilityBoundingSet"), one(unit, "NoNewPrivileges")) == ("", "yes")


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not on this machine")
def test_systemd_takes_it_and_calls_it_well_protected(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    # It looks for the program too, which is not installed here.
    copy.write_text(
        re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", UNIT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    verify = ["verify", "--man=no", str(copy)]
    security = ["security", "--offline=true", f"--threshold={EXPOSURE_MAX}", str(copy)]

    said = [
        subprocess.run([str(ANALYZE), *words], capture_output=True, text=True, check=False, timeout=60)
        for words in (verify, security)
    ]

    assert [(each.returncode, each.stderr) for each in said] == [(0, "")] * 2, said[0].stderr + said[1].stdout
