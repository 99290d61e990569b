"""The short demo, played once for all tests that look at its summary."""

from typing import Any

import pytest

from tests.support.demo_process import DemoProcess, last_json

LIMIT_S = 240


@pytest.fixture(scope="session")
def short_demo() -> dict[str, Any]:
    """The summary of a demo of six briefs, every outcome once, and of the other flows; its exit code is 0."""
    demo = DemoProcess("--briefs", "6")
    code, said = demo.ended(timeout_s=LIMIT_S)
    assert code == 0, "\n".join([*demo.lines, said])
    return last_json(said)
