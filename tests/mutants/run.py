"""Every change of a target, tried one after another."""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.changes import changes
from tests.mutants.targets import Target
from tests.mutants.trial import Fate, fate_of, import_around, import_libraries, quiet_s

_PATIENCE = 8
"""How many times as long as the unchanged module's the tests of a changed one may take."""
_LEAST_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Result:
    """One changed module. change: as a reader sees it. number: which of several that read alike in one place."""

    place: str
    line: int
    change: str
    fate: Fate
    number: int = 1

    @property
    def key(self) -> str:
        """What a reason names it by: no line number, which the next edit would move."""
        again = f" ({self.number})" if self.number > 1 else ""
        return f"{self.place}: {self.change}{again}" if self.place else f"{self.change}{again}"

    @property
    def is_killed(self) -> bool:
        """Whether the tests noticed."""
        return self.fate is not Fate.SURVIVED


def run(targets: Sequence[Target]) -> Iterator[tuple[str, list[Result]]]:
    """Each module's name with its results. Raises NotGreenError for tests that fail on the module as it is."""
    import_libraries()
    for target in targets:
        # A process for each, so that no module is imported before its own trials.
        with multiprocessing.get_context("fork").Pool(1) as own:
            yield target.suite.module, own.apply(_tried, (target,))


def _tried(target: Target) -> list[Result]:
    suite, tree = target.suite, target.suite.parsed()
    import_around(suite)
    results: list[Result] = []
    seen: dict[tuple[str, str], int] = {}
    with tempfile.TemporaryDirectory(prefix="signoff-mutants-") as folder:
        base = Path(folder) / "tests"
        limit_s = max(_LEAST_S, _PATIENCE * quiet_s(suite, base))
        for change in filter(target.covers, changes(tree)):
            fate = fate_of(change, tree, suite, base, limit_s=limit_s)
            alike = (change.place, str(change))
            seen[alike] = seen.get(alike, 0) + 1
            results.append(
                Result(place=change.place, line=change.line, change=str(change), fate=fate, number=seen[alike])
            )
            _tell(suite.module, results[-1])
    return results


def _tell(module: str, result: Result) -> None:
    """Survivors as they are found: a run takes minutes."""
    if not result.is_killed:
        sys.stderr.write(f"survived: {module}:{result.line} {result.key}\n")
        sys.stderr.flush()
