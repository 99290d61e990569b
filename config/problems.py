"""What is wrong with an installation's settings, told all at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing to mend: which settings, what is wrong, and an example that would do ("" where none helps)."""

    names: tuple[str, ...]
    reason: str
    example: str = ""


class SettingsError(Exception):
    """Signoff refuses to start; the message names every problem, one a paragraph, and no secret."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"Signoff cannot start: {count} in its settings.", *map(_shown, problems)]))


def _shown(problem: Problem) -> str:
    shown = f"\n  {', '.join(problem.names)}\n      {problem.reason}"
    return f"{shown}\n      Example: {problem.example}" if problem.example else shown
