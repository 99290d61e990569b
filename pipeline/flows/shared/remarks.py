"""Comments, both ways, once each: OpenText's are rows and one text in Aprimo, Aprimo's go out from the notes line.

A comment that we carried to OpenText bears our marker, and is never carried back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.flows.shared.values import minute
from pipeline.keys import COMMENT_MARK
from pipeline.plan import CommentRow, ProcessRead
from pipeline.words import Side


def with_read(known: Sequence[CommentRow], process: ProcessRead) -> tuple[CommentRow, ...]:
    """The rows we knew, and those for what the process's comments and its tasks' comments say besides."""
    rows = {(row.origin, row.origin_id): row for row in known}
    for row in _read(process):
        before = rows.get((row.origin, row.origin_id))
        if before is None or before.text != row.text:
            rows[row.origin, row.origin_id] = row
    return tuple(rows.values())


def changed(rows: Iterable[CommentRow], before: Iterable[CommentRow]) -> tuple[CommentRow, ...]:
    """The rows that are new or differ from what was stored."""
    known = set(before)
    return tuple(row for row in rows if row not in known)


def render(rows: Iterable[CommentRow]) -> str:
    """All comments as one text: newest first, each with time (UTC), author and origin."""
    ordered = sorted(rows, key=lambda row: (row.at, row.origin_id), reverse=True)
    return "\n".join(f"{minute(row.at)} · {row.author} ({_WHERE[row.origin]}): {row.text.strip()}" for row in ordered)


_WHERE = {Side.APRIMO: "Aprimo", Side.OPENTEXT: "OpenText"}


def _read(process: ProcessRead) -> list[CommentRow]:
    rows = [
        CommentRow(origin=Side.OPENTEXT, origin_id=each.origin_id, author=each.author, text=each.text, at=each.at)
        for each in process.comments
        if COMMENT_MARK not in each.text and each.text.strip()
    ]
    # A task's comment stands among those of its process as well, wherever the engine or the adapter lists it there.
    said = {row.text.strip() for row in rows}
    for task in process.tasks:
        at = task.ended_at or task.opened_at
        is_new = bool(task.comment.strip()) and task.comment.strip() not in said
        if is_new and at and COMMENT_MARK not in task.comment:
            origin_id = f"task:{task.task_id}"
            row = CommentRow(
                origin=Side.OPENTEXT, origin_id=origin_id, author=task.assignee, text=task.comment, at=at
            )
            rows.append(row)
    return rows
