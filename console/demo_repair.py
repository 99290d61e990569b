"""The delivery that fails for good: made to fail, found among the dead letters, mended, and replayed.

Finding and replaying go through the command line, as an operator's would.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from console.demo_http import admin
from console.embedded_plan import signoff_command
from console.exits import Exit

_LOOK_EVERY_S = 1.0
_COMMAND_TIMEOUT_S = 60.0
_BY_US_ALONE = "extrAttr306"
"""The matrix's attribute: only Signoff writes it, so that the marketers' own writes go through."""


class CommandError(Exception):
    """A command of ours failed; the message holds what it said."""


@dataclass(frozen=True, kw_only=True)
class Letters:
    """How many dead letters there were, were replayed, and are still open."""

    seen: int = 0
    replayed: int = 0
    open: int = 0


class Operator(threading.Thread):
    """Waits for the dead letter of one item, mends the cause and replays it; errors are kept for the end."""

    def __init__(
        self, aprimo: str, activity_id: int, environ: Mapping[str, str], tell: Callable[[str], None]
    ) -> None:
        super().__init__(name="operator", daemon=True)
        self._aprimo = aprimo
        self._activity_id = activity_id
        self._environ = environ
        self._tell = tell
        self._is_over = threading.Event()
        self._fault_id = 0
        self.is_done = False
        self.error: CommandError | requests.RequestException | None = None

    def break_it(self) -> None:
        """Makes Aprimo refuse what Signoff writes to the item, until it is mended."""
        fault = {
            "method": "PUT",
            "path": f"/api/activities/{self._activity_id}",
            "match": _BY_US_ALONE,
            "kind": "status",
            "status": 400,
            "body": {"exceptionMessage": "Attribute 306 is locked by an administrator."},
        }
        self._fault_id = int(admin(self._aprimo, "POST", "faults", fault)["id"])

    def run(self) -> None:
        """Looks until the letter is there, then does what it takes."""
        try:
            while not self._is_over.wait(_LOOK_EVERY_S) and not self.is_done:
                if self._was_refused():
                    self._mend()
        except (CommandError, requests.RequestException) as err:
            self.error = err

    def stop(self) -> None:
        """Ends the wait."""
        self._is_over.set()
        self.join(timeout=_COMMAND_TIMEOUT_S)

    def _was_refused(self) -> bool:
        faults = admin(self._aprimo, "GET", "faults")
        return any(each["id"] == self._fault_id and each["hits"] for each in faults)

    def _mend(self) -> None:
        subject = f"aprimo:activity:{self._activity_id}"
        letter = next((each for each in _letters(self._environ, "open") if each["subject"] == subject), None)
        if letter is None:
            return
        self._tell(f"dead letter {letter['id']} is listed: {letter['hint']}")
        admin(self._aprimo, "DELETE", f"faults/{self._fault_id}")
        note = "The attribute was unlocked."
        run_command(self._environ, "dead-letters", "replay", letter["id"], "--json", "--by", "demo", "--note", note)
        self._tell(f"dead letter {letter['id']}: mended in Aprimo, and replayed")
        self.is_done = True


def letters(environ: Mapping[str, str]) -> Letters:
    """The dead letters of the installation, as `signoff dead-letters list` prints them. Raises CommandError."""
    found = _letters(environ, "any")
    states = [each["state"] for each in found]
    return Letters(seen=len(found), replayed=states.count("replayed"), open=states.count("open"))


def _letters(environ: Mapping[str, str], state: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run_command(environ, "dead-letters", "list", "--state", state, "--json")[
        "dead_letters"
    ]
    return found


def run_command(environ: Mapping[str, str], *words: str, may_differ: bool = False) -> Any:  # noqa: ANN401 - JSON
    """What one of our own commands prints with --json. may_differ: it may say that something differs.

    Raises CommandError.
    """
    try:
        ended = subprocess.run(  # noqa: S603 - our own command line
            signoff_command(*words),
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            timeout=_COMMAND_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as err:
        raise CommandError(f"signoff {' '.join(words)} has not ended within {_COMMAND_TIMEOUT_S:g} s") from err
    if ended.returncode not in {Exit.OK, *([Exit.DIFFERENT] if may_differ else [])}:
        raise CommandError(f"signoff {' '.join(words)} ended with {ended.returncode}: {ended.stderr.strip()}")
    return json.loads(ended.stdout)
