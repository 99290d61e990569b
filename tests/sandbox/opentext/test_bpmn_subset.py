"""A model outside the shared subset is refused when it is deployed, with the reason."""

import pytest

from sandbox.opentext.bpmn import ModelError
from sandbox.opentext.models import compile_model
from tests.support.small_models import chain, end, flow, loop, model, start, user_task

HTTP = '<serviceTask id="call" flowable:type="http"><extensionElements>{}</extensionElements></serviceTask>'
FIELD = '<flowable:field name="{}"><flowable:string>x</flowable:string></flowable:field>'


def single(element: str, name: str) -> bytes:
    return model(start() + element + end() + chain("start", name, "end"))


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"<definitions", "not well-formed"),
        (b"<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'/>", "one executable process"),
        (single('<scriptTask id="s"/>', "s"), "element scriptTask s is outside"),
        (single('<serviceTask id="s" flowable:class="a.B"/>', "s"), "service task s must be of type http"),
        (single(HTTP.format(FIELD.format("responseVariableName")), "call"), "responseVariableName"),
        (single('<receiveTask id="r"/>', "r"), "receive task r has no message"),
        (
            single(f'<subProcess id="p">{start("q")}{end("z")}{chain("q", "z")}{loop()}</subProcess>', "p"),
            "only user tasks may loop, not p",
        ),
        (
            model(start() + '<subProcess id="p" triggeredByEvent="true"/>' + end() + chain("start", "end")),
            "event sub-process p",
        ),
        (model(start() + user_task("a") + end() + chain("start", "a")), "a leads nowhere"),
        (
            model(start() + user_task("a") + end() + end("e2") + chain("start", "a", "end") + flow("a", "e2")),
            "a has several outgoing flows",
        ),
        (
            model(
                start()
                + '<exclusiveGateway id="g"/>'
                + end()
                + end("e2")
                + chain("start", "g", "end")
                + flow("g", "e2")
            ),
            "Non-default exclusive outgoing sequence flow without condition",
        ),
        (model(start() + end() + end() + chain("start", "end")), "id end is used twice"),
        (model(start() + end() + flow("start", "nowhere")), "nowhere"),
    ],
)
def test_it_is_refused(file: bytes, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        compile_model(file, "draft")


def test_an_entity_of_a_file_is_never_read() -> None:
    file = b'<!DOCTYPE definitions [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + single(
        user_task("a", inner="<documentation>&x;</documentation>"), "a"
    )

    assert compile_model(file, "draft").document.elements["a"].documentation == ""
