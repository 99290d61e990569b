"""What the flow that plans every kind works on: things in Aprimo, and what a command needs to find there."""

from __future__ import annotations

from datetime import datetime

from pipeline.keys import aprimo_key
from pipeline.plan import ProcessRead, TaskRead
from pipeline.words import InstanceId
from tests.simulation.spots import MODEL, THING, Spot
from tests.support.memory.aprimo import MemoryAprimo
from tests.support.memory.opentext import MemoryOpenText


def prepare(aprimo: MemoryAprimo, opentext: MemoryOpenText, kind: str, spot: Spot) -> None:
    """The objects that a command at a spot works on."""
    things, number = aprimo.things, str(spot.number)
    match kind:
        case "pm.project_verb":
            things["project", number] = {"status": "not started"}
        case "pm.commitment_verb":
            things["commitment", number] = {"commitmentStatus": 2, "totalAmount": "12.00"}
        case "pm.task_verb":
            things["task", number] = {"status": "in progress", "userId": None}
        case "dam.remove_from_collection":
            things["collection", f"collection-{spot.item}"]["records"].append(f"old-{number}")
        case "dam.public_link" | "dam.order":
            things["file-version", f"file-{number}"] = {"checks": []}
        case "dam.drop_public_link":
            things["public-link", f"link-{number}"] = {"version": number, "rendition": "web", "uri": ""}
        case "ot.end_process":
            opentext.keep(_process(f"instance-{number}", spot.item, opentext.now))
        case "ot.complete_task":
            process = opentext.processes[spot.instance]
            task = TaskRead(task_id=f"done-{number}", definition_key="done", opened_at=opentext.now)
            opentext.keep(_with_task(process, task))


def furnish(aprimo: MemoryAprimo, opentext: MemoryOpenText, item: int) -> None:
    """What belongs to an item from the start."""
    things = aprimo.things
    things[THING, str(item)] = {"version": 0, "wanted": {}, "guard": "0", "modified": aprimo.now}
    things["asset", f"{item}/1"] = {"annotations": []}
    things["project", str(item)] = {"status": "in progress"}
    things["record", f"record-{item}"] = {"status": "draft", "classifications": [], "versions": []}
    things["file-version", f"file-{item}"] = {"checks": []}
    things["collection", f"collection-{item}"] = {"records": []}
    process = _process(f"instance-of-{item}", item, opentext.now)
    task = TaskRead(task_id=f"changed-{item}", definition_key="changed", opened_at=opentext.now)
    opentext.keep(_with_task(process, task))


def _process(instance_id: str, item: int, now: datetime) -> ProcessRead:
    return ProcessRead(
        instance_id=InstanceId(instance_id),
        process_key=MODEL,
        business_key=aprimo_key(THING, item),
        started_at=now,
    )


def _with_task(process: ProcessRead, task: TaskRead) -> ProcessRead:
    return ProcessRead(**{**vars(process), "tasks": (*process.tasks, task)})
