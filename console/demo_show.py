"""How the demo looks: a live table on a terminal, plain lines of progress elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from console.demo_play import Role
from console.demo_reading import Process, Seen

_KEPT_LINES = 6
_COLUMNS = ("Brief", "Rev", "Brand", "Legal", "Finance", "Regions", "In Aprimo", "Waits for", "Agree")
_DROPPED_FIRST = frozenset({"Rev", "Regions"})
_WIDE = 115
"""Columns of a terminal that the whole table needs."""
_HEADER_AND_COUNT = 3
"""Lines of a terminal that no brief may have: the header, how many are left out, and the one the cursor is on."""
_REVIEWS = ("brand", "legal", "finance")
_STYLES: Mapping[str, str] = {
    "approved": "green",
    "rejected": "red",
    "changes requested": "yellow",
    "waiting": "cyan",
    "overdue": "bold magenta",
    "not needed": "dim",
}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far another flow is: of how many items both systems agree on how many, and the first thing that lacks."""

    flow: str
    agree: int
    items: int
    lacks: str = ""

    @property
    def sentence(self) -> str:
        """One line of it."""
        lacks = f"; {self.lacks}" if self.lacks else ""
        return f"{self.flow.replace('_', ' ')}: both agree on {self.agree} of {self.items}{lacks}"


class Screen(Protocol):
    """Where the demo is watched."""

    def tell(self, text: str) -> None:
        """Says what just happened. May be called from any thread."""

    def show(self, roles: Sequence[Role], waits: Mapping[str, str], others: Sequence[Standing]) -> None:
        """Shows where every brief stands, and each other flow; waits names by item what Signoff waits for."""

    def open(self) -> AbstractContextManager[object]:
        """Holds the screen while the demo plays."""


class Lines:
    """Progress as plain lines on standard error, each with its second."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def tell(self, text: str) -> None:
        """One line."""
        sys.stderr.write(f"{time.monotonic() - self._began:6.1f} s  {text}\n")
        sys.stderr.flush()

    def show(self, roles: Sequence[Role], waits: Mapping[str, str], others: Sequence[Standing]) -> None:
        """Nothing: the lines said it."""

    def open(self) -> AbstractContextManager[object]:
        """Needs nothing held."""
        return nullcontext()


class Board:
    """The live table of briefs, a line for each other flow, and the last lines of progress."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._live = Live(console=console, auto_refresh=False, transient=False)

    def tell(self, text: str) -> None:
        """One more line; before the table is there, it is printed."""
        line = f"{time.monotonic() - self._began:6.1f} s  {text}"
        if self._live.is_started:
            self._lines.append(line)
        else:
            self._console.print(Text(line))

    def show(self, roles: Sequence[Role], waits: Mapping[str, str], others: Sequence[Standing]) -> None:
        """All of it as it is now."""
        body = board(roles, waits, others, self._lines, width=self._console.width, height=self._console.height)
        self._live.update(body, refresh=True)

    def open(self) -> AbstractContextManager[object]:
        """Holds the terminal."""
        return self._live


def board(
    roles: Sequence[Role],
    waits: Mapping[str, str],
    others: Sequence[Standing],
    lines: Iterable[str],
    *,
    width: int,
    height: int,
) -> Group:
    """All of it; where a terminal has no room for every brief, the first of those that are over are only counted."""
    below = [
        *(Text(each.sentence, no_wrap=True, overflow="ellipsis") for each in others),
        *(Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in lines),
    ]
    shown, left_out = _fitting(roles, room=height - len(below) - _HEADER_AND_COUNT)
    counted = [Text(f"and {left_out} more, on which both agree", style="green")] if left_out else []
    return Group(*([table(shown, waits, width=width)] if shown else []), *counted, *below)


def _fitting(roles: Sequence[Role], *, room: int) -> tuple[list[Role], int]:
    """As many as there is room for, and how many were left out: of those that are over, the first."""
    too_many = max(0, len(roles) - max(0, room))
    over = [role.id for role in roles if role.is_over][:too_many]
    return [role for role in roles if role.id not in over], len(over)


def table(roles: Sequence[Role], waits: Mapping[str, str], *, width: int = _WIDE) -> Table:
    """One row a brief: its reviews, where it waits, and what was decided, as both systems answer.

    On a narrow terminal the revision and the regions go first: whether both systems agree must be seen.
    """
    left_out = _DROPPED_FIRST if width < _WIDE else frozenset()
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in _COLUMNS:
        if column not in left_out:
            shown.add_column(column, min_width=len(column))
    for role in roles:
        row = zip(_COLUMNS, [Text(role.brief.name), *_cells(role, waits)], strict=False)  # Short until it is read.
        shown.add_row(*(_on_one_line(each) for column, each in row if column not in left_out))
    return shown


def _on_one_line(cell: Text) -> Text:
    """The cell is cut and not its column, so that the widest columns give way first."""
    cell.no_wrap, cell.overflow = True, "ellipsis"
    return cell


def _cells(role: Role, waits: Mapping[str, str]) -> list[Text]:
    seen = role.seen
    if seen is None:
        return []
    last = seen.processes[-1] if seen.processes else None
    decision = f" · {seen.item.decision.replace('_', ' ')}" if seen.item.decision else ""
    return [
        Text(str(last.revision) if last else ""),
        *(_styled(_standing(last, key)) for key in _REVIEWS),
        _regions(last),
        Text(f"{seen.item.state}{decision}"),
        Text(waits.get(f"aprimo:activity:{role.id}") or _waits_for(seen), style="dim"),
        Text("yes", style="green") if role.is_over else Text(""),
    ]


def _standing(process: Process | None, key: str, category: str = "") -> str:
    tasks = process.tasks if process else ()
    task = next((each for each in tasks if each.key == key and category in {"", each.category}), None)
    if task is None:
        return ""
    if task.ended_at is None:
        is_led = any(each.key == f"{key}_lead" and category in {"", each.category} for each in tasks)
        return "overdue" if is_led else "waiting"
    return "not needed" if task.delete_reason else task.outcome.replace("_", " ")


def _regions(process: Process | None) -> Text:
    parts = [task.category for task in process.tasks if task.key == "regional"] if process else []
    cells = [_styled(_standing(process, "regional", part), shown=part) for part in parts]
    return Text(" ").join(cells)


def _styled(word: str, *, shown: str = "") -> Text:
    return Text(shown or word, style=_STYLES.get(word, ""))


def _waits_for(seen: Seen) -> str:
    """Whom OpenText waits for, where Signoff itself waits for nothing."""
    tasks = [task for task in seen.live.tasks if task.ended_at is None] if seen.live else []
    return ", ".join(f"{task.key} {task.category}".strip() for task in tasks)
