"""What makes a process model sound beyond its schema. Every check gives the faults it finds, by element id."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise, product
from typing import Any

from sandbox.opentext.juel import evaluate
from tests.support.process_model import Box, ModelFile

_COMPARED = re.compile(r'(\w+) [!=]= "([^"]*)"')
_SIZED = re.compile(r"(\w+)\.size\(\)")
_SEARCHED = re.compile(r'(\w+)\.contains\("([^"]*)"\)')
_SOMETHING_ELSE = "something else"

Point = tuple[float, float]


def incomplete_choices(model: ModelFile) -> list[str]:
    """Choices where no flow may be open: each needs a default, and a condition on every other flow."""
    faults = []
    for gateway, flows in _choices(model):
        default = gateway.get("default")
        if default is None:
            faults.append(f"{gateway.get('id')} has no default")
        for flow in flows:
            has_condition = flow.find("{*}conditionExpression") is not None
            if has_condition == (flow.get("id") == default):
                faults.append(f"{flow.get('id')} {'has' if has_condition else 'lacks'} a condition")
    return faults


def overlapping_conditions(model: ModelFile) -> list[str]:
    """Pairs of flows of one exclusive choice that some values open together."""
    faults = []
    for gateway, flows in _choices(model):
        conditions = {flow.get("id"): text for flow in flows if (text := flow.findtext("{*}conditionExpression"))}
        if model.kind(gateway) != "exclusiveGateway":
            continue
        for values in _assignments(" ".join(conditions.values())):
            opened = [name for name, text in conditions.items() if evaluate(text, values)]
            faults += [f"{first} and {second}" for first, second in combinations(opened, 2)]
    return sorted(set(faults))


def never_open(model: ModelFile) -> list[str]:
    """Conditions that no values open."""
    faults = []
    for _, flows in _choices(model):
        for flow in flows:
            text = flow.findtext("{*}conditionExpression")
            if text and not any(evaluate(text, values) for values in _assignments(text)):
                faults.append(flow.get("id"))
    return faults


def dead_ends(model: ModelFile) -> list[str]:
    """Elements from which no end can be reached inside their scope."""
    onward = {node.get("id"): set[str]() for node in model.nodes()}
    for flow in model.flows():
        onward[flow.get("sourceRef")].add(flow.get("targetRef"))
    ends = {node.get("id") for node in model.all("endEvent")}
    return sorted(name for name in onward if not ends & _reached(onward, {name}))


def unreachable(model: ModelFile) -> list[str]:
    """Elements that no start of their scope leads to."""
    onward = {node.get("id"): set[str]() for node in model.nodes()}
    for flow in model.flows():
        onward[flow.get("sourceRef")].add(flow.get("targetRef"))
    for event in model.all("boundaryEvent"):
        onward[event.get("attachedToRef")].add(event.get("id"))
    return sorted(set(onward) - _reached(onward, {node.get("id") for node in model.all("startEvent")}))


def lines_through_elements(model: ModelFile) -> list[str]:
    """Lines of the diagram that run through an element which they do not join and do not stand in."""
    boxes = model.boxes()
    faults = []
    for flow in model.flows():
        around = {parent.get("id") for parent in flow.iterancestors()}
        others = set(boxes) - around - {flow.get("sourceRef"), flow.get("targetRef")}
        points = model.lines()[flow.get("id")]
        faults += [
            f"{flow.get('id')} runs through {name}"
            for name in sorted(others)
            if any(_crosses(boxes[name], *ends) for ends in pairwise(points))
        ]
    return faults


def named_variables(model: ModelFile) -> set[str]:
    """Every variable that an expression of the model names."""
    found: set[str] = set()
    for expression in re.findall(r"\$\{([^}]*)\}", model.xml.decode()):
        bare = re.sub(r"&quot;.*?&quot;|\"[^\"]*\"", "", expression)
        found |= set(re.findall(r"(?<![.\w])[A-Za-z_]\w*", bare))
    return found - {"execution", "loopCounter", "amp", "gt"}


def _choices(model: ModelFile) -> Iterator[tuple[Any, list[Any]]]:
    for kind in ("exclusiveGateway", "inclusiveGateway"):
        for gateway in model.all(kind):
            flows = [flow for flow in model.flows() if flow.get("sourceRef") == gateway.get("id")]
            if len(flows) > 1:
                yield gateway, flows


def _assignments(text: str) -> Iterator[Mapping[str, object]]:
    """Values for the variables of conditions: each literal they are compared with, and something else."""
    domains: dict[str, set[str]] = {}
    for name, literal in (*_COMPARED.findall(text), *_SEARCHED.findall(text)):
        domains.setdefault(name, {_SOMETHING_ELSE, ""}).add(literal)
    choices: dict[str, Sequence[object]] = {name: sorted(words) for name, words in domains.items()}
    choices |= {name: ([], [_SOMETHING_ELSE]) for name in _SIZED.findall(text)}
    for values in product(*choices.values()):
        yield dict(zip(choices, values, strict=True))


def _reached(onward: Mapping[str, set[str]], begin: set[str]) -> set[str]:
    found = set(begin)
    fresh = set(begin)
    while fresh:
        fresh = set().union(*(onward[name] for name in fresh)) - found
        found |= fresh
    return found


def _crosses(box: Box, begin: Point, end: Point) -> bool:
    """Whether a horizontal or vertical line has a piece strictly inside a box."""
    (left, right), (top, bottom) = sorted((begin[0], end[0])), sorted((begin[1], end[1]))
    return left < box.x + box.width and right > box.x and top < box.y + box.height and bottom > box.y
