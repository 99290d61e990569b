"""The one place that joins settings, ports and Celery: everything else is handed values."""

from __future__ import annotations

import os
import random
import secrets
import socket
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from celery import Celery
from redis import Redis

from config.settings import Settings
from pipeline.backoff import RetryPolicy
from pipeline.flows.reading import read_words
from pipeline.flows.registry import bind_all
from pipeline.flows.tenant import FlowWords, Policy
from pipeline.ports import FlowPort, Gate, Limits, Ports, Tx, Vendor
from pipeline.ports.inventory import Inventory
from pipeline.routes import Routes
from pipeline.store import SqlStore
from pipeline.walk import Terms
from pipeline.words import GateKind, Side
from tasks import vendors
from tasks.bulkhead import Bulkhead
from tasks.progress import StoredProgress
from tasks.waker import CeleryWaker


class Wiring:
    """One process's parts, each made when it is first asked for. Nothing of it may cross a fork."""

    def __init__(self, settings: Settings, app: Celery, bulkhead: Bulkhead | None = None) -> None:
        """bulkhead: what the processes of a worker share; one of its own for a process that is alone."""
        self.settings = settings
        self.app = app
        self.bulkhead = bulkhead or _bulkhead(settings)

    @cached_property
    def store(self) -> SqlStore:
        """The truth."""
        return SqlStore(self.settings.database_url)

    @cached_property
    def redis(self) -> Redis:
        """Budgets, breakers and queue lengths; the same server as the broker."""
        options = self.app.conf.broker_transport_options
        return Redis.from_url(
            str(self.settings.broker_url),
            socket_timeout=options["socket_timeout"],
            socket_connect_timeout=options["socket_connect_timeout"],
            health_check_interval=options["health_check_interval"],
        )

    @cached_property
    def waker(self) -> CeleryWaker:
        """The queue."""
        return CeleryWaker(self.app, self.redis)

    @cached_property
    def words(self) -> Mapping[str, FlowWords]:
        """Each flow's words, with what the installation adds. Raises WordsError for a faulty file."""
        return {path.stem: self._words_of(path.stem, path.read_bytes()) for path in _flow_files(self.settings)}

    @cached_property
    def flows(self) -> Mapping[str, FlowPort]:
        """Each flow with its words bound."""
        return bind_all(self.words)

    @cached_property
    def routes(self) -> Routes:
        """Which flows a notice concerns."""
        return Routes.of(self.words.values())

    @cached_property
    def aprimo(self) -> vendors.Aprimo:
        """Aprimo: vendor and feed."""
        progress = StoredProgress(self.store)
        return vendors.aprimo(self.settings, self.words, self.redis, progress=progress, on_open=self._close_gate)

    @cached_property
    def opentext(self) -> vendors.OpenText:
        """OpenText: vendor and feed."""
        return vendors.opentext(self.settings, self.words, self.redis, on_open=self._close_gate)

    @cached_property
    def inventory(self) -> Inventory:
        """Both systems' lists, for reconciliation."""
        return Inventory(items=self.aprimo.items, processes=self.opentext.processes)

    @cached_property
    def reconciling(self) -> Terms:
        """What the timetable's runs of reconciliation may do."""
        figures = self.settings.reconciliation
        return Terms(
            heals=frozenset({Policy.AUTOMATIC}) if figures.heals else frozenset(),
            overlap_s=figures.overlap_s,
        )

    def vendor(self, side: Side) -> Vendor:
        """The vendor of a side."""
        return self.aprimo.vendor if side is Side.APRIMO else self.opentext.vendor

    @cached_property
    def limits(self) -> Limits:
        """The figures that steps keep to."""
        return limits_of(self.settings)

    @cached_property
    def ports(self) -> Ports:
        """Everything a use case is handed."""
        return Ports(
            store=self.store,
            vendors={side: self.vendor(side) for side in Side},
            waker=self.waker,
            flows=self.flows,
            limits=self.limits,
            me=f"{socket.gethostname()}:{os.getpid()}",
            new_id=new_id,
            chance=random.random,
            monotonic=time.monotonic,
            bulkhead=self.bulkhead,
        )

    def _words_of(self, flow: str, document: bytes) -> FlowWords:
        public_url = (self.settings.web.public_url or "").rstrip("/")
        is_called_back = public_url and self.settings.opentext.callback_secrets
        return replace(
            read_words(flow, tomllib.loads(document.decode())),
            call_back_url=f"{public_url}/hooks/opentext" if is_called_back else "",
            automations=frozenset(self.settings.aprimo.automation_users),
        )

    def _close_gate(self, scope: str, until: datetime, reason: str) -> None:
        """An open breaker holds its lines in SQL too, so that no worker claims them for nothing."""
        gate = Gate(scope=scope, kind=GateKind.BREAKER, until=until, reason=reason, by="signoff")

        def close(tx: Tx) -> None:
            tx.ledger.close_gate(gate)

        self.store.run(close)


@dataclass(kw_only=True)
class _Installed:
    """What `install` left for this process and its children."""

    settings: Settings
    app: Celery
    bulkhead: Bulkhead
    made: Wiring | None = None
    pid: int = 0


_installed: list[_Installed] = []


def install(settings: Settings, app: Celery) -> None:
    """Say what the tasks of this process work with; nothing is opened yet."""
    _installed[:] = [_Installed(settings=settings, app=app, bulkhead=_bulkhead(settings))]


def current() -> Wiring:
    """This process's wiring, made anew after a fork. Raises RuntimeError before `install`."""
    if not _installed:
        raise RuntimeError("tasks.app.create was not called in this process")
    installed = _installed[0]
    if installed.made is None or installed.pid != os.getpid():
        installed.made = Wiring(installed.settings, installed.app, installed.bulkhead)
        installed.pid = os.getpid()
    return installed.made


def limits_of(settings: Settings) -> Limits:
    """The engine's settings as the figures of the use cases."""
    engine = settings.engine
    return Limits(
        batch_lines=engine.batch_lines,
        lease_s=engine.lease_s,
        call_deadline_s=engine.call_deadline_s,
        no_new_call_after_s=engine.no_new_call_after_s,
        countdown_max_s=engine.countdown_max_s,
        budget_wait_max_s=engine.budget_wait_max_s,
        rehint_after_s=engine.rehint_after_s,
        late_factor=engine.late_factor,
        stale_max=engine.stale_max,
        crash_max=engine.crash_max,
        call_threads=engine.call_threads,
        queue_mark=engine.queue_mark,
        replays_per_s=engine.replays_per_s,
        retry=RetryPolicy(tries=engine.retry_tries, base_s=engine.retry_base_s, cap_s=engine.retry_cap_s),
    )


def new_id(prefix: str) -> str:
    """An id that sorts by time: prefix, milliseconds since the epoch and 40 random bits, in hex."""
    return f"{prefix}-{int(time.time() * 1000):012x}{secrets.token_hex(5)}"


def _bulkhead(settings: Settings) -> Bulkhead:
    """One process of a worker always has time for its own vendor; a worker of one process has no choice."""
    return Bulkhead(max(1, settings.engine.worker_concurrency - 1))


def _flow_files(settings: Settings) -> list[Path]:
    return sorted(settings.flows_dir.glob("*.toml"))
