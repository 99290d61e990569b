"""`./run` says what it can do, and what it lacks, before it installs anything."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder with nothing but the script, and a path with nothing but the plainest tools."""
    shutil.copy(ROOT / "run", tmp_path / "run")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "cat", "cksum"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    return tmp_path


def run(bare: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(bare / "bin" / "sh"), str(bare / "run"), *words],
        env={"PATH": str(bare / "bin")},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


def test_without_a_command_it_shows_what_it_can_do(bare: Path) -> None:
    shown = run(bare)

    assert shown.returncode == 2
    assert [line.split()[0] for line in shown.stdout.splitlines()[2:]] == ["demo", "signoff", "test", "check", "lock"]


@pytest.mark.parametrize("word", ["surely-not", "chaos", "simulation", "bench", "mutants"])
def test_a_command_that_does_not_exist_is_wrong_usage(bare: Path, word: str) -> None:
    shown = run(bare, word)

    assert shown.returncode == 2
    assert shown.stderr.startswith("usage: ./run COMMAND")


def test_without_python_one_sentence_says_what_is_needed(bare: Path) -> None:
    shown = run(bare, "demo")

    assert shown.returncode == 1
    assert shown.stderr.startswith("Signoff needs Python 3.11 or newer; none was found on the path.")
    assert not (bare / ".venv").exists()
