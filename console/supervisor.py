"""A whole installation on this machine, as `signoff up`, the demo and the tests start it.

with Installation.start({"SIGNOFF_DATA_DIR": folder}) as running:
    requests.get(running.urls["web"])
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from config.running import RUN_FILE, process_started
from config.settings import Settings, load
from console.embedded import private_folder, write_private
from console.embedded_plan import Plan, Wishes, make_plan
from console.pulse import Line, Pulse
from console.supervisor_child import Show
from console.supervisor_loop import Supervisor

START_TIMEOUT_S = 120.0


class AlreadyRunningError(Exception):
    """Another supervisor runs in the same data folder."""


class Installation:
    """A running installation. Make it with `start`; leaving the context stops it."""

    def __init__(self, settings: Settings, plan: Plan, supervisor: Supervisor, held: ExitStack) -> None:
        self.settings = settings
        """The settings as the children read them."""
        self.urls = plan.urls
        """Base addresses: web, flower, and with sandboxes aprimo and opentext."""
        self.logins = plan.logins
        """User and password of web and flower."""
        self.environ = plan.environ
        """What a process must be told, beyond what this one inherited, to belong to this installation."""
        self._supervisor = supervisor
        self._held = held

    @classmethod
    def start(
        cls,
        overrides: Mapping[str, str],
        *,
        wishes: Wishes | None = None,
        show: Show | None = None,
        timeout_s: float = START_TIMEOUT_S,
    ) -> Self:
        """Starts everything and gives it when every role is ready.

        overrides are settings by their environment names, laid over this process's environment; show takes each
        role's lines. Raises SettingsError, CannotRunError, AlreadyRunningError, or StartError with the last
        lines of the role that failed; then nothing runs any more.
        """
        inherited = {**os.environ, **overrides}
        settings = load(inherited)
        with ExitStack() as held:
            held.enter_context(_only_one(settings.data_dir))
            plan = make_plan(settings, inherited, wishes or Wishes())
            supervisor = Supervisor(plan.specs, show or _nowhere)
            held.callback(supervisor.stop)
            supervisor.start(timeout_s=timeout_s)
            run_file = settings.data_dir / RUN_FILE
            write_private(run_file, _told(plan, supervisor))
            held.callback(run_file.unlink, missing_ok=True)
            told = load({**inherited, **plan.environ})
            if plan.pulses:
                held.enter_context(_listening(told, plan, supervisor))
            return cls(told, plan, supervisor, held.pop_all())
        raise AssertionError("an ExitStack that swallows nothing was left")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops every role, last stage first, and forgets the run file. Safe to call again."""
        self._held.close()

    def roles(self) -> tuple[str, ...]:
        """The names of what runs."""
        return self._supervisor.roles()

    def pid(self, role: str) -> int | None:
        """The process id of a role, or None while it has none."""
        return self._supervisor.pid(role)

    def is_ready(self, role: str) -> bool:
        """Whether a role can be used."""
        return self._supervisor.is_ready(role)

    def halt(self, role: str) -> None:
        """Ends a role and keeps it down until `resume`."""
        self._supervisor.halt(role)

    def resume(self, role: str, *, timeout_s: float = 30.0) -> None:
        """Starts a halted role again and waits until it is ready."""
        self._supervisor.resume(role, timeout_s=timeout_s)

    def restart(self, role: str, *, timeout_s: float = 30.0) -> None:
        """Ends a role and starts it again."""
        self.halt(role)
        self.resume(role, timeout_s=timeout_s)


@contextmanager
def _listening(settings: Settings, plan: Plan, supervisor: Supervisor) -> Iterator[None]:
    """Replaces workers that work nothing off."""

    def open_lines() -> Mapping[str, Line]:
        from console import pulse_line  # noqa: PLC0415 - imports Celery: not before everything runs

        return pulse_line.open_lines(settings, plan.pulses)

    pulse = Pulse(supervisor, open_lines, deaf_after_s=settings.engine.deaf_after_s)
    pulse.start()
    try:
        yield
    finally:
        pulse.stop()


def _told(plan: Plan, supervisor: Supervisor) -> str:
    """What other commands learn of this installation (`config.running`); it holds secrets."""
    return json.dumps(
        {
            "pid": os.getpid(),
            "started": process_started(os.getpid()),
            "environ": plan.environ,
            "urls": plan.urls,
            "logins": plan.logins,
            "roles": {role: supervisor.pid(role) for role in supervisor.roles()},
        },
        indent=1,
    )


def _only_one(data_dir: Path) -> ExitStack:
    """Holds the data folder for this process alone. Raises AlreadyRunningError."""
    private_folder(data_dir)
    with ExitStack() as held:
        lock = held.enter_context((data_dir / "up.lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AlreadyRunningError(
                f"An installation already runs in {data_dir}: stop it, or choose another SIGNOFF_DATA_DIR."
            ) from None
        return held.pop_all()


def _nowhere(_role: str, _line: str) -> None:
    """Shows nothing; the last lines are kept for errors."""
