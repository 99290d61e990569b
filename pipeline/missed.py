"""What a run has not compared: items that cannot be read, and items that moved on while they were.

Of each item the run's newest look counts: what a later phase has read is no longer missed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from pipeline.ports import Run
from pipeline.words import JsonValue

BAD_ROW = "answer_unexpected"
"""Why an item is unread whose row on a list cannot be read: the code of a read of it that says the same."""
LISTED, MOVED_ITSELF, IN_PARTS = "listed", "moved meanwhile", "in parts"
"""Under which name a run's report says how its list of items was read, where that was not at one go and at rest."""
TOLD_MAX = 100
"""So many items that could not be read, and so many that moved on, are named in a run's report."""


def looked_again(run: Run, looked: Iterable[str], *, unread: Mapping[str, str], moved: Iterable[str] = ()) -> Run:
    """A run whose report and figures say what these looks came to.

    looked: every item that was looked at; unread: those of them that cannot be read, with the code; moved: those that
    moved on. Of more than a report names some stay counted that were read later: nobody knows which they are.
    """
    again = frozenset(looked)
    return _told(_told(run, "unread", again, unread), "moved", again, dict.fromkeys(moved, ""))


def with_bad_rows(run: Run, keys: Collection[str], *, nameless: int = 0) -> Run:
    """A run whose list had rows that cannot be read, of these items and of so many that nobody knows."""
    named = looked_again(run, keys, unread=dict.fromkeys(keys, BAD_ROW)) if keys else run
    return replace(named, counts={**named.counts, "unread": named.counts.get("unread", 0) + nameless})


def that_moved(run: Run) -> Run:
    """A run whose list moved while it was paged through: it may have missed items, and nobody knows which."""
    if run.report.get(LISTED) == MOVED_ITSELF:
        return run
    counts = {**run.counts, "moved": run.counts.get("moved", 0) + 1}
    return replace(run, counts=counts, report={**run.report, LISTED: MOVED_ITSELF})


def in_parts(run: Run) -> Run:
    """A run that reads on where another step left its list: whether it moved in between cannot be told."""
    is_told = run.report.get(LISTED) is not None
    return run if is_told else replace(run, report={**run.report, LISTED: IN_PARTS})


def by_words(run: Run, words: str) -> Run:
    """A run that goes on by these words; where it began by others it has listed everything by neither."""
    return run if run.report.get("words") == words else replace(run, report={**run.report, "words": ""})


def may_have_missed(run: Run, keys: Collection[str]) -> bool:
    """Whether a run has not compared one of these items: its report says so, or names not all that it has missed.

    One that read its list in parts may have missed any: nobody has seen that the list stood still.
    """
    named = [key for name in ("unread", "moved") for key in _named(run.report.get(name))]
    missed = sum(run.counts.get(name, 0) for name in ("unread", "moved"))
    is_unsure = missed > len(named) or run.report.get(LISTED) is not None
    return is_unsure or not frozenset(named).isdisjoint(keys)


def _told(run: Run, name: str, again: frozenset[str], more: Mapping[str, str]) -> Run:
    before = _named(run.report.get(name))
    missed = {**{key: why for key, why in before.items() if key not in again}, **more}
    if missed == before:
        return run
    named = dict(list(missed.items())[:TOLD_MAX])
    told: JsonValue = [*named] if name == "moved" else named
    others = {key: value for key, value in run.report.items() if key != name}
    report = {**others, name: told} if told else others
    counts = {**run.counts, name: run.counts.get(name, 0) + len(missed) - len(before)}
    return replace(run, report=report, counts=counts)


def _named(told: JsonValue) -> dict[str, JsonValue]:
    """The items that a report names, with what it says of each."""
    if isinstance(told, list):
        return dict.fromkeys(map(str, told), "")
    return dict(told) if isinstance(told, dict) else {}
