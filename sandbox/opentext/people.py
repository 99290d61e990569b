"""People who approve: a scenario says who takes which task, after how long, and what they decide and write.

What somebody will do is decided when the task begins and kept as a row, so that it survives a restart; what they
start is decided when the scenario comes. The pace shortens how long they take; the times they leave behind are real.
"""

import dataclasses
import hashlib
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sandbox.kit.alarm import Alarm
from sandbox.opentext.acts import Acts
from sandbox.opentext.engine import Engine
from sandbox.opentext.errors import Refusal
from sandbox.opentext.rows import InstanceRow, PlanRow, TaskRow, moment, stamp
from sandbox.opentext.scenario import Act, Case, Scenario, Start
from sandbox.opentext.session import Session
from sandbox.opentext.store import Work

_MODEL_POLL = timedelta(seconds=0.1)
"""How often it is looked whether the model is there of which somebody would start a process."""
_WHEN = {"after_s", "is_never", "meanwhile"}
"""What of an act is not kept with its row: it has been used when the row is made."""


class People:
    """Watches tasks begin, plans, and acts when the time has come."""

    def __init__(self, engine: Engine, acts: Acts) -> None:
        self._engine = engine
        self._store = engine.store
        self._acts = acts
        self.scenario = Scenario.read(engine.options.people)
        self._turns: Counter[str] = Counter()
        self._waiting: dict[str, datetime] = {}
        self._alarm = Alarm(engine.now)
        engine.before_commit = self.plan
        engine.after_commit = self.watch

    def replace(self, scenario: Scenario, *, pace: float | None) -> None:
        """Go on with another scenario; tasks that are open and unplanned are looked at again."""
        self.scenario = scenario
        self._engine.pace = self._engine.pace if pace is None else pace
        self._turns.clear()
        work = Work(self._store)
        for task in self._store.tasks(is_open=True):
            known = self._store.find(PlanRow, task.id)
            instance = self._store.find(InstanceRow, task.instance_id)
            if instance is not None and (known is None or known.at is None):
                self._plan_task(work, task, instance)
        self._plan_starts(work)
        self._commit(work)

    def restore(self) -> None:
        """Take up again what was planned before a restart; at the very first time, plan what people start."""
        rows = list(self._store.all(PlanRow))
        for row in rows:
            self._remember(row)
        if not any(row.does == "start" for row in rows):
            self._begin()

    def forget(self) -> None:
        """Bring back the first scenario, from its beginning."""
        self.scenario = Scenario.read(self._engine.options.people)
        self._engine.pace = self._engine.options.pace
        self._waiting.clear()
        self._turns.clear()
        self._begin()

    def plan(self, session: Session) -> None:
        """Decide who will take the tasks that begin in a command."""
        for task in session.work.changed(TaskRow):
            if task.ended_at is None and self._store.find(TaskRow, task.id) is None:
                self._plan_task(session.work, task, session.instance(task.instance_id))

    def watch(self, session: Session) -> None:
        """Wait for the time of what a command planned, now that it is committed."""
        for row in session.work.changed(PlanRow):
            self._remember(row)

    async def run(self) -> None:
        """Act whenever somebody's time has come, for ever."""
        while True:
            await self.act_due()
            await self._alarm.sleep(self._next())

    def _next(self) -> datetime | None:
        """When somebody's time comes; soon, where somebody waits for a model."""
        now = self._engine.now()
        later = [at for at in self._waiting.values() if at > now]
        if len(later) < len(self._waiting):
            later.append(now + _MODEL_POLL)
        return min(later, default=None)

    async def act_due(self) -> None:
        """Let everybody act whose time has come; who starts a process waits until its model is there."""
        now = self._engine.now()
        for row_id in [each for each, at in self._waiting.items() if at <= now]:
            row = self._store.find(PlanRow, row_id)
            if row is not None and row.does == "start" and not self._store.models(row.act["process"]):
                continue
            del self._waiting[row_id]
            if row is not None and row.result == "waits":
                self._engine.spawn(self._act(row))

    def as_json(self) -> dict[str, Any]:
        """What people did and what they wait for."""
        rows = list(self._store.all(PlanRow))
        return {
            "pace": self._engine.pace,
            "rules": len(self.scenario.rules),
            "tasks": [_shown(row, "outcome") for row in rows if row.does == "complete"],
            "changes": [_shown(row, "changes") for row in rows if row.does == "change"],
            "starts": [_shown(row, "process") for row in rows if row.does == "start"],
        }

    # ---- planning ----------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        work = Work(self._store)
        self._plan_starts(work)
        self._commit(work)

    def _plan_task(self, work: Work, task: TaskRow, instance: InstanceRow) -> None:
        case = Case.of(task, instance)
        rule = self.scenario.rule_for(case)
        if rule is None:
            return
        key = f"{rule} {case.business_key} {case.task} {case.category}"
        known = [row for row in work.changed(PlanRow) if row.does == "complete" and row.key == key]
        turn = 1 + self._turns[key] + len(known)
        act = self.scenario.rules[rule].act(turn)
        since = moment(task.created_at)
        row = PlanRow(
            id=task.id,
            does="complete",
            task_id=task.id,
            rule=rule,
            turn=turn,
            key=key,
            user=act.who.format(category=case.category.lower()),
            at=None if act.is_never else self._time(since, act, f"{key} {task.key}"),
            act=_kept(act),
            result="never" if act.is_never else "waits",
        )
        work.put(row)
        for number, change in enumerate(act.meanwhile, start=1):
            user = change.who.format(category=case.category.lower())
            at = self._time(since, change, f"{key} {task.key} {number}")
            work.put(
                replace(
                    row,
                    id=f"{task.id}/{number}",
                    does="change",
                    user=user,
                    at=at,
                    act=_kept(change),
                    result="waits",
                )
            )

    def _plan_starts(self, work: Work) -> None:
        known = sum(row.does == "start" for row in self._store.all(PlanRow))
        for number, start in enumerate(self.scenario.starts):
            key = f"start/{known + number + 1}"
            work.put(
                PlanRow(
                    id=key,
                    does="start",
                    task_id="",
                    rule=number,
                    turn=1,
                    key=key,
                    user=start.who,
                    at=self._time(self._engine.now(), start, key),
                    act=_kept(start),
                )
            )

    def _time(self, since: datetime, act: Act | Start, key: str) -> str:
        least, most = act.after_s
        chance = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) / 2**32
        wait_s = (least + (most - least) * chance) / self._engine.pace
        return stamp(since + timedelta(seconds=wait_s))

    def _commit(self, work: Work) -> None:
        work.commit()
        for row in work.changed(PlanRow):
            self._remember(row)

    def _remember(self, row: PlanRow) -> None:
        if row.does == "complete":
            self._turns[row.key] += 1
        if row.at is not None and row.result == "waits":
            self._waiting[row.id] = moment(row.at)
            self._alarm.set(self._waiting[row.id])

    # ---- acting ------------------------------------------------------------------------------------------------

    async def _act(self, row: PlanRow) -> None:
        try:
            match row.does:
                case "start":
                    await self._acts.start(row.user, Start(**row.act))
                case "change":
                    await self._acts.change(row.task_id, row.user, Act(**row.act))
                case _:
                    await self._acts.complete(row.task_id, row.user, Act(**row.act))
            result = "done"
        except Refusal as err:
            result = f"refused: {err.exception}"
        work = Work(self._store)
        work.put(replace(row, result=result))
        work.commit()


def _kept(act: Act | Start) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(act).items() if name not in _WHEN}


def _shown(row: PlanRow, *names: str) -> dict[str, Any]:
    return {
        "taskId": row.task_id,
        "rule": row.rule,
        "turn": row.turn,
        "user": row.user,
        "at": row.at,
        "comment": row.act.get("comment"),
        "result": row.result,
        **{name: row.act[name] for name in names},
    }
