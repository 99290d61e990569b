"""Reads docs/processes.md, with what the guide's example adds: what a model is started with, who answers what."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.model_walk import CALL_BACK, EXAMPLE

_PAGES = (Path(__file__).parents[2] / "docs" / "processes.md", EXAMPLE / "processes.md")
_NAME = re.compile(r"`(\w+)`")


@dataclass(frozen=True, kw_only=True)
class TaskRow:
    """One row of a table of tasks; part_of is the list that a repeated task goes through."""

    task: str
    group: str
    part_of: str
    due: str
    answers: tuple[str, ...]
    outcome: str
    leads: str

    def variables(self) -> dict[str, Any]:
        """What the task needs at the start, with sample values."""
        due = "P2D" if self.due.endswith("Term") else "2026-01-14T17:00:00Z"
        return {self.group: f"{self.task} group", self.due: due, self.leads: f"{self.task} leads"}


def documented() -> set[str]:
    """The models that the page describes."""
    return set(re.findall(r"^## `(\w+)`", _text(), re.MULTILINE))


@cache
def task_rows(model: str) -> tuple[TaskRow, ...]:
    """The tasks of a model, in the page's order."""
    rows = []
    for cells in _table(section(f"`{model}`"), "Task"):
        group, *part_of = _NAME.findall(cells[1])
        rows.append(
            TaskRow(
                task=_NAME.findall(cells[0])[0],
                group=group,
                part_of="".join(part_of),
                due=_NAME.findall(cells[2])[0],
                answers=tuple(_NAME.findall(cells[3])),
                outcome=_NAME.findall(cells[4])[0],
                leads=_NAME.findall(cells[5])[0],
            )
        )
    return tuple(rows)


def start_variables(model: str, **changes: object) -> dict[str, Any]:
    """What a model is started with, from the examples of the page."""
    found: dict[str, Any] = {}
    for part in (section("Every process"), section(f"`{model}`")):
        for names, kind, example, *_ in _table(part, "Variable"):
            value = _example(kind, example)
            found |= dict.fromkeys(_NAME.findall(names), value)
    for row in task_rows(model):
        found |= row.variables()
    assert set(changes) <= set(found), "the page does not know what is changed"
    return found | changes


def wire_variables(model: str, **changes: object) -> list[dict[str, Any]]:
    """The same as the list of a request's body."""
    return [
        {
            "name": name,
            "type": {str: "string", int: "integer"}.get(type(value), "json"),
            "value": value,
            "encryption": name == "signoffToken",
        }
        for name, value in start_variables(model, **changes).items()
    ]


def listening(**changes: object) -> dict[str, object]:
    """Changes of the start variables with which the process calls back."""
    return {"signoffCallback": CALL_BACK, **changes}


def section(title: str) -> str:
    """What the page says under a title."""
    (found,) = (part for part in _text().split("\n## ") if part.startswith(title))
    return found


def _example(kind: str, cell: str) -> object:
    text = "" if cell == "*empty*" else cell.removeprefix("`").removesuffix("`")
    return text if kind == "string" else json.loads(text)


def _table(text: str, head: str) -> Iterator[list[str]]:
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith(f"| {head} |"):
            break
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split(" | ")]


@cache
def _text() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in _PAGES)
