"""Deployed process models: a file with its versions, and the program an instance of it runs.

A program is a model with the models it calls, in the versions that are the latest when an instance starts;
an instance keeps its program for life, as in the real engine.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import MultiInstanceTask
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import CallActivity, SubWorkflowTask

from sandbox.opentext import bpmn
from sandbox.opentext.bpmn import Document, Element, ModelError
from sandbox.opentext.machinery import Parser

_CALLED = "called "


@dataclass(frozen=True, kw_only=True)
class Executable:
    """One version of a model, ready to run. specs are the library's, shared by all instances."""

    definition_id: str
    document: Document
    specs: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The process key."""
        return self.document.key


@dataclass(frozen=True, kw_only=True)
class Program:
    """What an instance runs: the executable that was started first, then those it calls."""

    executables: tuple[Executable, ...]

    @property
    def main(self) -> Executable:
        """The executable that is started."""
        return self.executables[0]

    def specs(self) -> dict[str, Any]:
        """All specifications by the names under which the library looks them up."""
        found: dict[str, Any] = {}
        for executable in self.executables:
            found.update(executable.specs)
            found[_CALLED + executable.key] = executable.specs[executable.definition_id]
        return found

    def element(self, definition_id: str, element_id: str) -> Element:
        """A node of one of the executables."""
        return self.of(definition_id).document.elements[element_id]

    def of(self, definition_id: str) -> Executable:
        """The executable of a definition id."""
        return next(each for each in self.executables if each.definition_id == definition_id)

    def called(self, key: str) -> Executable:
        """The executable a call activity of this program reaches by key."""
        return next(each for each in self.executables if each.key == key)


def compile_model(xml: bytes, definition_id: str) -> Executable:
    """An executable of a BPMN file. Raises ModelError for what is not of the subset or does not hold together."""
    document = bpmn.read(xml)
    parser = Parser()
    try:
        parser.add_bpmn_xml(document.tree)
        specs = dict(_prefixed(parser, document.key, definition_id, definition_id))
    except ValidationException as err:
        raise ModelError(str(err)) from err
    for spec in specs.values():
        _connect_loops(spec)
    return Executable(definition_id=definition_id, document=document, specs=specs)


def link(main: Executable, latest: Callable[[str], Executable]) -> Program:
    """The program of an executable; latest gives the executable of a called key, or raises."""
    found = {main.key: main}
    waiting = sorted(main.document.called)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found[key] = latest(key)
            waiting.extend(found[key].document.called)
    return Program(executables=tuple(found.values()))


def _prefixed(parser: Parser, name: str, new_name: str, prefix: str) -> Iterator[tuple[str, Any]]:
    """The specification of a process and of its embedded sub-processes, under names no other model has."""
    spec = parser.get_spec(name)
    yield new_name, spec
    for task in list(spec.task_specs.values()):
        if isinstance(task, CallActivity):
            task.spec = _CALLED + task.spec
        elif isinstance(task, SubWorkflowTask):
            inner, task.spec = task.spec, f"{prefix}/{task.spec}"
            yield from _prefixed(parser, inner, task.spec, prefix)


def _connect_loops(spec: Any) -> None:  # noqa: ANN401 -- The library publishes no types.
    """Tell each loop when a round ends; the library does it only for loops that began in this process."""
    for task in spec.task_specs.values():
        if isinstance(task, MultiInstanceTask):
            ended = spec.task_specs[task.task_spec].completed_event
            if not ended.is_connected(task.merge_child):
                ended.connect(task.merge_child)
