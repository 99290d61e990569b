"""With a data folder the state survives `kill -9`: tokens, timers, people, history."""

from pathlib import Path
from typing import Any

from tests.support.opentext_caller import OpenTextCaller, embedded, soon
from tests.support.sandbox_process import running
from tests.support.small_models import TIMED

RULE = {"when": {"task": "finance"}, "who": "finance.one@example.test", "after_s": 3600, "outcome": "approved"}


def facts(opentext: OpenTextCaller, instance: str) -> dict[str, Any]:
    return {
        "tasks": opentext.historic_tasks(instance, includeTaskLocalVariables="true", includeTaskComments="true"),
        "instances": embedded(opentext.history("historic-process-instances", includeProcessVariables="true")),
        "executions": opentext.rows("process-instances/executions", processInstanceId=instance),
        "audit": [opentext.audit(stream) for stream in ("process", "task", "activity")],
        "models": opentext.rows("runtime/models"),
        "history": opentext.sandbox("GET", "history"),
        "people": opentext.sandbox("GET", "people")["tasks"],
    }


def test_nothing_that_was_answered_is_lost_and_all_goes_on(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "rate_per_s": 50_000,
        "data_dir": str(tmp_path / "data"),
        "people": {"rules": [RULE]},
        "pace": 3600,
    }
    with running("opentext", tmp_path, **{**options, "pace": 1}) as server:
        opentext = OpenTextCaller(server.base)
        opentext.deploy()
        opentext.deploy(TIMED)
        timed = opentext.workflow("POST", "process-instances", {"processDefinitionKey": "timed"}).json()["id"]
        instance = opentext.begin()
        execution = opentext.execution(instance, "escalate_brand")
        escalate = {"action": "messageEventReceived", "messageName": "escalate"}
        opentext.workflow("PUT", f"process-instances/executions/{execution}", escalate)
        opentext.workflow("POST", f"process-instances/{instance}/comments", {"message": "kept"})
        opentext.complete(opentext.tasks(instance)["legal"])
        before = facts(opentext, instance)
        opentext.close()
        server.process.kill()
        server.process.wait()

    with running("opentext", tmp_path, **options) as server:
        opentext = OpenTextCaller(server.base)
        assert facts(opentext, instance) == before

        opentext.workflow("PUT", f"process-instances/executions/{execution}", escalate)
        for name in ("brand", "finance", "regional DACH", "regional Nordics"):
            opentext.complete(opentext.tasks(instance)[name])

        ended = opentext.history(f"historic-process-instances/{instance}").json()
        assert (ended["deleteReason"], ended["endTime"] is not None) == (None, True)
        assert "review" in opentext.tasks(timed)
        opentext.close()


def test_timers_and_people_go_on_after_a_restart(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "rate_per_s": 50_000,
        "data_dir": str(tmp_path / "data"),
        "people": {"rules": [RULE]},
        "pace": 3600,
    }
    with running("opentext", tmp_path, **options) as server:
        opentext = OpenTextCaller(server.base)
        opentext.deploy()
        opentext.deploy(TIMED)
        timed = opentext.workflow("POST", "process-instances", {"processDefinitionKey": "timed"}).json()["id"]
        instance = opentext.begin()
        opentext.close()
        server.process.kill()
        server.process.wait()

    with running("opentext", tmp_path, **options) as server:
        opentext = OpenTextCaller(server.base)
        soon(lambda: "lead" in opentext.tasks(timed))
        soon(lambda: "finance" not in opentext.tasks(instance))

        review = opentext.historic_tasks(timed)["review"]
        assert review["deleteReason"] == "boundary event (late)"
        opentext.close()
