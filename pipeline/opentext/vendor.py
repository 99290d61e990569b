"""OpenText as the pipeline sees it: reads by want, commands by kind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from pipeline.commands import Command
from pipeline.errors import PermanentError, PipelineError
from pipeline.flows.tenant import FlowWords
from pipeline.opentext import translate
from pipeline.opentext.client import Client
from pipeline.opentext.effects import EFFECTS
from pipeline.opentext.schemas import InstanceRow, TaskRow
from pipeline.plan import Snapshot, Want
from pipeline.ports import Bounds, NotThere, Sent
from pipeline.transport.effects import check_effects
from pipeline.words import EffectKey, Side, Urgency


class OpenTextVendor:
    """The `Vendor` port for OpenText. Thread-safe; made in the process that uses it, because of its threads."""

    side = Side.OPENTEXT

    def __init__(
        self,
        client: Client,
        words: Mapping[str, FlowWords],
        *,
        wait_s: Callable[[str, Urgency], float],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """words: each flow's. wait_s: the session's. Raises EffectsMissingError when a kind has no effect."""
        check_effects(EFFECTS, self.side)
        self.client = client
        self._words = words
        self._wait_s = wait_s
        self._now = now
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None

    def read(self, wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        """Read processes side by side: history lists take one instance at a time. Each its own outcome.

        An instance that several flows want is read once.
        """
        alike: dict[tuple[str, str], list[Want]] = {}
        for want in wants:
            alike.setdefault((want.kind, want.object_id), []).append(want)
        groups = list(alike.values())
        if len(groups) == 1:
            return self._outcomes(groups[0], bounds)
        read = self._pool().map(lambda group: self._outcomes(group, bounds), groups)
        return {want: outcome for outcomes in read for want, outcome in outcomes.items()}

    def send(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent:
        """Check `expects`, then send. Raises the errors of `errors`."""
        return EFFECTS[command.KIND].send(self.client, command, effect_key, bounds)

    def look_up(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
        """Whether the effect took place."""
        return EFFECTS[command.KIND].look_up(self.client, command, effect_key, bounds)

    def wait_s(self, route: str, urgency: Urgency) -> float:
        """Seconds until budget and breaker would let a call leave; 0 now."""
        return self._wait_s(route, urgency)

    # ---- reading -------------------------------------------------------------------------------------------------

    def _outcomes(self, wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        """The outcomes of wants of the same instance."""
        flows = {want.flow for want in wants}
        try:
            read_at, row, tasks = self._read(wants[0], bounds.of_flow(wants[0].flow if len(flows) == 1 else ""))
        except PipelineError as err:
            return dict.fromkeys(wants, err)
        return {want: self._outcome(want, row, tasks, read_at) for want in wants}

    def _outcome(
        self, want: Want, row: InstanceRow | None, tasks: tuple[TaskRow, ...], read_at: datetime
    ) -> Snapshot | PipelineError:
        if row is None:
            return Snapshot(want=want, read_at=read_at, is_absent=True)
        try:
            return translate.process_snapshot(
                want, row, tasks, options=self.client.options, words=self._words[want.flow], read_at=read_at
            )
        except PipelineError as err:
            return err

    def _read(self, want: Want, bounds: Bounds) -> tuple[datetime, InstanceRow | None, tuple[TaskRow, ...]]:
        """When the instance was read, what it is, and its tasks."""
        if want.kind != "process":
            raise PermanentError("kind_unknown", f"A {want.kind} of OpenText cannot be read.")
        read_at = self._now()
        # The tasks last: once the instance's end was read, the tasks that are read after it are final.
        row = self.client.historic_instance(want.object_id, bounds)
        if row is not None:
            return read_at, row, self.client.historic_tasks(want.object_id, bounds)
        # History may lag behind: only what the runtime does not know either is absent.
        row = self.client.instance(want.object_id, bounds)
        return read_at, row, self.client.open_tasks(want.object_id, bounds) if row else ()

    def _pool(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self.client.options.read_threads, thread_name_prefix="read")
            return self._threads
