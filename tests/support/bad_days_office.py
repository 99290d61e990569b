"""A whole installation whose leases, limits and waits are seconds, and what can be done to it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError

from config.settings import PACKAGED_FLOWS
from console.demo_http import admin
from console.demo_settings import overrides, shortened
from console.embedded_plan import Wishes, signoff_command
from console.supervisor import Installation
from pipeline.store import engine
from pipeline.store.pages import SqlPages
from pipeline.store.tables import attempts, deliveries, events, lines
from tests.support.processes import lives, wait_until

LEASE_S = 7.0
LATE_FACTOR = 0.025
"""A start may take effect up to 3 s after its answer was lost, a comment 1.5 s."""

_HOURS_A_SECOND = 18
_FREEZES = 20
_CARRIED = re.compile(r'"Task signoff\.carry\S+ succeeded in (?P<runtime_s>[\d.e-]+)s')
_LOCK_LINES = select(lines.c.key).with_for_update(skip_locked=False, nowait=True)
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
}
_NEVER_POLLED = {"SIGNOFF_POLL_APRIMO_EVERY_S": "3600", "SIGNOFF_POLL_OPENTEXT_EVERY_S": "3600"} | {
    "SIGNOFF_POLL_OPENTEXT_LIST_EVERY_S": "3600"
}


@dataclass(kw_only=True)
class Office:
    """The installation of one database, for one bad day after another."""

    running: Installation
    truth: Engine
    writer: Engine
    pages: SqlPages
    log: Path
    environ: Mapping[str, str] = field(repr=False)
    stopped: set[int] = field(default_factory=set)

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

    def holder(self, subject: str) -> int | None:
        """The process that has leased an item's line; None while nobody has."""
        held = select(lines.c.leased_by).where(lines.c.key.contains(subject), lines.c.leased_until.is_not(None))
        with self.truth.connect() as connection:
            found = connection.execute(held).scalars().first()
        return int(found.rpartition(":")[2]) if found else None

    def freeze(self, *pids: int) -> None:
        """Stops processes, none of them in the middle of a transaction: its locks would stop everybody else too."""
        self.stopped |= set(pids)
        for _ in range(_FREEZES):
            _signal(pids, signal.SIGSTOP)
            if self._is_writable():
                return
            _signal(pids, signal.SIGCONT)
        raise AssertionError("whenever the processes were stopped, one of them was in a transaction")

    def thaw(self, *pids: int) -> None:
        """Lets stopped processes go on."""
        _signal([pid for pid in pids if lives(pid)], signal.SIGCONT)
        self.stopped -= set(pids)

    def overslept(self) -> int:
        """How many carries so far ended well, as they thought, when their lease was over."""
        said = "\n".join(path.read_text(encoding="utf-8") for path in self.log.parent.glob("*.log"))
        return sum(float(found["runtime_s"]) > LEASE_S for found in _CARRIED.finditer(said))

    def _is_writable(self) -> bool:
        """Whether every line could be locked now."""
        try:
            with self.writer.connect() as connection, connection.begin():
                connection.execute(_LOCK_LINES)
        except OperationalError:
            return False
        return True

    @contextmanager
    def second_workers(self) -> Iterator[None]:
        """One more worker for each vendor, beside the installation's own."""
        with ExitStack() as held:
            for target in ("aprimo", "opentext"):
                held.enter_context(self._role(f"worker-{target}", ("worker", "--target", target), {}))
            yield

    @contextmanager
    def scheduler_without_polls(self) -> Iterator[None]:
        """Everything is on the timetable but the pollers."""
        self.running.halt("scheduler")
        with self._role("scheduler", ("scheduler",), _NEVER_POLLED):
            yield
        self.running.resume("scheduler")

    @contextmanager
    def _role(self, role: str, words: Sequence[str], changes: Mapping[str, str]) -> Iterator[None]:
        said = self.log.with_name(f"second-{role}.log")
        environ = {**os.environ, **self.environ, **changes}
        argv = signoff_command(*words)
        with (
            said.open("w") as log,
            subprocess.Popen(argv, env=environ, stdout=log, stderr=log, start_new_session=True) as process,
        ):
            try:
                wait_until(lambda: f"signoff {role} is ready" in said.read_text(), limit_s=60, what=f"the {role}")
                yield
            finally:
                self.thaw(*self.stopped)
                process.terminate()
                process.wait(timeout=30)

    # ---- vendors -----------------------------------------------------------------------------------------------

    def break_route(self, vendor: str, **fault: Any) -> Fault:  # noqa: ANN401 - JSON
        """Switches a fault of a sandbox on, for one request unless `times` says more."""
        made = admin(self.urls[vendor], "POST", "faults", {"times": 1, **fault})
        return Fault(base=self.urls[vendor], id=int(made["id"]))

    def requests(self, vendor: str, word: str) -> int:
        """How many requests a sandbox answered on routes with a word in them."""
        rows = admin(self.urls[vendor], "GET", "requests")["routes"]
        return sum(int(row["count"]) for row in rows if word in row["route"])

    # ---- our own rows: figures and rest, never the verdict -------------------------------------------------------

    def counts(self) -> Counter[str]:
        """Events, and attempts by purpose and outcome (`look_up/found`), of all days so far."""
        tried = select(attempts.c.purpose, attempts.c.outcome, func.count()).group_by(
            attempts.c.purpose, attempts.c.outcome
        )
        with self.truth.connect() as connection:
            found = {f"{purpose}/{outcome}": number for purpose, outcome, number in connection.execute(tried)}
            found["events"] = connection.execute(select(func.count()).select_from(events)).scalar_one()
        return Counter(found)

    def tries(self, effect: str) -> list[str]:
        """The attempts at the deliveries whose effect key begins so, in order, as `purpose/outcome`."""
        found = (
            select(attempts.c.purpose, attempts.c.outcome)
            .join(deliveries, deliveries.c.id == attempts.c.delivery_id)
            .where(deliveries.c.effect_key.startswith(effect, autoescape=True))
            .order_by(attempts.c.started_at, attempts.c.number)
        )
        with self.truth.connect() as connection:
            return [f"{purpose}/{outcome}" for purpose, outcome in connection.execute(found)]

    def times_stored(self, dedupe_keys: Sequence[str]) -> Counter[int]:
        """How many of these keys have how many events."""
        found = select(events.c.dedupe_key, func.count()).where(events.c.dedupe_key.in_(dedupe_keys))
        with self.truth.connect() as connection:
            return Counter(number for _, number in connection.execute(found.group_by(events.c.dedupe_key)))

    def is_at_rest(self) -> bool:
        """Whether nothing is open any more."""
        return all(part.open == 0 for part in self.pages.status().flows)

    def mend(self) -> None:
        """Takes back what a bad day did: everybody runs, nothing is broken."""
        self.thaw(*self.stopped)
        for vendor in ("aprimo", "opentext"):
            admin(self.urls[vendor], "DELETE", "faults")
        for role in _ROLES - {"db", "models"}:
            if not self.running.is_ready(role):
                self.running.resume(role, timeout_s=60)


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


@contextmanager
def opened(folder: Path, database_url: str | None) -> Iterator[Office]:
    """An office in a folder, on SQLite unless another database is given."""
    said = _settings(folder, database_url)
    wishes = Wishes(
        roles=_ROLES,
        aprimo_options={"rate_per_s": 60, "webhook_retry_scale": 0.05},
        opentext_options={"rate_per_s": 400},
    )
    with ExitStack() as held:
        log = held.enter_context((folder / "office.log").open("w", encoding="utf-8", buffering=1))

        def show(role: str, line: str) -> None:
            log.write(f"{role:<16} | {line}\n")

        running = held.enter_context(Installation.start(said, wishes=wishes, show=show))
        url = running.settings.database_url
        truth, writer, pages = engine.reader(url), engine.writer(url), SqlPages(url)
        held.callback(truth.dispose)
        held.callback(writer.dispose)
        held.callback(pages.dispose)
        environ = {**said, **running.environ}
        yield Office(
            running=running,
            truth=truth,
            writer=writer,
            pages=pages,
            log=folder / "office.log",
            environ=environ,
        )


def _settings(folder: Path, database_url: str | None) -> dict[str, str]:
    flows = folder / "terms"
    flows.mkdir()
    for path in PACKAGED_FLOWS.glob("*.toml"):
        text = shortened(path.read_text(encoding="utf-8"), pace=_HOURS_A_SECOND * 3600)
        (flows / path.name).write_text(text, encoding="utf-8")
    return {
        **overrides(folder),
        "SIGNOFF_FLOWS_DIR": str(flows),
        "SIGNOFF_LOG_LEVEL": "debug",
        "SIGNOFF_OPENTEXT_AUDIT_OVERLAP_S": "5",
        "SIGNOFF_OPENTEXT_RATE_PER_S": "100",
        "SIGNOFF_OPENTEXT_BURST": "20",
        "SIGNOFF_APRIMO_BURST": "6",
        **{f"SIGNOFF_ENGINE_{name}": str(value) for name, value in _ENGINE.items()},
        **{f"SIGNOFF_POLL_{name}": str(value) for name, value in _POLLING.items()},
        **({"SIGNOFF_DATABASE_URL": database_url} if database_url else {}),
    }
