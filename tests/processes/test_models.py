"""Every process model that is deployed is valid, stays within the shared subset, and can be read."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import SpiffWorkflow.bpmn.parser
from lxml import etree

from sandbox.opentext.bpmn import FLOWABLE, NODES, Element
from sandbox.opentext.models import compile_model
from tests.support import model_lint
from tests.support.model_walk import MODELS, path_of
from tests.support.process_model import ModelFile

SCHEMA = Path(SpiffWorkflow.bpmn.parser.__file__).parent / "schema" / "BPMN20.xsd"
# Their tasks have a fixed term, so a timer may escalate them; everywhere else a date can move.
FIXED_TERMS = {"budgetException": {"manager", "director", "cfo", "second"}}


@pytest.fixture(scope="module", params=MODELS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def model(name: str) -> ModelFile:
    return ModelFile(path_of(name))


@pytest.fixture(scope="module")
def elements(name: str, model: ModelFile) -> Mapping[str, Element]:
    executable = compile_model(model.xml, f"{name}:1:test")
    assert executable.key == name
    return executable.document.elements


def tasks(elements: Mapping[str, Element]) -> list[Element]:
    """The user tasks that are somebody's work, without those that only tell a lead."""
    return [each for each in elements.values() if each.kind == "userTask" and not each.id.endswith("_lead")]


def test_the_file_follows_the_schema_of_bpmn(model: ModelFile) -> None:
    schema = etree.XMLSchema(etree.parse(SCHEMA))

    assert schema.validate(model.root), schema.error_log


def test_every_id_is_used_once(model: ModelFile) -> None:
    ids = model.ids()

    assert sorted(ids) == sorted(set(ids))


def test_only_elements_of_the_shared_subset_are_used(elements: Mapping[str, Element]) -> None:
    assert {element.kind for element in elements.values()} <= NODES


def test_a_choice_always_has_a_way_on(model: ModelFile) -> None:
    assert model_lint.incomplete_choices(model) == []


def test_of_a_choice_one_way_is_open_at_most(model: ModelFile) -> None:
    assert model_lint.overlapping_conditions(model) == []


def test_every_condition_can_come_true(model: ModelFile) -> None:
    assert model_lint.never_open(model) == []


def test_between_two_elements_there_is_one_flow_at_most(model: ModelFile) -> None:
    ends = [(flow.get("sourceRef"), flow.get("targetRef")) for flow in model.flows()]

    assert sorted(ends) == sorted(set(ends))


def test_every_flow_is_named_at_both_its_ends(model: ModelFile) -> None:
    told = {
        (model.kind(part), part.text, node.get("id"))
        for node in model.nodes()
        for part in (*node.findall("{*}incoming"), *node.findall("{*}outgoing"))
    }
    meant = {("outgoing", flow.get("id"), flow.get("sourceRef")) for flow in model.flows()}
    meant |= {("incoming", flow.get("id"), flow.get("targetRef")) for flow in model.flows()}

    assert told == meant


def test_every_path_ends(model: ModelFile) -> None:
    assert model_lint.dead_ends(model) == []


def test_everything_can_be_reached(model: ModelFile) -> None:
    assert model_lint.unreachable(model) == []


def test_every_element_and_every_flow_stands_in_the_diagram(model: ModelFile) -> None:
    assert set(model.boxes()) == {node.get("id") for node in model.nodes()}
    assert set(model.lines()) == {flow.get("id") for flow in model.flows()}


def test_in_the_diagram_inside_stands_inside_and_nothing_covers_its_neighbour(model: ModelFile) -> None:
    boxes = model.boxes()
    wrong = []
    for node in model.nodes():
        if model.kind(node) == "boundaryEvent":
            continue
        owner, name = node.getparent().get("id"), node.get("id")
        if owner in boxes and not boxes[owner].holds(boxes[name]):
            wrong.append(f"{name} is outside {owner}")
        wrong += [
            f"{name} covers {other.get('id')}"
            for other in node.itersiblings()
            if other.get("id") in boxes
            and boxes[name].meets(boxes[other.get("id")])
            and model.kind(other) != "boundaryEvent"
        ]

    assert wrong == []


def test_in_the_diagram_lines_end_at_what_they_join(model: ModelFile) -> None:
    boxes, lines = model.boxes(), model.lines()

    assert [
        flow.get("id")
        for flow in model.flows()
        if not boxes[flow.get("sourceRef")].touches(*lines[flow.get("id")][0])
        or not boxes[flow.get("targetRef")].touches(*lines[flow.get("id")][-1])
    ] == []


def test_in_the_diagram_no_line_runs_through_an_element(model: ModelFile) -> None:
    assert model_lint.lines_through_elements(model) == []


def test_a_boundary_event_sits_on_its_host(model: ModelFile) -> None:
    boxes = model.boxes()

    for event in model.all("boundaryEvent"):
        box, host = boxes[event.get("id")], boxes[event.get("attachedToRef")]
        assert box.meets(host)
        assert not host.holds(box)


def test_a_task_says_who_answers_what_and_where_the_answer_is_kept(elements: Mapping[str, Element]) -> None:
    for task in tasks(elements):
        words = task.id.split("_")
        camel = words[0] + "".join(word.capitalize() for word in words[1:])
        assert task.attributes["outcomevariable"] == f"{camel}Outcome"
        assert task.attributes["tasktype"] == "approval"
        assert all(":" in each for each in task.attributes["possibleoutcomes"].split(","))
        assert task.attributes["candidateGroups"].startswith(f"${{{camel}")


def test_every_task_that_is_overdue_can_be_escalated_to_a_lead(name: str, elements: Mapping[str, Element]) -> None:
    fixed = FIXED_TERMS.get(name, set())
    for task in tasks(elements):
        event = elements[f"escalate_{task.id}"]
        assert (event.attached_to, event.is_interrupting) == (task.id, False)
        if task.id in fixed:
            assert (event.event, "dueDate" in task.attributes) == ("timer", False)
        else:
            assert (event.event, event.event_name, "dueDate" in task.attributes) == ("message", "escalate", True)
        assert elements[f"{task.id}_lead"].attributes["candidateGroups"].endswith("Leads}")


def test_who_is_repeated_says_for_what(elements: Mapping[str, Element]) -> None:
    for task in (each for each in tasks(elements) if each.is_loop):
        assert task.attributes["category"] == f"${{{task.collection}[loopCounter]}}"
        lead = elements[f"{task.id}_lead"].attributes["category"]
        assert lead == f"${{escalated{task.element_variable.capitalize()}}}"


def test_every_task_calls_back_and_only_if_somebody_listens(name: str, model: ModelFile) -> None:
    calls = [node.get("id") for node in model.all("serviceTask")]

    assert calls == [
        f"{node.get('id')}_call_back" for node in model.all("userTask") if not node.get("id").endswith("_lead")
    ]
    for call in calls:
        (flow,) = (each for each in model.flows() if each.get("targetRef") == call)
        assert flow.findtext("{*}conditionExpression") == '${signoffCallback != ""}'
        assert f'"source":"workflow/{name}"' in "".join(model.by_id[call].itertext())


def test_the_secret_of_the_call_back_is_in_a_header_only(model: ModelFile) -> None:
    told = [
        field.get("name")
        for field in model.root.iter(f"{{{FLOWABLE}}}field")
        if "signoffToken" in "".join(field.itertext())
    ]

    assert told == ["requestSecureHeaders"] * len(model.all("serviceTask"))
    assert model.xml.count(b"signoffToken") == len(told)
