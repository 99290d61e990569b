"""Looks at a BPMN file and at runs of it: elements, diagram, and which sequence flows were taken."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree
from SpiffWorkflow.task import TaskState

from sandbox.opentext.bpmn import BPMN, BPMN_DI
from sandbox.opentext.machine import Machine

DC = "http://www.omg.org/spec/DD/20100524/DC"
DD = "http://www.omg.org/spec/DD/20100524/DI"


@dataclass(frozen=True, kw_only=True)
class Box:
    """The bounds of a shape."""

    x: float
    y: float
    width: float
    height: float

    def holds(self, other: "Box") -> bool:
        """Whether another box lies inside."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.x + other.width <= self.x + self.width
            and other.y + other.height <= self.y + self.height
        )

    def meets(self, other: "Box") -> bool:
        """Whether two boxes have any area in common."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )

    def touches(self, x: float, y: float) -> bool:
        """Whether a point lies on the box's edge or inside, give or take two units."""
        return self.x - 2 <= x <= self.x + self.width + 2 and self.y - 2 <= y <= self.y + self.height + 2


class ModelFile:
    """One BPMN file."""

    def __init__(self, path: Path) -> None:
        self.xml = path.read_bytes()
        self.root = etree.fromstring(self.xml)
        self.by_id: dict[str, Any] = {node.get("id"): node for node in self.root.iter() if node.get("id")}

    def ids(self) -> list[str]:
        """Every id, as often as it is used."""
        return [node.get("id", "") for node in self.root.iter() if node.get("id")]

    def kinds(self) -> set[str]:
        """The names of all BPMN elements used."""
        return {self.kind(node) for node in self.root.iter(f"{{{BPMN}}}*")}

    def nodes(self) -> Iterator[Any]:
        """Every element of the process that stands in the diagram and is no flow."""
        for node in self.root.iterfind(f".//{{{BPMN}}}process//{{{BPMN}}}*"):
            if self.kind(node).endswith(("Event", "Task", "Gateway", "subProcess", "callActivity")):
                yield node

    def flows(self) -> list[Any]:
        """Every sequence flow."""
        return list(self.root.iterfind(f".//{{{BPMN}}}sequenceFlow"))

    def all(self, kind: str) -> list[Any]:
        """Every element of a name."""
        return list(self.root.iterfind(f".//{{{BPMN}}}{kind}"))

    def boxes(self) -> dict[str, Box]:
        """The bounds in the diagram by element id."""
        return {
            shape.get("bpmnElement", ""): Box(
                **{name: float(bounds.get(name, "nan")) for name in ("x", "y", "width", "height")}
            )
            for shape in self.root.iterfind(f".//{{{BPMN_DI}}}BPMNShape")
            if (bounds := shape.find(f"{{{DC}}}Bounds")) is not None
        }

    def lines(self) -> dict[str, list[tuple[float, float]]]:
        """The points of the lines in the diagram by flow id."""
        return {
            edge.get("bpmnElement", ""): [
                (float(point.get("x", "nan")), float(point.get("y", "nan")))
                for point in edge.iterfind(f"{{{DD}}}waypoint")
            ]
            for edge in self.root.iterfind(f".//{{{BPMN_DI}}}BPMNEdge")
        }

    @staticmethod
    def kind(node: Any) -> str:  # noqa: ANN401 -- An element of the XML library.
        """The name of an element without its namespace."""
        return str(etree.QName(node).localname)


def taken_flows(machine: Machine) -> set[tuple[str, str]]:
    """The sequence flows that tokens took, as source and target."""
    taken = set()
    for task in machine._workflow.get_tasks():
        target = task.task_spec.bpmn_id
        if target is None or task.has_state(TaskState.PREDICTED_MASK | TaskState.FUTURE) or task.triggered:
            continue
        before = task.parent
        while before is not None and before.task_spec.bpmn_id is None:
            before = before.parent
        if before is not None and before.has_state(TaskState.COMPLETED):
            taken.add((before.task_spec.bpmn_id, target))
    return taken
