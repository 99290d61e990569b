"""Briefs as both sandboxes answer them at the end of a story, for tests of the demo's verdict."""

from datetime import UTC, datetime, timedelta

from console.demo_reading import Comment, Item, Process, Seen, Task
from console.demo_scenario import Brief, Story

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
WHO = {"brand": "brand.one@example.test", "legal": "legal.one@example.test", "finance": "finance.one@example.test"}


def a_brief(story: Story = Story.APPROVED, **values: object) -> Brief:
    """A brief without regions."""
    said = {"name": "B01 Winter launch", "marketer": "marketer-88", "budget": "8000.00", **values}
    return Brief(story=story, **said)  # type: ignore[arg-type]  # Tests name fields by keyword.


def a_task(key: str, outcome: str = "approved", *, minute: int = 5, **values: object) -> Task:
    """A decided review."""
    said = {
        "id": f"task-{key}",
        "category": "",
        "assignee": WHO.get(key, ""),
        "created_at": NOON,
        "ended_at": NOON + timedelta(minutes=minute),
        **values,
    }
    return Task(key=key, outcome=outcome, **said)  # type: ignore[arg-type]  # As above.


def a_process(*tasks: Task, revision: int = 1, comments: tuple[Comment, ...] = (), **values: object) -> Process:
    """An ended process."""
    said = {"id": f"process-{revision}", "started_at": NOON, "ended_at": NOON + timedelta(hours=1), **values}
    return Process(revision=revision, tasks=tasks, comments=comments, **said)  # type: ignore[arg-type]  # As above.


def three_approvals() -> tuple[Task, ...]:
    """Brand, legal and finance have approved."""
    return tuple(a_task(key) for key in WHO)


def an_item(matrix: tuple[str, ...] | None = None, **values: object) -> Item:
    """An approved brief in Aprimo, its matrix naming the three fixed reviewers."""
    lines = tuple(f"{key.title()} · approved · {who} · 2026-01-12 12:05" for key, who in WHO.items())
    said = {
        "id": 5012,
        "state": "In production",
        "case": "aprimo:activity:5012",
        "decision": "approved",
        "message": "Approved.",
        "matrix": "\n".join(("Revision 1 · approved · times in UTC", *(lines if matrix is None else matrix))),
        **values,
    }
    return Item(**said)  # type: ignore[arg-type]  # As above.


def an_approved_brief() -> Seen:
    """Both sides after the plainest story."""
    return Seen(item=an_item(), processes=(a_process(*three_approvals()),))
