"""What the demo says where it cannot be played."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from console import demo, embedded
from console.cli import signoff


def test_without_the_sandboxes_libraries_the_demo_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(embedded, "_SANDBOX_LIBRARIES", ("surely_not_installed",))
    monkeypatch.setattr(demo.signal, "signal", lambda *_: None)  # The test runner's own handlers stay.

    result = CliRunner().invoke(signoff, ["demo", "--headless", "--data-dir", str(tmp_path)])

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.splitlines()[-2].startswith(
        "The demo could not be played: The sandboxes need libraries that are not installed:"
        " run `pip install '.[sandbox,embedded]'` in the checkout, or"
    )
