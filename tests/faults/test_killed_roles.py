"""Any one process of a running installation may be killed: nobody has to lend a hand, and nothing is doubled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from config.running import RUN_FILE
from console.embedded_plan import WORKERS, Wishes, signoff_command
from console.supervisor import Installation
from tests.support.aprimo_caller import AprimoCaller
from tests.support.bad_days_histories import Histories
from tests.support.bad_days_office import QUICK_SANDBOXES, quick_settings
from tests.support.processes import family, lives, wait_until

ROLES = ("flower", "scheduler", "web", *WORKERS, "broker", "opentext", "aprimo")
BRIEF = {
    "activityStateId": 2,
    "currencyCode": 3,
    "beginDate": "2027-02-01T00:00:00",
    "endDate": "2027-03-31T00:00:00",
    "extrAttr302": "12000.00",
    "extrAttr303": "Families",
    "extrAttr304": "Web",
    "extrAttr305": "DACH",
}
MATRIX = 306
START_LIMIT_S = 90.0


@dataclass(kw_only=True)
class Marketer:
    """Hands briefs in, and sees whether they are on their way."""

    base: str
    submitted: list[int] = field(default_factory=list)

    def submit(self, name: str) -> int:
        """A new brief, handed in; its id."""
        caller = AprimoCaller(self.base, client_id="marketer-88")
        made = caller.make_activity(name=name, **BRIEF)
        caller.close()
        self.submitted.append(int(made["activityId"]))
        return self.submitted[-1]

    def sees(self, number: int) -> bool:
        """Whether the brief shows that it is in approval; False too while Aprimo is away."""
        try:
            caller = AprimoCaller(self.base, client_id="marketer-88")
            brief = caller.api("GET", f"activities/{number}").json()
            caller.close()
        except requests.RequestException:
            return False
        shown = (each["eaValue"] for each in brief["extendedAttributes"] if each["eaId"] == MATRIX)
        return str(next(shown, None) or "").startswith("Revision 1 · in approval")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("killed-roles")
    with (
        (folder / "log").open("w", encoding="utf-8", buffering=1) as log,
        Installation.start(
            quick_settings(folder, None),
            wishes=Wishes(**QUICK_SANDBOXES),
            show=lambda role, line: print(f"{role:<16} | {line}", file=log),
            timeout_s=START_LIMIT_S,
        ) as made,
    ):
        yield made


def test_kill_9_of_any_one_process_but_the_supervisor_needs_no_hand(running: Installation) -> None:
    """Each time a brief has just been handed in: it arrives, through whatever was killed."""
    marketer, histories = Marketer(base=running.urls["aprimo"]), Histories(running.urls)
    for role in ROLES:
        killed = pid_of(running, role)
        brief = marketer.submit(f"Through {role}")
        os.kill(killed, signal.SIGKILL)

        wait_until(lambda: marketer.sees(brief), limit_s=60, every_s=0.1, what=f"the brief through {role}")  # noqa: B023 - Called before the next turn.
        wait_until(lambda: running.is_ready(role), limit_s=60, what=f"another {role}")  # noqa: B023 - As above.
        assert running.pid(role) != killed

    for role in WORKERS:
        child = min(family(pid_of(running, role)) - {pid_of(running, role)})
        brief = marketer.submit(f"Through a process of {role}")
        os.kill(child, signal.SIGKILL)

        wait_until(lambda: marketer.sees(brief), limit_s=60, every_s=0.1, what=f"the brief through {role}'s process")  # noqa: B023 - As above.
        wait_until(lambda: len(family(pid_of(running, role))) == 3, limit_s=60, what="another process")  # noqa: B023 - As above.

    page = requests.get(f"{running.urls['flower']}/workers", timeout=5, auth=running.logins["flower"])
    assert page.status_code == 200
    assert requests.get(f"{running.urls['web']}/health", timeout=5).json()["status"] == "ok"
    effects = histories.effects()
    assert (effects.of("start"), effects.doubled) == (len(marketer.submitted), {})


def test_after_a_kill_9_of_the_supervisor_nothing_is_orphaned_and_the_next_start_goes_on(tmp_path: Path) -> None:
    told = {**os.environ, **quick_settings(tmp_path, None), "SIGNOFF_WEB_PORT": "0", "SIGNOFF_FLOWER_PORT": "0"}
    with up(told, tmp_path / "first.log") as first:
        urls = urls_of(tmp_path)
        marketer = Marketer(base=urls["aprimo"])
        briefs = [marketer.submit(f"Brief {number}") for number in range(5)]
        wait_until(lambda: any(map(marketer.sees, briefs)), limit_s=60, what="the first brief")
        members = family(first.pid)

        first.kill()
        wait_until(lambda: not any(map(lives, members)), limit_s=10, what="the end of every process")

    with up(told, tmp_path / "second.log"):
        urls = urls_of(tmp_path)
        marketer.base = urls["aprimo"]
        briefs.append(marketer.submit("One more"))
        wait_until(lambda: all(map(marketer.sees, briefs)), limit_s=60, every_s=0.2, what="every brief")
        once = Histories.whole(urls).effects().once

    starts = {identity: times for identity, times in once.items() if identity.startswith("start:")}
    assert len(set(briefs)) == len(briefs)
    assert sorted(starts.values()) == [1] * len(briefs), starts


def pid_of(running: Installation, role: str) -> int:
    pid = running.pid(role)
    assert pid is not None
    return pid


@contextmanager
def up(told: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`signoff up` in a process of its own, ready."""
    with (
        log.open("w") as said,
        subprocess.Popen(signoff_command("up"), env=told, stdout=said, stderr=said) as process,
    ):
        try:
            wait_until(lambda: "everything runs" in log.read_text(), limit_s=START_LIMIT_S, what="the start")
            yield process
        finally:
            process.terminate()


def urls_of(folder: Path) -> dict[str, str]:
    urls: dict[str, str] = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))["urls"]
    return urls
