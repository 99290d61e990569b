"""A file that lets a sandbox's state survive `kill -9`: one JSON line per command, replayed at the start.

A line is handed to the operating system before the command is answered, so the death of the process loses
nothing that was answered. The loss of the whole machine may; a sandbox needs no more than that.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

Record = dict[str, Any]


class Journal:
    """Appends records to a file; without a path it keeps nothing. Safe to share between threads."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.RLock()
        self._pending: list[Record] = []
        self._depth = 0
        self._file = path.open("ab") if path else None

    @classmethod
    def opened(cls, data_dir: str | None, name: str) -> tuple[Self, list[Record]]:
        """Open the journal `name` of a data folder and read what it holds; no folder, nothing kept."""
        if data_dir is None:
            return cls(None), []
        path = Path(data_dir) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        records = _replay(path)
        return cls(path), records

    @contextmanager
    def command(self) -> Iterator[None]:
        """All records appended inside become one line: after a kill, all of them are there or none."""
        with self._lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth:
                    self._write()

    def append(self, record: Record) -> None:
        """Keep one record."""
        if self._file is None:
            return
        with self.command():
            self._pending.append(record)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._pending.clear()
            if self._file is not None:
                self._file.truncate(0)

    def _write(self) -> None:
        if self._file is None or not self._pending:
            return
        line = json.dumps(self._pending, separators=(",", ":")).encode() + b"\n"
        self._pending = []
        self._file.write(line)
        self._file.flush()


def _replay(path: Path) -> list[Record]:
    """Read the records of a file; a last line that the kill tore off is cut away."""
    if not path.exists():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) != len(content):
        path.write_bytes(whole)
    return [record for line in whole.splitlines() for record in json.loads(line)]
