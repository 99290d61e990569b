"""Reads a BPMN file and refuses what the shared subset of process models does not allow.

The engine library drops every `flowable:` attribute and understands multi-instance only by a number.
So the file is read here once more: the attributes are kept beside the executable specification, keyed
by element id, and the multi-instance loops are rewritten to a cardinality before the library sees them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMN_DI = "http://www.omg.org/spec/BPMN/20100524/DI"
FLOWABLE = "http://flowable.org/bpmn"
# The mark of a rewritten loop: what follows is the text of `flowable:collection`.
SIZE_OF = "size of "

NODES = frozenset(
    {
        "startEvent",
        "endEvent",
        "userTask",
        "serviceTask",
        "receiveTask",
        "subProcess",
        "callActivity",
        "exclusiveGateway",
        "parallelGateway",
        "inclusiveGateway",
        "eventBasedGateway",
        "boundaryEvent",
        "intermediateCatchEvent",
    }
)
_DETAILS = frozenset(
    {
        "definitions",
        "process",
        "message",
        "signal",
        "error",
        "itemDefinition",
        "sequenceFlow",
        "incoming",
        "outgoing",
        "conditionExpression",
        "documentation",
        "extensionElements",
        "multiInstanceLoopCharacteristics",
        "loopCardinality",
        "completionCondition",
        "messageEventDefinition",
        "signalEventDefinition",
        "timerEventDefinition",
        "timeDuration",
        "timeDate",
        "timeCycle",
        "errorEventDefinition",
        "terminateEventDefinition",
        "textAnnotation",
        "text",
        "association",
    }
)
_HTTP_FIELDS = frozenset(
    {
        "requestMethod",
        "requestUrl",
        "requestHeaders",
        "requestSecureHeaders",
        "requestBody",
        "requestTimeout",
        "disallowRedirects",
        "ignoreException",
    }
)


class ModelError(Exception):
    """The file is not a process model that this service can run; the message says where and why."""


@dataclass(frozen=True, kw_only=True)
class Element:
    """One node of a process model, with what the engine library would have dropped."""

    id: str
    kind: str
    name: str
    scope: str
    documentation: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    attached_to: str = ""
    is_interrupting: bool = True
    event: str = ""
    event_name: str = ""
    collection: str = ""
    element_variable: str = ""
    is_loop: bool = False
    ins: tuple[tuple[str, str], ...] = ()
    outs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Document:
    """One executable process of a file: its key, its elements and the tree for the engine library."""

    key: str
    name: str
    tree: etree._Element
    elements: Mapping[str, Element]
    start_message: str
    called: frozenset[str]


def read(xml: bytes) -> Document:
    """The one executable process of a BPMN file. Raises ModelError when it is not of the subset."""
    root = _parse(xml)
    processes = [node for node in _all(root, "process") if node.get("isExecutable", "true") == "true"]
    if len(processes) != 1:
        raise ModelError(f"one executable process is expected, {len(processes)} found")
    process = processes[0]
    _refuse_foreign(root)
    names = {node.get("id", ""): node.get("name", "") for kind in ("message", "signal") for node in _all(root, kind)}
    elements = {node.get("id", ""): _element(node, names) for node in process.iter() if _kind(node) in NODES}
    flows = Counter(node.get("sourceRef", "") for node in _all(process, "sequenceFlow"))
    for node in process.iter():
        _refuse_shape(node)
        _refuse_flows(node, flows[node.get("id", "")])
    _rewrite_loops(process)
    for diagram in root.findall(f"{{{BPMN_DI}}}BPMNDiagram"):
        # Without positions the library tries the flows of a gateway in file order, as the real engine.
        root.remove(diagram)
    starts = [e for e in elements.values() if e.kind == "startEvent" and e.scope == process.get("id")]
    return Document(
        key=process.get("id", ""),
        name=process.get("name", "") or process.get("id", ""),
        tree=root,
        elements=elements,
        start_message=next((start.event_name for start in starts if start.event == "message"), ""),
        called=frozenset(node.get("calledElement", "") for node in _all(process, "callActivity")),
    )


def _parse(xml: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as err:
        raise ModelError(f"not well-formed: {err}") from err


def _refuse_foreign(root: etree._Element) -> None:
    seen: set[str] = set()
    for node in root.iter():
        kind = _kind(node)
        if kind and kind not in NODES | _DETAILS:
            raise ModelError(f"element {kind} {node.get('id', '')} is outside the shared subset")
        identifier = node.get("id") if kind in NODES | {"sequenceFlow", "process"} else None
        if identifier is not None and identifier in seen:
            raise ModelError(f"id {identifier} is used twice")
        if identifier is not None:
            seen.add(identifier)


def _refuse_shape(node: etree._Element) -> None:
    kind, identifier = _kind(node), node.get("id", "")
    if kind == "subProcess" and node.get("triggeredByEvent") == "true":
        raise ModelError(f"event sub-process {identifier} is outside the shared subset")
    if kind == "serviceTask" and node.get(f"{{{FLOWABLE}}}type") != "http":
        raise ModelError(f"service task {identifier} must be of type http")
    if kind == "serviceTask" and (unknown := set(_fields(node)) - _HTTP_FIELDS):
        raise ModelError(f"service task {identifier} has fields that are not carried out: {sorted(unknown)}")
    if kind == "receiveTask" and not node.get("messageRef"):
        raise ModelError(f"receive task {identifier} has no message")
    if kind == "multiInstanceLoopCharacteristics" and _kind(node.getparent()) != "userTask":
        raise ModelError(f"only user tasks may loop, not {_owner(node)}")


def _refuse_flows(node: etree._Element, outgoing: int) -> None:
    kind, identifier = _kind(node), node.get("id", "")
    if kind in NODES - {"endEvent"} and outgoing == 0:
        raise ModelError(f"{identifier} leads nowhere; model an end event")
    if kind in NODES and not kind.endswith("Gateway") and outgoing > 1:
        raise ModelError(f"{identifier} has several outgoing flows; use a gateway")


def _element(node: etree._Element, names: Mapping[str, str]) -> Element:
    kind = _kind(node)
    event, event_name = _event(node, names)
    loop = node.find(f"{{{BPMN}}}multiInstanceLoopCharacteristics")
    documentation = node.find(f"{{{BPMN}}}documentation")
    return Element(
        id=node.get("id", ""),
        kind=kind,
        name=node.get("name", ""),
        scope=_owner(node),
        documentation=(documentation.text or "").strip() if documentation is not None else "",
        attributes=_attributes(node),
        fields=_fields(node),
        attached_to=node.get("attachedToRef", ""),
        is_interrupting=node.get("cancelActivity", "true") == "true",
        event=event,
        event_name=event_name,
        is_loop=loop is not None,
        collection="" if loop is None else loop.get(f"{{{FLOWABLE}}}collection", ""),
        element_variable="" if loop is None else loop.get(f"{{{FLOWABLE}}}elementVariable", ""),
        ins=_parameters(node, "in"),
        outs=_parameters(node, "out"),
    )


def _event(node: etree._Element, names: Mapping[str, str]) -> tuple[str, str]:
    if _kind(node) == "receiveTask":
        # The real engine ignores its message: it waits for a trigger.
        return "", ""
    for child in node:
        kind = _kind(child)
        if kind.endswith("EventDefinition"):
            reference = child.get("messageRef") or child.get("signalRef") or ""
            return kind.removesuffix("EventDefinition"), names.get(reference, "")
    return "", ""


def _attributes(node: etree._Element) -> dict[str, str]:
    prefix = f"{{{FLOWABLE}}}"
    found = {name.removeprefix(prefix): value for name, value in _pairs(node) if name.startswith(prefix)}
    if node.get("calledElement"):
        found["calledElement"] = node.get("calledElement", "")
    return found


def _pairs(node: etree._Element) -> Iterator[tuple[str, str]]:
    for name, value in node.attrib.items():
        yield str(name), str(value)


def _fields(node: etree._Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in node.iterfind(f"{{{BPMN}}}extensionElements/{{{FLOWABLE}}}field"):
        text = item.get("stringValue") or item.get("expression")
        if text is None:
            text = "".join(child.text or "" for child in item)
        found[item.get("name", "")] = text.strip()
    return found


def _parameters(node: etree._Element, direction: str) -> tuple[tuple[str, str], ...]:
    """Pairs of what is read (an expression) and the variable that takes it."""
    found: list[tuple[str, str]] = []
    for item in node.iterfind(f"{{{BPMN}}}extensionElements/{{{FLOWABLE}}}{direction}"):
        source = item.get("sourceExpression") or f"${{{item.get('source', '')}}}"
        found.append((source, item.get("target", "")))
    return tuple(found)


def _rewrite_loops(process: etree._Element) -> None:
    for loop in list(_all(process, "multiInstanceLoopCharacteristics")):
        collection = loop.get(f"{{{FLOWABLE}}}collection")
        if collection is None:
            continue
        cardinality = etree.Element(f"{{{BPMN}}}loopCardinality")
        cardinality.text = SIZE_OF + collection
        loop.insert(0, cardinality)


def _all(root: etree._Element, kind: str) -> Iterator[etree._Element]:
    yield from root.iter(f"{{{BPMN}}}{kind}")


def _owner(node: etree._Element) -> str:
    parent = node.getparent()
    return "" if parent is None else parent.get("id", "")


def _kind(node: etree._Element | None) -> str:
    if node is None or not isinstance(node.tag, str) or not node.tag.startswith(f"{{{BPMN}}}"):
        return ""
    return node.tag.removeprefix(f"{{{BPMN}}}")
