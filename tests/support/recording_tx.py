"""A transaction that keeps what it is told, for rules whose acts are a few calls of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.ports import Gate

NOW = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)


class Recorder:
    """One port of a transaction: each call as its name, what it was given, and by name; `answers` are given back."""

    def __init__(self, told: list[tuple[Any, ...]], answers: dict[str, object]) -> None:
        self._told = told
        self._answers = answers

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - Whatever the port's method gives.
        def call(*given: object, **named: object) -> object:
            self._told.append((name, *given, *([named] if named else [])))
            return self._answers.get(name)

        return call


class RecordingTx:
    """A transaction at a fixed moment. told: every call in order."""

    def __init__(self, *, gates: Sequence[Gate] = (), claims: Sequence[object] = ()) -> None:
        self.now = NOW
        self.told: list[tuple[Any, ...]] = []
        answers: dict[str, object] = {"gates": list(gates), "claim": list(claims)}
        self.lines = self.deliveries = self.events = self.letters = self.ledger = Recorder(self.told, answers)


class RecordingStore:
    """A store whose every commit is this transaction."""

    def __init__(self, tx: RecordingTx) -> None:
        self._tx = tx

    def run(self, work: Any) -> Any:  # noqa: ANN401 - As the port: whatever the work gives.
        return work(self._tx)
