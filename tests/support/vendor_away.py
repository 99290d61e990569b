"""An installation with the engine's own limits, work that comes at a steady pace, and a vendor that goes away."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import Engine

from config.settings import PACKAGED_FLOWS
from console.demo_http import admin
from console.demo_settings import overrides
from console.embedded_plan import Wishes
from console.supervisor import Installation
from pipeline.store import engine
from tests.chaos.checker.gather import OUR_AGENT
from tests.support.aprimo_caller import AprimoCaller
from tests.support.bad_days_office import BRIEFS, Office
from tests.support.bad_days_rows import Rows
from tests.support.hook_samples import PM, signed
from tests.support.processes import wait_until
from tests.support.vendor_away_waits import lines_of, undecided

BUDGETS_PER_S: Mapping[str, int] = {"aprimo": 8, "opentext": 8}
"""So low that two cores can use all of it."""
BURST = 4
SETTINGS: Mapping[str, str] = {
    **{f"SIGNOFF_{vendor.upper()}_RATE_PER_S": str(rate) for vendor, rate in BUDGETS_PER_S.items()},
    **{f"SIGNOFF_{vendor.upper()}_BURST": str(BURST) for vendor in BUDGETS_PER_S},
    "SIGNOFF_OPENTEXT_CALLBACK_SETTLE_S": "0",
    "SIGNOFF_ENGINE_LATE_FACTOR": "0.025",
    "SIGNOFF_ENGINE_BREAKER_OPEN_S": "2",
    "SIGNOFF_POLL_OPENTEXT_EVERY_S": "2",
}
"""Pollers, waits and probes in seconds; the limits of calls, steps and leases are the engine's own."""
SANDBOXES: Mapping[str, Mapping[str, Any]] = {
    # One above what a budget lets leave in a second at its worst: whatever is more is answered 429.
    "aprimo_options": {"rate_per_s": 15, "delayed_max": 0},
    "opentext_options": {"rate_per_s": BUDGETS_PER_S["opentext"] + BURST + 1, "rate_slot_s": 1.0},
}
AWAY: Mapping[str, Mapping[str, Any]] = {
    "down": {"kind": "status", "status": 503},
    "slow": {"kind": "delay", "delay_s": 10.0},
}
NOTICES_PER_S = 10
DECIDES = "brand"
"""The one task that somebody completes."""
SAID_TIMES = 5
"""How often each of these notices is told: Aprimo tells again what it is not sure of."""
_ROLES = frozenset(
    {"broker", "aprimo", "opentext", "db", "models", "web", "scheduler"}
    | {f"worker-{target}" for target in ("aprimo", "opentext", "timetable")}
)
_DRAFT = {
    "currencyCode": 3,
    "beginDate": "2027-02-01T00:00:00",
    "endDate": "2027-03-31T00:00:00",
    "extrAttr302": "12000.00",
    "extrAttr303": "Families",
    "extrAttr304": "Web",
    "extrAttr305": "DACH",
}
_SUBMITTED = {"activityStateId": 2}
_LOOK_EVERY_S = 0.25
START_WITHIN_S = 240.0


@dataclass(frozen=True, kw_only=True)
class Drain:
    """What happened after the return. rate: calls that left while lines waited, by what the budget allows."""

    backlog: int
    seconds: float
    rate: float


@dataclass(kw_only=True)
class Pace:
    """Work that comes steadily. told_s: how long the intake took to answer each notice."""

    office: Office
    briefs_per_s: float
    told_s: list[tuple[float, float]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Briefs are handed in and notices told, each by a thread, until this is left."""
        threads = [threading.Thread(target=each) for each in (self._submit, self._tell)]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            self._over.set()
            for each in threads:
                each.join()

    def told_since(self, began: float) -> list[float]:
        """The seconds of the notices that were told from a moment on."""
        return [took_s for at, took_s in self.told_s if at >= began]

    def _submit(self) -> None:
        caller = AprimoCaller(self.office.urls["aprimo"], client_id="marketer-88")
        for number in self._beats(self.briefs_per_s):
            caller.make_activity(name=f"Brief {number}", **_DRAFT, **_SUBMITTED)
        caller.close()

    def _tell(self) -> None:
        """Notices about a draft that nobody hands in."""
        caller = AprimoCaller(self.office.urls["aprimo"], client_id="marketer-88")
        draft = int(caller.make_activity(name="A draft", **_DRAFT)["activityId"])
        caller.close()
        secret = self.office.running.settings.aprimo.webhook_secrets[0].reveal()
        with requests.Session() as http:
            http.trust_env = False
            for number in self._beats(NOTICES_PER_S):
                body = _notice(draft, number // SAID_TIMES)
                at = time.monotonic()
                answer = http.post(
                    self.office.urls["web"] + PM, data=body, headers=signed(PM, body, secret), timeout=30
                )
                self.told_s.append((at, time.monotonic() - at))
                assert answer.ok, answer.text

    def _beats(self, per_s: float) -> Iterator[int]:
        began, number = time.monotonic(), 0
        while not self._over.wait(max(0.0, began + number / per_s - time.monotonic())):
            yield number
            number += 1


@dataclass(kw_only=True)
class Away:
    """One installation whose vendors go away one after another."""

    office: Office
    reader: Engine

    @contextmanager
    def vendor(self, name: str, how: str) -> Iterator[None]:
        """A vendor is down or slow for Signoff, and for nobody else."""
        fault = self.office.break_route(name, **AWAY[how], agent=OUR_AGENT, times=None)
        try:
            yield
            assert fault.hits > 0
        finally:
            admin(self.office.urls[name], "DELETE", f"faults/{fault.id}")

    def drain(self, vendor: str, *, limit_s: float) -> Drain:
        """Watches a vendor that has just returned until no line waits for more than a second of its budget."""
        backlog, idle = lines_of(self.reader, vendor), self.calls(vendor)
        wait_until(lambda: self.calls(vendor) > idle + 1, limit_s=limit_s, what=f"calls to {vendor} again")
        began, before = time.monotonic(), self.calls(vendor)
        wait_until(
            lambda: lines_of(self.reader, vendor) <= BUDGETS_PER_S[vendor] / 4,
            limit_s=limit_s,
            every_s=_LOOK_EVERY_S,
            what=f"the end of what waited for {vendor}",
        )
        seconds = time.monotonic() - began
        rate = (self.calls(vendor) - before) / seconds / BUDGETS_PER_S[vendor]
        return Drain(backlog=backlog, seconds=seconds, rate=rate)

    def settle(self, *, limit_s: float) -> None:
        """Returns when everybody has decided who was to decide, and nothing waits."""
        wait_until(
            lambda: (
                not undecided(self.reader, DECIDES)
                and not any(lines_of(self.reader, vendor) for vendor in BUDGETS_PER_S)
            ),
            limit_s=limit_s,
            every_s=_LOOK_EVERY_S,
            what="a moment in which nobody has to decide, and nothing waits",
        )

    def calls(self, vendor: str, status: int | None = None) -> int:
        """How many requests of ours a vendor has answered, all of them or those with a status."""
        rows = admin(self.office.urls[vendor], "GET", f"requests?agent={OUR_AGENT}")["routes"]
        return sum(int(row["count"]) for row in rows if status is None or row["status"] == status)

    def refused(self) -> int:
        """How many 429 both vendors have given us."""
        return sum(self.calls(vendor, 429) for vendor in BUDGETS_PER_S)


@contextmanager
def installed(folder: Path, database_url: str, *, decides_after_s: tuple[float, float]) -> Iterator[Away]:
    """Everything runs; every brief is read by one reviewer, after a while, and by nobody else."""
    terms = overrides(folder)
    for path in Path(terms["SIGNOFF_FLOWS_DIR"]).glob("*.toml"):
        path.unlink()
    shipped = (PACKAGED_FLOWS / f"{BRIEFS}.toml").read_text(encoding="utf-8")
    (Path(terms["SIGNOFF_FLOWS_DIR"]) / f"{BRIEFS}.toml").write_text(shipped, encoding="utf-8")
    said = {**terms, **SETTINGS, "SIGNOFF_DATABASE_URL": database_url, "SIGNOFF_LOG_LEVEL": "info"}
    with ExitStack() as held:
        log = held.enter_context((folder / "office.log").open("w", encoding="utf-8", buffering=1))

        def show(role: str, line: str) -> None:
            log.write(f"{role:<16} | {line}\n")

        wishes = Wishes(roles=_ROLES, **SANDBOXES)
        running = held.enter_context(Installation.start(said, wishes=wishes, show=show, timeout_s=START_WITHIN_S))
        rows = Rows(running.settings.database_url)
        held.callback(rows.close)
        reader = engine.reader(running.settings.database_url)
        held.callback(reader.dispose)
        admin(running.urls["opentext"], "PUT", "people", {"rules": _people(decides_after_s), "pace": 1.0})
        office = Office(running=running, rows=rows, log=folder / "office.log", environ={**said, **running.environ})
        yield Away(office=office, reader=reader)


def _people(after_s: tuple[float, float]) -> list[dict[str, Any]]:
    brand = {"when": {"task": DECIDES}, "who": "brand.one@example.test", "after_s": list(after_s)}
    return [{**brand, "outcome": "approved"}, {"when": {"task": "*"}, "never": True}]


def _notice(activity_id: int, number: int) -> bytes:
    """The body of a notice that an activity was edited, as Aprimo sends it."""
    notice = {
        "CalloutLocation": 2,
        "DatasourceId": 1,
        "CalloutType": 15,
        "Title": "object-update",
        "ObjectTypeId": 1,
        "ObjectResourceName": "activities",
        "ObjectId": activity_id,
        "CreatingUserId": 88,
        "RetryCount": 0,
        "Body": None,
        "Id": f"{activity_id:08}-0000-4000-8000-{number:012}",
        "EventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000"),
        "EventId": f"{activity_id:08}-0000-4000-9000-{number:012}",
        "ParentEventId": None,
    }
    return json.dumps(notice).encode()
