"""A whole installation but for Celery: both sandboxes over HTTP, the real store, adapters and web intake.

The steps are worked off here, one message after another, so that a test says what people do and then sees what both
systems show. Nothing sleeps for luck: `rest` works until nobody has anything more to tell, `until` waits for a
condition.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from celery import Celery

from config.settings import PACKAGED_FLOWS, PACKAGED_PROCESSES, Settings, load
from console.web.app import Parts, assemble
from pipeline import intake, polling, sweep, watch, windows
from pipeline.carry import carry
from pipeline.ports import Hint
from pipeline.settle import settle
from pipeline.store.pages import SqlPages
from pipeline.transform import transform
from pipeline.words import Step
from tasks.wiring import Wiring
from tests.support.aprimo_caller import AprimoCaller
from tests.support.aprimo_dam import DamCaller
from tests.support.fakes import FakeWaker
from tests.support.opentext_caller import OpenTextCaller
from tests.support.premises import Premises
from tests.support.states import States
from tests.support.vendor_parts import bounds
from tests.support.vendor_sandbox import Sandbox

LIMIT_S = 60.0
"""Other tests may have the machine first."""
PAUSE_S = 0.02
SECRET = "acceptance-secret"


@dataclass
class PatientWaker(FakeWaker):
    """A queue whose messages come when their countdown is over, as the broker's do."""

    waiting: list[tuple[float, Hint]] = field(default_factory=list)

    def wake(self, hints: Sequence[Hint]) -> None:
        self.waiting += [(time.monotonic() + hint.wait_s, hint) for hint in hints]

    def next(self) -> Hint | None:
        """The first message whose time has come."""
        now = time.monotonic()
        for entry in tuple(self.waiting):
            if entry[0] <= now:
                self.waiting.remove(entry)
                return entry[1]
        return None


@dataclass(kw_only=True)
class Desk:
    """One installation and everybody who works with it.

    aprimo and dam: a marketer at Aprimo's public API. opentext: somebody at OpenText's. made: the product's parts.
    """

    aprimo: AprimoCaller
    dam: DamCaller
    opentext: OpenTextCaller
    aprimo_sandbox: Sandbox
    opentext_sandbox: Sandbox
    made: Wiring
    waker: PatientWaker
    states: States

    # ---- the product works -----------------------------------------------------------------------------------------

    def rest(self) -> None:
        """Work until nothing is to be done, and neither system has anything more to tell."""
        self.until(lambda: not self._is_told_more())

    def until(self, condition: Callable[[], object], *, limit_s: float = LIMIT_S) -> None:
        """Work, and wait for what is told over HTTP, until the condition holds; fails after a while."""
        give_up_at = time.monotonic() + limit_s
        while True:
            is_busy = self._work()
            if not is_busy and condition():
                return
            assert time.monotonic() < give_up_at, (
                f"waited in vain; events {self.states.events()}, waits {self.states.waits()}"
            )
            if not is_busy:
                time.sleep(PAUSE_S)

    def poll(self) -> None:
        """Both pollers and the list poll run once; then everything is worked off.

        Up to the next whole second: `modifiedDate` has no fractions, and a window leaves out its end.
        """
        made, told = self.made, self.made.settings
        with patch.object(windows, "LAG_S", -1.0):
            polling.poll_aprimo(
                made.aprimo.feed, made.routes, overlap_s=told.polling.aprimo_overlap_s, ports=made.ports
            )
            polling.poll_opentext(
                made.opentext.feed, made.routes, overlap_s=told.opentext.audit_overlap_s, ports=made.ports
            )
        polling.poll_opentext_lists(made.opentext.feed, made.routes, ports=made.ports)
        self.rest()

    def tick(self) -> None:
        """The timetable's watches run once; then everything is worked off."""
        for each in watch.WATCHES:
            watch.look(each, self.made.ports)
        self.rest()

    def mute_aprimo(self) -> None:
        """Aprimo calls nobody any more: only the poller learns of changes."""
        self.aprimo_sandbox.admin("PUT", "webhooks", {"enabled": False})
        self.aprimo_sandbox.admin("PUT", "rules", {"enabled": False})

    # ---- people ----------------------------------------------------------------------------------------------------

    def instance(self, process_key: str, business_key: str) -> str:
        """The running instance of an item; there must be one."""
        rows = self.opentext.rows("process-instances", processDefinitionKey=process_key, businessKey=business_key)
        assert len(rows) == 1, rows
        return str(rows[0]["id"])

    def running(self, process_key: str) -> list[dict[str, Any]]:
        """The running instances of a model."""
        return self.opentext.rows("process-instances", processDefinitionKey=process_key)

    def decide(self, task: Mapping[str, Any], who: str, outcome: str, comment: str = "", **more: object) -> None:
        """Somebody claims a task and completes it with an answer and a comment."""
        act = {
            "taskId": task["id"],
            "user": who,
            "outcome": outcome,
            **({"comment": comment} if comment else {}),
            **more,
        }
        self.opentext_sandbox.admin("POST", "people/decide", act)

    def changes(self, what: str) -> list[dict[str, Any]]:
        """Changes of an object in either system by our own users, oldest first."""
        found = [*self.aprimo_sandbox.changes(what), *self.opentext_sandbox.changes(what)]
        return [each for each in found if str(each["actor"]) in {"91", "user:91", "signoff.integration@example.test"}]

    # ---- parts -----------------------------------------------------------------------------------------------------

    def _work(self) -> bool:
        """Work one message off; whether there was one."""
        hint = self.waker.next()
        if hint is None:
            sweep.sweep(self.made.ports)
            hint = self.waker.next()
        if hint is not None:
            self._chain(hint)
        return hint is not None

    def _chain(self, hint: Hint) -> None:
        ids, ports = list(hint.event_ids), self.made.ports
        if hint.step is Step.TRANSFORM:
            ids = transform(ids, lane_name=hint.lane, ports=ports)
        if hint.step is not Step.SETTLE:
            ids = carry(ids, lane_name=hint.lane, ports=ports)
        settle(ids, lane_name=hint.lane, ports=ports)

    def _is_told_more(self) -> bool:
        callouts = self.aprimo_sandbox.admin("GET", "webhooks")["deliveries"]
        calls = self.aprimo_sandbox.admin("GET", "rules")["calls"]
        is_waiting = any(each["state"] == "waiting" for each in (*callouts, *calls))
        is_called_back = "under way" in self.opentext_sandbox.admin("GET", "callbacks")
        return is_waiting or is_called_back or self.states.is_busy(within_s=LIMIT_S)


@contextmanager
def opened(
    folder: Path,
    premises: Premises,
    aprimo: Sandbox,
    opentext: Sandbox,
    changes: Mapping[str, Callable[[str], str]] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    only: str = "*",
) -> Iterator[Desk]:
    """An installation on fresh sandboxes and a fresh database.

    changes: flow -> what to make of its shipped TOML file. environ: further settings, without their prefix. only: the
    one flow that is there; all of them where it is left out.
    """
    premises.clear()
    _copy_flows(folder / "flows", only, changes or {})
    settings = _settings(folder, premises, aprimo.base, opentext.base, more=environ or {})
    made, waker = Wiring(settings, Celery("acceptance", set_as_current=False)), PatientWaker()
    vars(made).update(redis=premises.redis, waker=waker, store=premises.store)
    with premises.showing(assemble(settings, _web_parts(made, premises.pages))):
        for key in dict.fromkeys(words.process_key for words in made.words.values()):
            made.opentext.client.deploy(key, (PACKAGED_PROCESSES / f"{key}.bpmn").read_bytes(), "", bounds())
        for what, hook in (("webhooks", "pm"), ("rules", "dam")):
            told = {"url": f"{premises.base}/hooks/aprimo/{hook}", "secret": SECRET, "enabled": True}
            aprimo.admin("PUT", what, told)
        marketer, reviewer = AprimoCaller(aprimo.base, client_id="marketer-88"), OpenTextCaller(opentext.base)
        yield Desk(
            aprimo=marketer,
            dam=DamCaller(marketer),
            opentext=reviewer,
            aprimo_sandbox=aprimo,
            opentext_sandbox=opentext,
            made=made,
            waker=waker,
            states=States(premises.looking),
        )
        marketer.close()
        reviewer.close()


def _copy_flows(flows: Path, only: str, changes: Mapping[str, Callable[[str], str]]) -> None:
    flows.mkdir(parents=True)
    for path in PACKAGED_FLOWS.glob(f"{only}.toml"):
        document = path.read_text(encoding="utf-8")
        (flows / path.name).write_text(changes.get(path.stem, str)(document), encoding="utf-8")


def _settings(
    folder: Path,
    premises: Premises,
    aprimo: str,
    opentext: str,
    *,
    more: Mapping[str, str],
) -> Settings:
    environ = {
        "DATA_DIR": str(folder),
        "DATABASE_URL": premises.database_url,
        "FLOWS_DIR": str(folder / "flows"),
        "BROKER_URL": "redis://127.0.0.1:1/0",
        **{f"APRIMO_{name}_URL": aprimo for name in ("AUTH", "PM", "DAM", "UPLOAD")},
        "APRIMO_CLIENT_ID": "signoff",
        "APRIMO_CLIENT_SECRET": "sandbox-secret",
        "APRIMO_WEBHOOK_SECRETS": SECRET,
        "OPENTEXT_URL": opentext,
        "OPENTEXT_TENANT_ID": "sandbox",
        "OPENTEXT_CLIENT_ID": "signoff",
        "OPENTEXT_CLIENT_SECRET": "sandbox-secret",
        "OPENTEXT_CALLBACK_SECRETS": SECRET,
        "OPENTEXT_CALLBACK_SETTLE_S": "0.05",
        "WEB_PUBLIC_URL": premises.base,
        "ENGINE_RETRY_BASE_S": "0.1",
        "ENGINE_LATE_FACTOR": "0.01",
        **more,
    }
    settings = load({f"SIGNOFF_{name}": value for name, value in environ.items()})
    # A real tenant would not bear this; here no test is to wait for a budget.
    plenty = {"rate_per_s": 10_000.0, "burst": 10_000}
    return replace(settings, aprimo=replace(settings.aprimo, **plenty), opentext=replace(settings.opentext, **plenty))


def _web_parts(made: Wiring, pages: SqlPages) -> Parts:
    ports = made.ports

    def accept(readings: Any) -> intake.Accepted:  # noqa: ANN401 - The committer's own values.
        return intake.accept(readings, store=ports.store, new_id=ports.new_id, limits=ports.limits)

    return Parts(
        routes=made.routes,
        accept=accept,
        publish=ports.waker.wake,
        pages=pages,
        store=ports.store,
        queues=dict,
        calls=tuple,
    )
