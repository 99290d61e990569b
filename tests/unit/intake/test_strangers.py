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
