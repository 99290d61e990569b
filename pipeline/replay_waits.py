"""Waiting where a system cannot be read now: no letter is left out for that, and nobody waits for ever.

A rate budget that is used up, a closed gate, a timeout or a 5xx say nothing about a letter. It is read again, alone,
so that it needs as few calls as can be. Only what is so of the object itself counts against it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.backoff import backoff_s
from pipeline.errors import MisconfiguredError, PipelineError, TransientError
from pipeline.ports import Letter, Limits, ReplayItem
from pipeline.replay_items import left_out

FIRST_S, LONGEST_S = 1.0, 30.0
"""The first wait, which doubles up to the longest."""
GIVE_UP_S = 300.0
"""How long one waits while nothing at all can be read."""


@dataclass(kw_only=True)
class Patience:
    """One person's wait for the systems.

    pause: sleeps so many seconds. tell: says that one waits, for what and how long; not the first time in a row, when
    it is over at once as a rule. wait_s: how long to wait before reading again. tries: reads in a row that brought
    nothing; waited_s: how long was waited for them.
    """

    pause: Callable[[float], None]
    tell: Callable[[PipelineError, float], None]
    wait_s: float = 0.0
    tries: int = 0
    waited_s: float = 0.0

    def together(self, limits: Limits) -> int:
        """How many letters to read at once: as many as may go within a second; one after a read that failed."""
        return 1 if self.tries else max(1, min(limits.batch_lines, int(limits.replays_per_s)))

    def read_of(
        self, letters: Sequence[Letter], seen: Sequence[ReplayItem | PipelineError], limits: Limits
    ) -> dict[str, ReplayItem]:
        """Those letters that were read, by id; for the others one waits `wait_s`, and reads them again.

        One that fails alone as often as a call is tried, while its system is there, is left out: it is that object.
        Raises the error when waiting is of no use, or was not for `GIVE_UP_S`.
        """
        read = {each.id: item for each, item in zip(letters, seen, strict=True) if isinstance(item, ReplayItem)}
        failed = [error for error in seen if isinstance(error, PipelineError)]
        if read or not failed:
            self.tries, self.waited_s = 0, 0.0
        self.wait_s = 0.0
        if not failed:
            return read
        self.tries += 1
        if len(seen) == 1 and _is_its_own(failed[0]) and limits.retry.is_spent(self.tries):
            self.tries, self.waited_s = 0, 0.0
            return {letters[0].id: left_out(letters[0], f"It cannot be read, again and again: {failed[0]}")}
        self._wait_for(failed[0])
        return read

    def _wait_for(self, error: PipelineError) -> None:
        left_s = GIVE_UP_S - self.waited_s
        if isinstance(error, MisconfiguredError) or left_s <= 0:
            raise error
        asked_s = (error.wait_s or 0.0) if isinstance(error, TransientError) else 0.0
        self.wait_s = min(left_s, max(asked_s, backoff_s(self.tries, base_s=FIRST_S, cap_s=LONGEST_S)))
        self.waited_s += self.wait_s
        if self.tries > 1:
            self.tell(error, self.wait_s)


def _is_its_own(error: PipelineError) -> bool:
    """Whether a read failed although its system is there."""
    return isinstance(error, TransientError) and not error.is_outage
