from __future__ import annotations

from structlog.testing import capture_logs

from console.web.strangers import Strangers


def test_strangers_fill_one_line_a_minute_and_door() -> None:
    now = [0.0]
    strangers = Strangers(lambda: now[0])

    with capture_logs() as lines:
        for now[0] in (0.0, 1.0, 59.9, 60.0, 61.0):
            strangers.count("aprimo.pm.webhook")
        strangers.count("opentext.callback")

    said = {"event": "hook_unauthorized", "log_level": "warning"}
    assert lines == [
        {**said, "door": "aprimo.pm.webhook", "calls": 1},
        {**said, "door": "aprimo.pm.webhook", "calls": 3},
        {**said, "door": "opentext.callback", "calls": 1},
    ]
    assert strangers.seen == {"aprimo.pm.webhook": 5, "opentext.callback": 1}


def test_signed_bodies_that_cannot_be_used_fill_one_line_a_minute_door_and_reason() -> None:
    now = [0.0]
    strangers = Strangers(lambda: now[0])

    with capture_logs() as lines:
        for now[0] in (0.0, 1.0, 60.0):
            strangers.count_refused("aprimo.pm.webhook", "bad_callout")
        strangers.count_refused("aprimo.pm.webhook", "not_utf8")
        strangers.count("aprimo.pm.webhook")

    said = {"event": "hook_refused", "log_level": "warning", "door": "aprimo.pm.webhook"}
    assert lines[:-1] == [
        {**said, "reason": "bad_callout", "calls": 1},
        {**said, "reason": "bad_callout", "calls": 2},
        {**said, "reason": "not_utf8", "calls": 1},
    ]
    assert lines[-1]["event"] == "hook_unauthorized"
    assert strangers.refused == {("aprimo.pm.webhook", "bad_callout"): 3, ("aprimo.pm.webhook", "not_utf8"): 1}
    assert strangers.seen == {"aprimo.pm.webhook": 1}
