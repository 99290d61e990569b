"""Whether both sandboxes agree on a brief, and with how its story must end: a comparison of what was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from console.demo_reading import Comment, Process, Seen, Task, is_started
from console.demo_scenario import Brief, Story

APPROVED = "approved"


def disagreements(brief: Brief, seen: Seen) -> tuple[str, ...]:
    """What does not fit, as sentences; () when both sides agree and the story ended as it must."""
    return (
        *_ends(brief, seen),
        *_processes(brief, seen),
        *_matrix(seen),
        *_comments(brief, seen),
        *_project(brief, seen),
        *_escalation(brief, seen),
    )


def decision_of(seen: Seen) -> str:
    """What OpenText's last process decided, from the outcomes of its reviews; "" when it decided nothing.

    The first outcome other than an approval counts; an approval needs every review of the process.
    """
    last = seen.processes[-1] if seen.processes else None
    if last is None or last.is_live or last.delete_reason:
        return ""
    reviews = [task for task in last.tasks if task.is_review]
    others = [task.outcome for task in _decided(last) if task.outcome != APPROVED]
    if others:
        return others[0]
    return APPROVED if reviews and all(task.is_decided for task in reviews) else ""


def as_json(brief: Brief, seen: Seen) -> dict[str, Any]:
    """One brief in the summary: what was expected, what each side answers, and whether they agree."""
    found = disagreements(brief, seen)
    item = seen.item
    return {
        "id": item.id,
        "name": brief.name,
        "expected": brief.story.value,
        "aprimo": {
            "state": item.state,
            "decision": item.decision,
            "message": item.message,
            "matrix": item.matrix.splitlines(),
            "comments": item.comments.splitlines(),
            "project": item.project_status,
        },
        "opentext": {"decision": decision_of(seen), "processes": [_process_json(each) for each in seen.processes]},
        "agree": not found,
        "disagreements": list(found),
    }


def _ends(brief: Brief, seen: Seen) -> Iterator[str]:
    item, end = seen.item, brief.end
    if item.state != end.state:
        yield f"Aprimo says {item.state!r}, not {end.state!r}"
    if item.decision != end.decision:
        yield f"the decision in Aprimo is {item.decision!r}, not {end.decision!r}"
    if item.decision != decision_of(seen):
        yield f"Aprimo shows {item.decision!r}, OpenText decided {decision_of(seen)!r}"
    if item.case != f"aprimo:activity:{item.id}":
        yield f"Aprimo names the case {item.case!r}"
    if not item.message:
        yield "the requester was told nothing"


def _processes(brief: Brief, seen: Seen) -> Iterator[str]:
    revisions = [each.revision for each in seen.processes]
    wanted = list(range(1, brief.end.revisions + 1))
    if revisions != wanted:
        yield f"OpenText has processes for the revisions {revisions}, not {wanted}"
    if seen.live:
        yield f"the process of revision {seen.live.revision} is still live"
    is_cut_off = brief.story in {Story.WITHDRAWN, Story.EDITED}
    if is_cut_off and seen.processes and not seen.processes[0].delete_reason:
        yield "the first process was not ended with a reason"


def _matrix(seen: Seen) -> Iterator[str]:
    """Aprimo must say of every decided review of the last revision who decided what."""
    lines = seen.item.matrix.splitlines()
    for task in _decided(seen.processes[-1]) if seen.processes else ():
        word = task.outcome.replace("_", " ")
        if not any(task.assignee in line and word in line for line in lines):
            yield f"the matrix does not say that {task.assignee} decided {word!r}"


def _comments(brief: Brief, seen: Seen) -> Iterator[str]:
    """Each comment once on the other side, whoever wrote it."""
    said = [comment for process in seen.processes for comment in process.comments]
    carried = [comment for comment in said if comment.is_carried]
    wanted = 1 if brief.remark else 0
    if len(carried) != wanted or not all(brief.remark in comment.text for comment in carried):
        yield f"the remark stands {len(carried)} times in OpenText, not {wanted}"
    shown = seen.item.comments.splitlines()
    for (author, text), times in _counted(comment for comment in said if not comment.is_carried).items():
        found = sum(author in line and text in line for line in shown)
        if found != times:
            yield f"the comment of {author} stands {found} times in Aprimo, not {times}"


def _project(brief: Brief, seen: Seen) -> Iterator[str]:
    if brief.has_project and not is_started(seen.item.project_status):
        yield f"the project is {seen.item.project_status!r}, not started"


def _escalation(brief: Brief, seen: Seen) -> Iterator[str]:
    if brief.story is not Story.ESCALATED or not seen.processes:
        return
    tasks = seen.processes[-1].tasks
    leads = [task for task in tasks if task.key == f"{brief.slow}_lead"]
    if len(leads) != 1:
        yield f"the lead of {brief.slow} got {len(leads)} tasks, not 1"
        return
    review = next((task for task in tasks if task.key == brief.slow), None)
    if review is None or review.ended_at is None or review.ended_at < leads[0].created_at:
        yield "the overdue review was not decided after the lead was told"


def _decided(process: Process) -> list[Task]:
    """The decided reviews of a process, in the order of their decisions."""
    reviews = [
        (task.ended_at, task) for task in process.tasks if task.is_review and task.is_decided and task.ended_at
    ]
    return [task for _, task in sorted(reviews, key=lambda pair: pair[0])]


def _counted(comments: Iterator[Comment]) -> Counter[tuple[str, str]]:
    return Counter((comment.author, comment.text) for comment in comments)


def _process_json(process: Process) -> dict[str, Any]:
    return {
        "id": process.id,
        "revision": process.revision,
        "is_live": process.is_live,
        "delete_reason": process.delete_reason,
        "outcomes": {
            f"{task.key} {task.category}".strip(): f"{task.outcome} by {task.assignee}" for task in _decided(process)
        },
        "leads": [task.key for task in process.tasks if not task.is_review],
    }
