"""The call-back of a finished review: after the commit, or before it as the real engine does."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.opentext_caller import OpenTextCaller, soon
from tests.support.sandbox_process import running
from tests.support.small_models import chain, end, model, start, user_task
from tests.support.webhook_receiver import WebhookReceiver, receiving


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with receiving() as found:
        yield found


def test_it_arrives_after_the_review_with_its_token(opentext: OpenTextCaller, receiver: WebhookReceiver) -> None:
    instance = opentext.begin(signoffCallback=receiver.url)

    opentext.complete(opentext.tasks(instance)["legal"])

    received = receiver.wait_for(lambda messages: len(messages) == 1)[0]
    assert received.headers["authorization"] == "Bearer one-time-token"
    assert received.headers["content-type"] == "application/json"
    data = json.loads(received.body)["data"]
    assert (data["processInstanceId"], data["outcome"]) == (instance, "approved")
    soon(lambda: opentext.sandbox("GET", "callbacks") == {"answered: 200": 1})


def test_a_refused_or_lost_call_back_changes_nothing(opentext: OpenTextCaller, receiver: WebhookReceiver) -> None:
    receiver.statuses.append(503)
    refused = opentext.begin(signoffCallback=receiver.url)
    lost = opentext.begin(signoffCallback="http://127.0.0.1:9/nobody")

    for instance in (refused, lost):
        opentext.complete(opentext.tasks(instance)["legal"])

    soon(lambda: opentext.sandbox("GET", "callbacks") == {"refused: 503": 1, "failed: ConnectionError": 1})
    assert "legal" not in opentext.tasks(refused)


@contextmanager
def strict(folder: Path, xml: bytes | None = None) -> Iterator[OpenTextCaller]:
    with running("opentext", folder, rate_per_s=50_000, callback_before_commit=True) as server:
        caller = OpenTextCaller(server.base)
        caller.deploy(*([xml] if xml else []))
        yield caller
        caller.close()


def in_background(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_before_the_commit_readers_still_see_the_old_state(tmp_path: Path, receiver: WebhookReceiver) -> None:
    receiver.answer_after_s = 1.0
    with strict(tmp_path) as opentext:
        instance = opentext.begin(signoffCallback=receiver.url)
        other = OpenTextCaller(opentext.base)
        task = opentext.tasks(instance)["legal"]
        before = len(opentext.audit("task"))

        working = in_background(lambda: other.complete(task))
        old = []
        while working.is_alive():
            old.append(("legal" in opentext.tasks(instance), len(opentext.audit("task"))))
        working.join()
        other.close()

        assert len(receiver.received) == 1
        assert (True, before) in old
        assert "legal" not in opentext.tasks(instance)
        assert len(opentext.audit("task")) == before + 1


def test_commands_on_one_instance_wait_for_each_other(tmp_path: Path, receiver: WebhookReceiver) -> None:
    receiver.answer_after_s = 0.3
    with strict(tmp_path) as opentext:
        instance = opentext.begin(signoffCallback=receiver.url)
        task = opentext.tasks(instance)["legal"]
        statuses: list[int] = []

        def complete() -> None:
            caller = OpenTextCaller(opentext.base)
            body = {"action": "complete", "outcome": "approved"}
            statuses.append(caller.workflow("POST", f"tasks/{task['id']}", body).status_code)
            caller.close()

        threads = [in_background(complete) for _ in range(3)]
        for thread in threads:
            thread.join()

        assert sorted(statuses) == [200, 404, 404]
        assert len(receiver.received) == 1


def test_a_failure_that_the_model_does_not_ignore_undoes_the_command(
    tmp_path: Path, receiver: WebhookReceiver
) -> None:
    fields = (
        '<flowable:field name="requestMethod" stringValue="POST"/>'
        f'<flowable:field name="requestUrl" stringValue="{receiver.url}"/>'
    )
    task = (
        f'<serviceTask id="tell" flowable:type="http"><extensionElements>{fields}</extensionElements></serviceTask>'
    )
    xml = model(start() + user_task("work") + task + end() + chain("start", "work", "tell", "end"))
    receiver.statuses.append(500)
    with strict(tmp_path, xml) as opentext:
        started = opentext.workflow("POST", "process-instances", {"processDefinitionKey": "small"}).json()
        path = f"tasks/{opentext.tasks(started['id'])['work']['id']}"

        failed = opentext.workflow("POST", path, {"action": "complete"})
        again = opentext.workflow("POST", path, {"action": "complete"})

        assert (failed.status_code, failed.json()["exception"]) == (500, "HTTP task tell: refused: 500")
        assert again.status_code == 200
        assert opentext.rows("process-instances") == []
