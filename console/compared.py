"""What `signoff reconcile` came to: what remains, what is being healed or was refused, and what was not compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from console.difference_tables import difference_table, found_json, found_table, run_table
from console.tables import Table
from pipeline.codes import cure, is_mended_at_source

if TYPE_CHECKING:  # Values only; the store brings SQLAlchemy.
    from pipeline.heal import Acted
    from pipeline.ports import Difference, Run
    from pipeline.reconcile import Step

MOVED = "moved"
_MOVED_ON = "it changed while it was read"


@dataclass(frozen=True, kw_only=True)
class NotCompared:
    """An item of which nobody can say whether its two sides agree. code: why, `moved` where it changed meanwhile."""

    flow: str
    business_key: str
    code: str

    @property
    def why(self) -> str:
        """The same for people."""
        return _MOVED_ON if self.code == MOVED else f"it cannot be read: {self.code}"

    @property
    def to_do(self) -> str:
        """What a person can do about it."""
        again = f"`signoff reconcile --item {self.business_key}`"
        if self.code == MOVED:
            return f"Compare it again: {again}"
        if is_mended_at_source(self.code):
            return f"{cure(self.code)} Then {again}"
        return f"`signoff flows preview {self.flow} --item {self.business_key}` says more; mend it, then {again}"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What some runs came to, and what of it stands.

    open_: differences that remain; healing: those whose heal, or its way back, is on its way; acted: what became of
    those that were to be healed by id. is_kept: False where the runs kept nothing, and what they found stands nowhere
    else.
    """

    steps: tuple[Step, ...]
    is_kept: bool
    open_: tuple[Difference, ...] = ()
    healing: tuple[Difference, ...] = ()
    acted: tuple[Acted, ...] = ()

    @property
    def runs(self) -> list[Run]:
        """The runs themselves."""
        return [each.run for each in self.steps]

    @property
    def not_compared(self) -> list[NotCompared]:
        """Items that the runs could not read, or that moved on meanwhile; of many the first of each run."""
        return [each for run in self.runs for each in (*_unread(run), *_moved(run))]

    @property
    def does_agree(self) -> bool:
        """Whether everything was compared, and agrees, and what was asked for was done."""
        found = () if self.is_kept else [each for step in self.steps for each in step.found]
        is_refused = any(not each.is_done for each in self.acted)
        return not (self.open_ or self.healing or found or is_refused or self._is_missed)

    def to_json(self) -> dict[str, object]:
        """All of it for programs."""
        found = [row for step in self.steps for row in found_json(step.run.flow, step.found)]
        return {
            "runs": [asdict(each) for each in self.runs],
            "differences": [asdict(each) for each in self.open_] if self.is_kept else found,
            "healing": [asdict(each) for each in self.healing],
            "heals": [asdict(each) for each in self.acted],
            "not_compared": [{**asdict(each), "why": each.why, "to_do": each.to_do} for each in self.not_compared],
        }

    def tables(self) -> list[Table]:
        """All of it for people."""
        remaining = "Differences that remain in what was compared" if self._is_missed else "Differences that remain"
        made = [run_table(self.runs)]
        if self.is_kept:
            made.append(difference_table(self.open_, remaining))
        else:
            made += [found_table(each.run.flow, each.found) for each in self.steps if each.found]
        if self.healing:
            made.append(
                difference_table(self.healing, "Being healed or given back; the next comparison says what came of it")
            )
        return [*made, _not_compared_table(self.runs)] if self._is_missed else made

    @property
    def _is_missed(self) -> bool:
        """Whether anything was not compared."""
        return any(map(_missed, self.runs))


def _not_compared_table(runs: Sequence[Run]) -> Table:
    told = [each for run in runs for each in (*_unread(run), *_moved(run))]
    rows = [(each.flow, each.business_key, each.why, each.to_do) for each in told]
    if sum(map(_missed, runs)) > len(told):
        rows.append(("", "and more", "their counts stand above", ""))
    return Table(title="Not compared", columns=("flow", "item", "why", "what to do"), rows=tuple(rows))


def _missed(run: Run) -> int:
    """How many items it has not compared, named or not."""
    return sum(run.counts.get(name, 0) for name in ("unread", "moved"))


def _unread(run: Run) -> list[NotCompared]:
    told = run.report.get("unread")
    named = told.items() if isinstance(told, dict) else ()
    return [NotCompared(flow=run.flow, business_key=key, code=str(code)) for key, code in named]


def _moved(run: Run) -> list[NotCompared]:
    told = run.report.get("moved")
    named = dict.fromkeys(map(str, told)) if isinstance(told, list) else ()
    return [NotCompared(flow=run.flow, business_key=key, code=MOVED) for key in named]
