"""docs/commands.md says what the code does: its table is made of the code and compared with the page."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from typing import Any

from pipeline.aprimo.effects import EFFECTS as APRIMO
from pipeline.commands import KINDS, Cause, Command
from pipeline.opentext.effects import EFFECTS as OPENTEXT

PAGE = Path(__file__).parents[3] / "docs" / "commands.md"
EFFECTS: dict[str, Any] = {**OPENTEXT, **APRIMO}
HEAD = ("Kind", "How it is sent", "Effect key", "When a look-up finds it", "Late")


def shown_key(kind: type[Command]) -> str:
    """The effect key's form: every field stands for itself."""
    fields = {field.name: f"<{field.name}>" for field in dataclasses.fields(kind)}
    values: dict[str, Any] = {
        **fields,
        **{name: {"<names>": ""} for name in ("fields", "variables") if name in fields},
        **({"record_ids": ("<records>",)} if "record_ids" in fields else {}),
        "expects": {},
    }
    cause = Cause(event_id="<event_id>", plan_number="<plan_number>")  # type: ignore[arg-type]  # Shown, not sent.
    return kind(**values).effect_key(cause)


def first_line(function: object) -> str:
    return (inspect.getdoc(function) or "").splitlines()[0]


def row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def table() -> list[str]:
    """The table as the code would have it."""
    return [
        row(HEAD),
        row(("---",) * len(HEAD)),
        *(
            row(
                (
                    f"`{name}`",
                    first_line(EFFECTS[name].send),
                    f"`{shown_key(kind)}`",
                    first_line(EFFECTS[name].look_up),
                    f"{kind.LATE_S:g} s",
                )
            )
            for name, kind in sorted(KINDS.items())
        ),
    ]


def test_the_pages_table_is_what_the_code_does() -> None:
    shown = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]

    assert shown == table()
