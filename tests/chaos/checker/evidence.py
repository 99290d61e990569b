"""What the checker judges: both sandboxes' histories, every SQL table, and what the run itself did and saw.

Plain rows as JSON holds them, so that the evidence of a failing seed is a file that can be judged again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = Sequence[Row]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault that was planned. hits: how often it met something; facts: what its signs are known by."""

    kind: str
    what: str
    began_at: str
    hits: int
    facts: Row = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Run:
    """What the run did and saw. Times are seconds; acts are those of operators, as `act object`.

    samples: series of `/metrics` that say that something is not as usual, each with the time it was seen (`at`).
    """

    faults: tuple[Fault, ...] = ()
    acts: tuple[str, ...] = ()
    samples: tuple[Row, ...] = ()
    is_without_faults: bool = False
    recovery_s: float = 0.0
    recovery_limit_s: float = 60.0
    tries_max: int = 8
    useful: float = 1.0
    useful_min: float = 0.9


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything.

    histories, requests: by vendor; requests are those of Signoff's own agent. said: where -> text that an operator or
    a log reader may see. secrets: name -> what must be in none of it.
    """

    histories: Mapping[str, Rows]
    requests: Mapping[str, Rows]
    callouts: Rows
    tables: Mapping[str, Rows]
    run: Run = field(default_factory=Run)
    said: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    flows: Mapping[str, Row] = field(default_factory=dict)
    """Each flow's TOML as it stood."""

    def with_run(self, run: Run) -> Evidence:
        """The same, of this run."""
        return replace(self, run=run)

    def save(self, path: Path) -> None:
        """Keep it, without the secrets."""
        kept = {**asdict(self), "secrets": {}}
        path.write_text(json.dumps(kept, indent=1), encoding="utf-8")


def load(path: Path) -> Evidence:
    """The evidence in a file."""
    found = json.loads(path.read_text(encoding="utf-8"))
    run = found.pop("run")
    faults = tuple(Fault(**each) for each in run.pop("faults"))
    return Evidence(
        run=Run(faults=faults, acts=tuple(run.pop("acts")), samples=tuple(run.pop("samples")), **run), **found
    )
