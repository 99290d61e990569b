"""People who approve: a scenario says who takes which task, after how long, and what they decide and write.

They claim, comment and complete through the same commands as a caller of the HTTP interface. What somebody
will do is decided when the task begins and kept as a row, so that it survives a restart. The pace shortens
how long they take; the times they leave behind are real.
"""

import asyncio
import hashlib
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sandbox.kit import origin
from sandbox.kit.origin import Origin
from sandbox.opentext.engine import Engine
from sandbox.opentext.errors import Refusal
from sandbox.opentext.processes import Processes
from sandbox.opentext.rows import InstanceRow, PlanRow, TaskRow, moment, stamp
from sandbox.opentext.scenario import Act, Case, Scenario
from sandbox.opentext.session import Session
from sandbox.opentext.store import Work
from sandbox.opentext.tasks import Tasks

_POLL_S = 0.02


class People:
    """Watches tasks begin, plans, and acts when the time has come."""

    def __init__(self, engine: Engine, tasks: Tasks, processes: Processes) -> None:
        self._engine = engine
        self._store = engine.store
        self._tasks = tasks
        self._processes = processes
        self.scenario = Scenario.read(engine.options.people)
        self._turns: Counter[str] = Counter()
        self._waiting: dict[str, datetime] = {}
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
        work.commit()
        for row in work.changed(PlanRow):
            self._remember(row)

    def restore(self) -> None:
        """Take up again what was planned before a restart."""
        for row in self._store.all(PlanRow):
            self._remember(row)

    def forget(self) -> None:
        """Bring back the first scenario; nobody waits for anything."""
        self.scenario = Scenario.read(self._engine.options.people)
        self._engine.pace = self._engine.options.pace
        self._waiting.clear()
        self._turns.clear()

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
            await asyncio.sleep(_POLL_S)

    async def act_due(self) -> None:
        """Let everybody act whose time has come."""
        now = self._engine.now()
        for task_id in [each for each, at in self._waiting.items() if at <= now]:
            del self._waiting[task_id]
            row = self._store.find(PlanRow, task_id)
            if row is not None and row.result == "waits":
                self._engine.spawn(self._act(row))

    async def decide(self, task_id: str, user: str, outcome: str | None, comment: str | None) -> None:
        """Claim, comment on and complete a task as somebody, now. Raises Refusal."""
        with origin.acting(Origin(actor=user, method="PEOPLE", route="people")):
            task = self._tasks.open_task(task_id)
            await self._tasks.claim(task_id, user, user)
            if comment:
                await self._processes.add_task_comment(task_id, task.instance_id, user, {"message": comment})
            await self._tasks.complete(task_id, user, {} if outcome is None else {"outcome": outcome})

    def as_json(self) -> dict[str, Any]:
        """What people did and what they wait for."""
        return {
            "pace": self._engine.pace,
            "rules": len(self.scenario.rules),
            "tasks": [
                {
                    "taskId": row.id,
                    "rule": row.rule,
                    "turn": row.turn,
                    "user": row.user,
                    "at": row.at,
                    "outcome": row.outcome,
                    "comment": row.comment,
                    "result": row.result,
                }
                for row in self._store.all(PlanRow)
            ],
        }

    def _plan_task(self, work: Work, task: TaskRow, instance: InstanceRow) -> None:
        case = Case.of(task, instance)
        rule = self.scenario.rule_for(case)
        if rule is None:
            return
        key = f"{rule} {case.business_key} {case.task} {case.category}"
        turn = 1 + self._turns[key] + sum(row.key == key for row in work.changed(PlanRow))
        act = self.scenario.rules[rule].act(turn)
        row = PlanRow(
            id=task.id,
            rule=rule,
            turn=turn,
            key=key,
            user=act.who.format(category=case.category.lower()),
            at=self._time(task, act, key),
            outcome=act.outcome,
            comment=act.comment,
            result="never" if act.is_never else "waits",
        )
        work.put(row)

    def _time(self, task: TaskRow, act: Act, key: str) -> str | None:
        if act.is_never:
            return None
        least, most = act.after_s
        chance = int.from_bytes(hashlib.sha256(f"{key} {task.key}".encode()).digest()[:4]) / 2**32
        wait_s = (least + (most - least) * chance) / self._engine.pace
        return stamp(moment(task.created_at) + timedelta(seconds=wait_s))

    def _remember(self, row: PlanRow) -> None:
        self._turns[row.key] += 1
        if row.at is not None and row.result == "waits":
            self._waiting[row.id] = moment(row.at)

    async def _act(self, row: PlanRow) -> None:
        try:
            await self.decide(row.id, row.user, row.outcome, row.comment)
            result = "done"
        except Refusal as err:
            result = f"refused: {err.exception}"
        work = Work(self._store)
        work.put(replace(row, result=result))
        work.commit()
