"""What a preview shows: the verdict, and each command with what it would change, by our names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from console.tables import Table
from pipeline.changes import Change, as_text, changes
from pipeline.commands import Command
from pipeline.flows.tenant import FlowWords
from pipeline.plan import Snapshot
from pipeline.preview import Preview


def as_json(seen: Preview, words: FlowWords) -> dict[str, Any]:
    """The preview for programs."""
    plan, link = seen.plan, seen.link
    return {
        "flow": words.flow,
        "item": link.business_key,
        "known": None if link.id is None else {"state": link.state, "revision": link.revision},
        "read": [_object(each) for each in seen.read.values()],
        "verdict": plan.verdict,
        "reason": plan.reason,
        "hint": plan.hint,
        "commands": [
            {
                "command": command.KIND,
                "system": command.SIDE,
                "target": command.target(),
                "changes": [vars(change) for change in changes(command, seen.read, words)],
            }
            for command in plan.commands
        ],
        "told": [vars(notice) for notice in plan.changes.notices],
    }


def as_tables(seen: Preview, words: FlowWords) -> tuple[Table, ...]:
    """The preview for people."""
    plan, link = seen.plan, seen.link
    facts = (
        ("flow", words.flow),
        ("item", link.business_key),
        ("known", "no" if link.id is None else f"{link.state or 'not in approval'}, revision {link.revision}"),
        ("read", ", ".join(map(_object, seen.read.values())) or "nothing"),
        ("verdict", plan.verdict),
        ("reason", plan.reason),
        ("hint", plan.hint),
        *(("told", f"{notice.person or 'operators'}: {notice.text}") for notice in plan.changes.notices),
    )
    return (
        Table(title="Preview", rows=tuple(fact for fact in facts if fact[1])),
        Table(
            title="Would be sent",
            columns=("command", "target", "what", "name", "now", "then"),
            rows=tuple(_rows(plan.commands, seen, words)),
        ),
    )


def _rows(commands: Iterable[Command], seen: Preview, words: FlowWords) -> Iterator[tuple[object, ...]]:
    for command in commands:
        found = changes(command, seen.read, words) or [Change(what="", name="", now=None, then=None)]
        for change in found:
            values = (as_text(change.now), as_text(change.then))
            yield (command.KIND, command.target(), change.what, change.name, *values)


def _object(snapshot: Snapshot) -> str:
    want = snapshot.want
    return f"{want.kind} {want.object_id}" + (" (not there)" if snapshot.is_absent else "")
