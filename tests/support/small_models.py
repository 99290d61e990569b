"""Small process models for tests: the frame of a BPMN file round a few elements."""

import itertools

HEAD = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:flowable="http://flowable.org/bpmn" targetNamespace="https://signoff.example/tests">
  <message id="go" name="go"/><message id="remind" name="remind"/><signal id="alarm" name="alarm"/>
  <error id="refused" errorCode="REFUSED"/>
"""


def model(body: str, *, key: str = "small") -> bytes:
    """A file with one executable process round these elements."""
    return f'{HEAD}<process id="{key}" name="Small" isExecutable="true">{body}</process></definitions>'.encode()


def flow(source: str, target: str, condition: str = "", *, name: str = "") -> str:
    """A sequence flow, named after both ends."""
    inner = f"<conditionExpression><![CDATA[{condition}]]></conditionExpression>" if condition else ""
    ends = f'sourceRef="{source}" targetRef="{target}"'
    return f'<sequenceFlow id="{name or f"{source}__{target}"}" {ends}>{inner}</sequenceFlow>'


def chain(*ids: str) -> str:
    """Sequence flows from each to the next."""
    return "".join(flow(first, second) for first, second in itertools.pairwise(ids))


def start(name: str = "start", event: str = "") -> str:
    """A start event."""
    return f'<startEvent id="{name}">{event}</startEvent>'


def end(name: str = "end", event: str = "") -> str:
    """An end event."""
    return f'<endEvent id="{name}">{event}</endEvent>'


def user_task(name: str, attributes: str = "", inner: str = "") -> str:
    """A user task."""
    return f'<userTask id="{name}" name="{name}" {attributes}>{inner}</userTask>'


def boundary(name: str, host: str, event: str, *, is_interrupting: bool) -> str:
    """A boundary event."""
    cancel = "true" if is_interrupting else "false"
    return f'<boundaryEvent id="{name}" attachedToRef="{host}" cancelActivity="{cancel}">{event}</boundaryEvent>'


def catch(name: str, event: str) -> str:
    """An intermediate catch event."""
    return f'<intermediateCatchEvent id="{name}">{event}</intermediateCatchEvent>'


def loop(
    collection: str = "people", variable: str = "person", *, until: str = "", is_sequential: bool = False
) -> str:
    """Multi-instance over a collection."""
    condition = f"<completionCondition><![CDATA[{until}]]></completionCondition>" if until else ""
    way = "true" if is_sequential else "false"
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{way}" flowable:collection="{collection}" '
        f'flowable:elementVariable="{variable}">{condition}</multiInstanceLoopCharacteristics>'
    )


def message(name: str) -> str:
    """A message event definition."""
    return f'<messageEventDefinition messageRef="{name}"/>'


def signal(name: str) -> str:
    """A signal event definition."""
    return f'<signalEventDefinition signalRef="{name}"/>'


def after(duration: str) -> str:
    """A timer by duration."""
    return f"<timerEventDefinition><timeDuration>{duration}</timeDuration></timerEventDefinition>"


def at(date: str) -> str:
    """A timer by date."""
    return f"<timerEventDefinition><timeDate>{date}</timeDate></timerEventDefinition>"


def every(cycle: str) -> str:
    """A repeating timer."""
    return f"<timerEventDefinition><timeCycle>{cycle}</timeCycle></timerEventDefinition>"


def error() -> str:
    """An error event definition."""
    return '<errorEventDefinition errorRef="refused"/>'


TERMINATE = "<terminateEventDefinition/>"


TIMED = model(
    start()
    + user_task("review")
    + boundary("late", "review", after("PT1H"), is_interrupting=True)
    + user_task("lead")
    + end()
    + end("lead_end")
    + chain("start", "review", "end")
    + chain("late", "lead", "lead_end"),
    key="timed",
)
"""A review that goes to the lead after an hour."""
