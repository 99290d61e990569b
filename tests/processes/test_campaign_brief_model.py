"""campaignBrief.bpmn is valid, stays within the shared subset, has a readable diagram, and uses the agreed words."""

from pathlib import Path

import pytest
import SpiffWorkflow.bpmn.parser
from lxml import etree

from sandbox.opentext.bpmn import FLOWABLE, NODES, Element
from sandbox.opentext.models import compile_model
from tests.support.campaign_brief import FILE
from tests.support.process_model import ModelFile

REVIEWS = ("brand", "legal", "finance", "regional")
OUTCOMES = "Approve:approved,Reject:rejected,Request changes:changes_requested"
SCHEMA = Path(SpiffWorkflow.bpmn.parser.__file__).parent / "schema" / "BPMN20.xsd"


@pytest.fixture(scope="module")
def model() -> ModelFile:
    return ModelFile(FILE)


@pytest.fixture(scope="module")
def elements(model: ModelFile) -> dict[str, Element]:
    return dict(compile_model(model.xml, "campaignBrief:1:test").document.elements)


def test_the_file_follows_the_schema_of_bpmn(model: ModelFile) -> None:
    schema = etree.XMLSchema(etree.parse(SCHEMA))

    assert schema.validate(model.root), schema.error_log


def test_every_id_is_used_once(model: ModelFile) -> None:
    ids = model.ids()

    assert sorted(ids) == sorted(set(ids))


def test_only_elements_of_the_shared_subset_are_used(elements: dict[str, Element]) -> None:
    assert {element.kind for element in elements.values()} <= NODES
    assert [element.id for element in elements.values() if element.kind == "serviceTask"] == [
        f"{review}_call_back" for review in REVIEWS
    ]


def test_every_flow_of_a_choice_has_a_condition_or_is_the_default(model: ModelFile) -> None:
    bare = []
    for gateway in model.all("exclusiveGateway"):
        for flow in model.flows():
            if flow.get("sourceRef") == gateway.get("id") and flow.get("id") != gateway.get("default"):
                bare += [flow.get("id")] * (flow.find("{*}conditionExpression") is None)

    assert bare == []


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


def test_everything_leads_on_to_an_end(model: ModelFile) -> None:
    sources = {flow.get("sourceRef") for flow in model.flows()}
    targets = {flow.get("targetRef") for flow in model.flows()}
    nodes = {node.get("id"): model.kind(node) for node in model.nodes()}

    assert {kind for name, kind in nodes.items() if name not in sources} == {"endEvent"}
    assert {kind for name, kind in nodes.items() if name not in targets} == {"startEvent", "boundaryEvent"}


def test_every_element_and_every_flow_stands_in_the_diagram(model: ModelFile) -> None:
    assert set(model.boxes()) == {node.get("id") for node in model.nodes()}
    assert set(model.lines()) == {flow.get("id") for flow in model.flows()}


def test_the_diagram_can_be_read(model: ModelFile) -> None:
    """Inside stands inside, nothing covers its neighbour, and lines end at what they join."""
    boxes = model.boxes()
    wrong = []
    for node in model.nodes():
        owner = node.getparent().get("id")
        name = node.get("id")
        if owner in boxes and model.kind(node) != "boundaryEvent" and not boxes[owner].holds(boxes[name]):
            wrong.append(f"{name} is outside {owner}")
        wrong += [
            f"{name} covers {other.get('id')}"
            for other in node.itersiblings()
            if other.get("id") in boxes
            and boxes[name].meets(boxes[other.get("id")])
            and "boundaryEvent" not in {model.kind(node), model.kind(other)}
        ]
    for flow in model.flows():
        line = model.lines()[flow.get("id")]
        if not boxes[flow.get("sourceRef")].touches(*line[0]) or not boxes[flow.get("targetRef")].touches(*line[-1]):
            wrong.append(f"{flow.get('id')} ends in the air")

    assert wrong == []


def test_a_boundary_event_sits_on_its_host(model: ModelFile) -> None:
    boxes = model.boxes()

    for event in model.all("boundaryEvent"):
        box, host = boxes[event.get("id")], boxes[event.get("attachedToRef")]
        assert box.meets(host)
        assert not host.holds(box)


@pytest.mark.parametrize("review", REVIEWS)
def test_a_review_says_who_decides_what_until_when(elements: dict[str, Element], review: str) -> None:
    attributes = elements[review].attributes

    assert attributes["outcomevariable"] == f"{review}Outcome"
    assert attributes["possibleoutcomes"] == OUTCOMES
    assert attributes["tasktype"] == "approval"
    assert attributes["dueDate"] == f"${{{review}Due}}"
    assert elements[f"{review}_lead"].attributes["candidateGroups"] == f"${{{review}Leads}}"


@pytest.mark.parametrize("review", REVIEWS)
def test_the_escalation_is_a_message_that_does_not_interrupt(elements: dict[str, Element], review: str) -> None:
    event = elements[f"escalate_{review}"]

    assert (event.attached_to, event.is_interrupting) == (review, False)
    assert (event.event, event.event_name) == ("message", "escalate")


def test_regions_loop_over_the_variable_regions(elements: dict[str, Element]) -> None:
    assert (elements["regional"].collection, elements["regional"].element_variable) == ("regions", "region")
    assert elements["regional_lead"].attributes["category"] == "${escalatedRegion}"


def test_the_secret_of_the_call_back_is_in_a_header_only(model: ModelFile) -> None:
    fields = [
        field for field in model.root.iter(f"{{{FLOWABLE}}}field") if "signoffToken" in "".join(field.itertext())
    ]

    assert {field.get("name") for field in fields} == {"requestSecureHeaders"}
    assert len(fields) == len(REVIEWS)
