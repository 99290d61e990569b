"""A demo that nobody tells anything, and one that asks nobody: both systems agree, and who told of what is known."""

from typing import Any

import pytest

from tests.support.demo_process import DemoProcess, last_json

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]
LIMIT_S = 360


def played_without(what: str) -> dict[str, Any]:
    demo = DemoProcess("--briefs", "6", f"--no-{what}")
    code, said = demo.ended(timeout_s=LIMIT_S)
    assert code == 0, "\n".join([*demo.lines, said])
    return last_json(said)


def test_without_webhooks_pollers_find_every_change_and_each_is_named() -> None:
    shown = played_without("webhooks")["certificate"]

    assert shown["gaps"] == []
    assert set(shown["learned"]) <= {"poll", "reconciliation", "ours"}
    assert len(shown["untold"]) == sum(shown["learned"].values()) - shown["learned"].get("ours", 0)
    assert all(each["id"] and each["at"] for each in shown["untold"])


def test_without_pollers_notices_and_reconciliation_find_every_change() -> None:
    shown = played_without("pollers")["certificate"]

    assert shown["gaps"] == []
    assert set(shown["learned"]) <= {"notice", "reconciliation", "ours"}
