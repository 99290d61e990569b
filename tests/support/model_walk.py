"""Walks a process model from its start to an end: who answers what, who is late, and which variables come with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.opentext.bpmn import Element
from tests.support.machine_host import ROOT, RunningProcess

_ROOT = Path(__file__).parents[2]
FOLDER = _ROOT / "config" / "processes"
EXAMPLE = _ROOT / "docs" / "examples" / "claim_check"
_PATHS = {path.stem: path for path in sorted([*FOLDER.glob("*.bpmn"), *EXAMPLE.glob("*.bpmn")])}
MODELS = sorted(_PATHS)
"""Those that are deployed, and that of the guide's example: it is held to the same."""
CALL_BACK = "https://signoff.example.test/hooks/opentext"
_MOST_TASKS = 60


@dataclass(frozen=True, kw_only=True)
class Story:
    """What people do in one run of a model. Who is not named gives the first answer that the model offers.

    answers: per task, the first time, the second, ...; the last one goes for all later times.
    writes: the variables that people set when they complete a task.
    is_late: every task is overdue once, and its lead answers before it is done.
    """

    start: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    writes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    is_late: bool = False
    message: tuple[str, str] | None = None
    """An event and the message it gets before anybody answers."""


def path_of(model: str) -> Path:
    """Where a model stands."""
    return _PATHS[model]


def begin(model: str, variables: Mapping[str, Any]) -> RunningProcess:
    """A process of the model, run to its first rest."""
    return RunningProcess.of(path_of(model).read_bytes(), variables=variables).started()


def answer(run: RunningProcess, task: str, outcome: str, number: int = 0, **written: object) -> None:
    """Complete a task with an answer, as a person does."""
    run.complete(task, number, **{element(run, task).attributes["outcomevariable"]: outcome}, **written)


def overdue(run: RunningProcess, task: str) -> None:
    """Let a task be late: its timer fires, or it gets the message `escalate`."""
    event = element(run, f"escalate_{task}")
    if event.event == "timer":
        run.pass_time(days=30)
    else:
        assert run.deliver(event.id, "escalate")


def element(run: RunningProcess, name: str) -> Element:
    """An element of the run's model."""
    return run.program.main.document.elements[name]


def walk(model: str, variables: Mapping[str, Any], story: Story) -> RunningProcess:
    """Tell a story to its end. Fails when the process does not end."""
    run = begin(model, {**variables, **story.start})
    if story.message is not None:
        assert run.deliver(*story.message)
    late: set[str] = set()
    times: dict[str, int] = {}
    for _ in range(_MOST_TASKS):
        if run.machine.is_ended:
            return run
        task = next(name for name in run.open_tasks() if not name.endswith("_lead"))
        if story.is_late and task not in late and f"escalate_{task}" in run.waiting():
            late.add(task)
            overdue(run, task)
            run.complete(f"{task}_lead")
        said = story.answers.get(task) or [first_answer(element(run, task))]
        turn = times.get(task, 0)
        times[task] = turn + 1
        answer(run, task, said[min(turn, len(said) - 1)], **story.writes.get(task, {}))
    raise AssertionError(f"{model} does not end; it waits at {sorted(run.waiting())}")


def first_answer(task: Element) -> str:
    """The first outcome that a task offers."""
    return task.attributes["possibleoutcomes"].split(",")[0].split(":")[1]


def value(run: RunningProcess, name: str) -> object:
    """A variable of the process as it stands."""
    return run.values[ROOT][name]
