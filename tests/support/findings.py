"""What tests measured: a line each, by subject, shown at the end of a run, also where it ran in several processes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

FOUND: dict[str, list[str]] = defaultdict(list)
"""Subject -> lines, in the order in which they were found."""


def note(subject: str, line: str) -> None:
    """Keep a line for the end of the run."""
    FOUND[subject].append(line)


def note_all(found: Mapping[str, Sequence[str]]) -> None:
    """Keep what another process has found."""
    for subject, lines in found.items():
        FOUND[subject] += lines
