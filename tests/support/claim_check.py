"""The guide's example as a flow of the house, and lives of a claim on its rules alone."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from unittest.mock import patch

from docs.examples.claim_check import claim_check, ownership_rows
from pipeline import ownership
from pipeline.commands import StartProcess
from pipeline.events import Event
from pipeline.flows.reading import read_words
from pipeline.flows.registry import FLOWS
from pipeline.flows.tenant import FlowWords
from pipeline.keys import aprimo_key, line_key
from pipeline.plan import Link, TaskRead
from pipeline.words import JsonValue, Side
from tests.support import briefs
from tests.support.flow_world import FlowWorld
from tests.support.model_walk import EXAMPLE

FLOW = claim_check.NAME
KEY = aprimo_key("activity", 5012)


@contextmanager
def added() -> Iterator[None]:
    """The line of the registry and the rows of the ownership table, as the guide adds them."""
    tables: list[tuple[Mapping[str, object], object]] = [(FLOWS, claim_check)]
    tables += [(getattr(ownership, name), getattr(ownership_rows, name)) for name in ("FIELDS", "STATES", "ACTS")]
    with ExitStack() as held:
        for table, row in tables:
            held.enter_context(patch.dict(table, {FLOW: row}))
        yield


@cache
def words() -> FlowWords:
    """The words of the example's file."""
    return read_words(FLOW, tomllib.loads((EXAMPLE / f"{FLOW}.toml").read_text(encoding="utf-8")))


def event(side: Side = Side.APRIMO, kind: str = "", **changes: object) -> Event:
    """A look at one side of the claim; `kind` names another type."""
    return briefs.event(side, kind, **{"flow": FLOW, "line_key": line_key(FLOW, KEY), **changes})


@dataclass(kw_only=True)
class World(FlowWorld):
    """One claim's life. unfounded: approvals that were written although legal had approved no such thing."""

    WORDS = staticmethod(words)
    EVENT = staticmethod(event)

    link: Link = field(default_factory=lambda: Link(id=None, flow=FLOW, business_key=KEY))
    values: dict[str, JsonValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.values |= {"name": "Oat drink", "claim": "Half the sugar", "owner": briefs.OWNER, "type_id": 18}
        self.put("draft")

    def put(self, state: str) -> None:
        """Somebody puts the claim into a state; "" is one nobody named."""
        self.edit(state=state, state_id=self.words.states.get(state, 8), state_name=state or "On hold")

    def answer(self, outcome: str) -> None:
        """Legal answers, and the process ends."""
        self.now += timedelta(minutes=1)
        live = self.live()
        if live is None:
            return
        tasks = tuple(
            replace(each, outcome=outcome, ended_at=self.now, assignee="legal@x.test") for each in live.tasks
        )
        self.keep(replace(live, tasks=tasks, ended_at=self.now))

    def first_tasks(self, command: StartProcess, instance: str) -> tuple[TaskRead, ...]:
        """Legal's review."""
        due_at = self.now + timedelta(days=2)
        return (TaskRead(task_id=f"{instance}/legal", definition_key="legal", opened_at=self.now, due_at=due_at),)

    def check(self, name: str, value: JsonValue, stood: JsonValue) -> None:
        """Approved is only what legal approved, and what still stands there."""
        row = self.link.live_process()
        process = self.processes.get(row.instance_id or "") if row else None
        answers = [task.outcome for task in process.tasks] if process and not process.delete_reason else []
        is_shown = process is not None and process.variables["claimText"] == self.values["claim"]
        is_founded = answers == ["approved"] and is_shown and stood not in {"draft", "withdrawn", ""}
        is_news = (name, value) in {("state", "approved"), ("decision", "approved")}
        if is_news and self.link.agreed_value(name) != value and not is_founded:
            self.unfounded.append(f"{name} in revision {self.link.revision}")
