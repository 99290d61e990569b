"""What the checker finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One breach of an invariant: whose, what is wrong as a sentence, and the rows that show it."""

    invariant: str
    about: str
    says: str
    shown: tuple[str, ...] = ()
