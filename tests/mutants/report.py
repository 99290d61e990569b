"""The report of runs: figures by module, and every survivor with the reason why it may live."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.run import Result
from tests.mutants.targets import TARGETS, Target

REASONS = Path(__file__).with_name("reasons.toml")
LEAST = 0.85
"""The share of a module's mutants that its tests must kill."""
_HEAD = """# Mutants

A mutant is a module with one small wrong in it; it is killed when a test notices. [mutants.md](../mutants.md) says
what is changed and how. Written by `./run mutants --report`; a run over one module renews what is said of it.

| module | what it decides | mutants | killed | share |
|---|---|--:|--:|--:|
"""
_SURVIVORS = """
## Survivors

Each with the reason why it may live; a survivor without one fails the run.
"""

Reasons = Mapping[str, Mapping[str, str]]
"""By module, and in it by what a survivor is called."""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A run over some modules, beside the reasons on file."""

    results: Mapping[str, Sequence[Result]]
    reasons: Reasons

    def survivors(self, module: str) -> list[Result]:
        """What no test of a module noticed."""
        return [result for result in self.results[module] if not result.is_killed]

    def unexplained(self) -> list[str]:
        """Survivors without a reason."""
        return [
            f"{module} {result.key}"
            for module in self.results
            for result in self.survivors(module)
            if result.key not in self.reasons.get(module, {})
        ]

    def needless(self) -> list[str]:
        """Reasons for what was killed, or is not there any more."""
        return [
            f"{module} {key}"
            for module in self.results
            for key in self.reasons.get(module, {})
            if key not in {result.key for result in self.survivors(module)}
        ]

    def weak(self) -> list[str]:
        """Modules whose tests kill too few."""
        return [module for module, figures in self.figures().items() if figures["share"] < LEAST]

    def figures(self) -> dict[str, dict[str, float]]:
        """Of each module: mutants, killed and the share."""
        return {module: _figures(results) for module, results in self.results.items()}


def read_reasons() -> Reasons:
    """The reasons on file."""
    return tomllib.loads(REASONS.read_text(encoding="utf-8"))


def renewed(page: str, findings: Findings, targets: Sequence[Target] = TARGETS) -> str:
    """The page with what this run found; of the other modules it says what it said."""
    rows, sections = dict(_rows(page)), dict(_sections(page))
    for target in targets:
        module = target.suite.module
        if module in findings.results:
            rows[module] = _row(target, findings.figures()[module])
            sections[module] = _section(findings, module)
    named = [target.suite.module for target in targets if target.suite.module in rows]
    lines = [*(rows[module] for module in named), _all([rows[module] for module in named])]
    return _HEAD + "\n".join(lines) + "\n" + _SURVIVORS + "".join(sections.get(module, "") for module in named)


def _rows(page: str) -> Iterator[tuple[str, str]]:
    for line in page.splitlines():
        if found := re.match(r"\| `([\w.]+)` \|", line):
            yield found[1], line


def _sections(page: str) -> Iterator[tuple[str, str]]:
    for part in page.split("\n### ")[1:]:
        yield part.partition("\n")[0], f"\n### {part.rstrip()}\n"


def _row(target: Target, figures: Mapping[str, float]) -> str:
    parts = ", ".join(f"`{part}`" for part in target.parts)
    why = f"{target.why} Of it {parts}." if parts else target.why
    return (
        f"| `{target.suite.module}` | {why} | {figures['mutants']} | {figures['killed']} | {figures['share']:.1%} |"
    )


def _all(rows: Sequence[str]) -> str:
    mutants, killed = (sum(int(row.split("|")[at]) for row in rows) for at in (-4, -3))
    return f"| all | | {mutants} | {killed} | {killed / mutants:.1%} |"


def _section(findings: Findings, module: str) -> str:
    reasons = findings.reasons.get(module, {})
    rows = [
        f"| {_cell(result.key)} | {_cell(reasons.get(result.key, 'No reason yet.'))} |\n"
        for result in findings.survivors(module)
    ]
    return f"\n### {module}\n\n| change | reason |\n|---|---|\n{''.join(rows)}" if rows else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _figures(results: Sequence[Result]) -> dict[str, float]:
    killed = sum(result.is_killed for result in results)
    return {"mutants": len(results), "killed": killed, "share": round(killed / max(1, len(results)), 4)}
