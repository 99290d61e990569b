"""A whole installation whose leases, limits and waits are seconds, and what can be done to it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis

from config.settings import PACKAGED_FLOWS
from config.sources import FAILPOINTS_VARIABLE
from console.demo_http import admin
from console.demo_settings import overrides, shortened
from console.embedded_plan import Wishes, signoff_command
from console.supervisor import Installation
from pipeline.failpoints import Point
from tests.chaos.strikes import Action, Order, Orders
from tests.support.bad_days_histories import OUR_USER
from tests.support.bad_days_rows import Rows
from tests.support.processes import is_stopped, lives, wait_until

LEASE_S = 7.0
LATE_FACTOR = 0.025
"""A start may take effect up to 3 s after its answer was lost, a comment 1.5 s."""

BRIEFS = "campaign_brief"
"""The flow of what the days play; every flow that names activities would read each of them too."""
ALL_FLOWS = "*"

ORDERS = "orders"
_HOURS_A_SECOND = 18
_FREEZES = 20
_CARRIED = re.compile(r'"Task signoff\.carry\S+ succeeded in (?P<runtime_s>[\d.e-]+)s')
_ROLES = frozenset(
    {"broker", "aprimo", "opentext", "db", "models", "web", "scheduler"}
    | {f"worker-{target}" for target in ("aprimo", "opentext", "timetable")}
)
_ENGINE = {
    "CONNECT_TIMEOUT_S": 1,
    "READ_TIMEOUT_S": 2.5,
    "CALL_DEADLINE_S": 2.5,
    "NO_NEW_CALL_AFTER_S": 3,
    "MARGIN_S": 0.5,
    "HARD_LIMIT_S": 6,
    "LEASE_S": LEASE_S,
    "COUNTDOWN_MAX_S": 5,
    "VISIBILITY_TIMEOUT_S": 15,
    "SWEEP_EVERY_S": 0.5,
    "REHINT_AFTER_S": 2,
    "RETRY_BASE_S": 0.3,
    "RETRY_CAP_S": 3,
    "BREAKER_OPEN_S": 2,
    "LATE_FACTOR": LATE_FACTOR,
}
_POLLING = {
    "APRIMO_EVERY_S": 1,
    "APRIMO_OVERLAP_S": 5,
    "OPENTEXT_EVERY_S": 1,
    "OPENTEXT_LIST_EVERY_S": 2,
    "OVERDUE_EVERY_S": 0.5,
    "HISTORY_EVERY_S": 0.5,
}
_A_DAY_S = 86_400
_POLLS = {"poll_aprimo": "APRIMO_EVERY_S", "poll_opentext": "OPENTEXT_EVERY_S"} | {
    "poll_opentext_lists": "OPENTEXT_LIST_EVERY_S"
}
"""Jobs that poll, and the settings of their periods."""


QUICK_SANDBOXES: Mapping[str, Mapping[str, Any]] = {
    "aprimo_options": {"rate_per_s": 60, "webhook_retry_scale": 0.05},
    "opentext_options": {"rate_per_s": 400},
}


@dataclass(kw_only=True)
class Office:
    """The installation of one database, for one bad day after another."""

    running: Installation
    rows: Rows
    log: Path
    environ: Mapping[str, str] = field(repr=False)
    stopped: set[int] = field(default_factory=set)

    @property
    def orders(self) -> Orders:
        """What is to happen at failpoints; nothing unless somebody orders it."""
        return Orders(self.log.parent / ORDERS)

    @property
    def urls(self) -> Mapping[str, str]:
        """Base addresses of web app and sandboxes."""
        return self.running.urls

    # ---- broker ------------------------------------------------------------------------------------------------

    def wipe_broker(self) -> None:
        """FLUSHALL."""
        with Redis.from_url(str(self.running.settings.broker_url)) as redis:
            redis.flushall()

    def empty_broker_folder(self) -> None:
        """Ends the broker, takes its data away and starts it again."""
        self.running.halt("broker")
        for path in (self.running.settings.data_dir / "broker").iterdir():
            if path.is_dir():
                shutil.rmtree(path)
        self.running.resume("broker")

    # ---- processes ---------------------------------------------------------------------------------------------

    def freeze(self, *pids: int) -> None:
        """Stops processes, none of them in the middle of a transaction: its locks would stop everybody else too."""
        self.stopped |= set(pids)
        for _ in range(_FREEZES):
            _signal(pids, signal.SIGSTOP)
            if self.rows.is_writable():
                return
            _signal(pids, signal.SIGCONT)
            wait_until(self.rows.is_writable, what="the end of the transaction")
        raise AssertionError("whenever the processes were stopped, one of them was in a transaction")

    def stopped_at(self, point: Point, kind: str) -> int:
        """Waits until a process stopped itself, and its worker, at a command of this kind; gives the process."""
        pid = self.struck(Order(point=point, action=Action.STOP, kind=kind))
        self.stopped |= {pid, parent_of(pid)}
        wait_until(lambda: is_stopped(pid), what="a process that is stopped")
        return pid

    def struck(self, order: Order) -> int:
        """Gives an order, waits until it is carried out, and gives the process that did."""
        before = len(self._who_struck(order))
        self.orders.give(order)
        wait_until(lambda: len(self._who_struck(order)) > before, limit_s=60, what=f"somebody at {order.point}")
        return self._who_struck(order)[-1]

    def _who_struck(self, order: Order) -> list[int]:
        return [each.pid for each in self.orders.struck() if each.order == order]

    def thaw(self, *pids: int) -> None:
        """Lets stopped processes go on."""
        _signal([pid for pid in pids if lives(pid)], signal.SIGCONT)
        self.stopped -= set(pids)

    def overslept(self) -> int:
        """How many carries so far ended well, as they thought, when their lease was over."""
        said = "\n".join(path.read_text(encoding="utf-8") for path in self.log.parent.glob("*.log"))
        return sum(float(found["runtime_s"]) > LEASE_S for found in _CARRIED.finditer(said))

    @contextmanager
    def second_workers(self) -> Iterator[None]:
        """One more worker for each vendor, beside the installation's own."""
        with self._roles({f"worker-{target}": ("worker", "--target", target) for target in OUR_USER}):
            yield

    @contextmanager
    def scheduler_without_polls(self) -> Iterator[None]:
        """Everything is on the timetable but the pollers: those run once a day, and today's run is over."""
        self.running.halt("scheduler")
        once_a_day = {f"SIGNOFF_POLL_{name}": str(_A_DAY_S) for name in _POLLS.values()}
        with self._roles({"scheduler": ("scheduler",)}, once_a_day):
            wait_until(lambda: self.rows.have_run(_POLLS, every_s=_A_DAY_S), what="the polls of today")
            yield
        self.running.resume("scheduler")

    @contextmanager
    def _roles(
        self, commands: Mapping[str, Sequence[str]], changes: Mapping[str, str] | None = None
    ) -> Iterator[None]:
        """More roles beside the installation's, each with its words on the command line."""
        environ = {**os.environ, **self.environ, **(changes or {})}
        with ExitStack() as held:
            logs = {role: self.log.with_name(f"second-{role}.log") for role in commands}
            for role, words in commands.items():
                held.enter_context(_process(signoff_command(*words), environ, logs[role]))
            for role, log in logs.items():
                wait_until(_says(log, f"signoff {role} is ready"), limit_s=60, what=f"the second {role}")
            yield
            self.thaw(*self.stopped)

    # ---- vendors -----------------------------------------------------------------------------------------------

    def break_route(self, vendor: str, **fault: Any) -> Fault:  # noqa: ANN401 - JSON
        """Switches a fault of a sandbox on, for one request unless `times` says more."""
        made = admin(self.urls[vendor], "POST", "faults", {"times": 1, **fault})
        return Fault(base=self.urls[vendor], id=int(made["id"]))

    def requests(self, vendor: str, word: str) -> int:
        """How many requests a sandbox answered on routes with a word in them."""
        rows = admin(self.urls[vendor], "GET", "requests")["routes"]
        return sum(int(row["count"]) for row in rows if word in row["route"])

    def mend(self) -> None:
        """Takes back what a bad day did: everybody runs, nothing is broken, and Aprimo tells us again."""
        self.thaw(*self.stopped)
        for vendor in OUR_USER:
            admin(self.urls[vendor], "DELETE", "faults")
        for role in _ROLES - {"db", "models"}:
            if not self.running.is_ready(role):
                self.running.resume(role, timeout_s=60)
        # Aprimo gives up on a web app that failed it five times in a row.
        admin(self.urls["aprimo"], "POST", "webhooks/validate")


@contextmanager
def _process(argv: Sequence[str], environ: Mapping[str, str], log: Path) -> Iterator[None]:
    with log.open("w") as said:
        process = subprocess.Popen(argv, env=environ, stdout=said, stderr=said, start_new_session=True)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(timeout=30)


def _says(log: Path, text: str) -> Callable[[], bool]:
    return lambda: text in log.read_text(encoding="utf-8")


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, number)


def parent_of(pid: int) -> int:
    """The process that started another."""
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault that is switched on in a sandbox."""

    base: str
    id: int

    @property
    def hits(self) -> int:
        """How many requests it has met."""
        return sum(int(each["hits"]) for each in admin(self.base, "GET", "faults") if each["id"] == self.id)

    def await_hit(self) -> None:
        """Returns as soon as it has met a request."""
        wait_until(lambda: self.hits, limit_s=60, what="the request that is to fail")


@contextmanager
def opened(
    folder: Path, database_url: str | None, *, log_level: str = "debug", flows: str = BRIEFS
) -> Iterator[Office]:
    """An office in a folder, on SQLite unless another database is given; `overslept` needs its logs in full.

    flows: which of the shipped flows it has, as a pattern of their names.
    """
    said = {**quick_settings(folder, database_url, flows=flows), "SIGNOFF_LOG_LEVEL": log_level}
    wishes = Wishes(roles=_ROLES, **QUICK_SANDBOXES)
    with ExitStack() as held:
        log = held.enter_context((folder / "office.log").open("w", encoding="utf-8", buffering=1))

        def show(role: str, line: str) -> None:
            log.write(f"{role:<16} | {line}\n")

        running = held.enter_context(Installation.start(said, wishes=wishes, show=show))
        rows = Rows(running.settings.database_url)
        held.callback(rows.close)
        yield Office(running=running, rows=rows, log=folder / "office.log", environ={**said, **running.environ})


def quick_settings(folder: Path, database_url: str | None, *, flows: str = BRIEFS) -> dict[str, str]:
    """Settings by their environment names: sandboxes, and leases, limits and waits of seconds."""
    terms = folder / "terms"
    terms.mkdir()
    for path in PACKAGED_FLOWS.glob(f"{flows}.toml"):
        text = shortened(path.read_text(encoding="utf-8"), pace=_HOURS_A_SECOND * 3600)
        (terms / path.name).write_text(text, encoding="utf-8")
    return {
        **overrides(folder),
        FAILPOINTS_VARIABLE: str(folder / ORDERS),
        "SIGNOFF_FLOWS_DIR": str(terms),
        "SIGNOFF_OPENTEXT_AUDIT_OVERLAP_S": "5",
        "SIGNOFF_OPENTEXT_RATE_PER_S": "100",
        "SIGNOFF_OPENTEXT_BURST": "20",
        "SIGNOFF_APRIMO_BURST": "6",
        **{f"SIGNOFF_ENGINE_{name}": str(value) for name, value in _ENGINE.items()},
        **{f"SIGNOFF_POLL_{name}": str(value) for name, value in _POLLING.items()},
        **({"SIGNOFF_DATABASE_URL": database_url} if database_url else {}),
    }
