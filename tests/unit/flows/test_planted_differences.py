"""Every cause planted many times among links that agree: all are found, told right, and nothing else is."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

import pytest

from pipeline.aprimo.inventory import NEVER_LISTED
from pipeline.differences import Cause
from pipeline.flows.tenant import RECORD
from pipeline.pages import is_suspect
from pipeline.plan import Snapshot
from tests.support import findings
from tests.support.planted_causes import Planted, planted

EACH = 3
"""How often every shape of every cause is planted among a thousand."""


def is_suspected(one: Planted) -> bool:
    """Whether a page of either side, or that a process is on none, gives reason to read the pair in full."""
    pair, link = one.pair, one.pair.link
    living = tuple(each for each in pair.processes if each.ended_at is None)
    row = as_listed(pair.item) if pair.item is not None else None
    pages = tuple(
        replace(each, tasks=tuple(task for task in each.tasks if task.ended_at is None), comments=())
        for each in living
    )
    is_gone = pair.item is not None and pair.item.is_absent
    is_expected = link is not None and link.live_process() is not None
    return (
        (
            row is not None
            and not is_gone
            and is_suspect(one.flow, replace(pair, item=row, processes=()), is_whole=True)
        )
        or (bool(pages) and bool(one.flow.suspects(replace(pair, item=None, processes=pages))))
        or (is_expected and (not living or is_gone))
    )


def as_listed(item: Snapshot) -> Snapshot:
    """An item as a page of a list shows it: of a record without its classifications."""
    values = {name: value for name, value in item.values.items() if name not in NEVER_LISTED}
    return replace(item, values=values) if item.want.kind == RECORD else item


def causes_of(one: Planted) -> list[Cause]:
    return [one.flow.explain(each, one.pair, one.known).cause for each in one.flow.mismatches(one.pair)]


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_every_planted_difference_is_found_and_told_right_and_nothing_else_is(count: int) -> None:
    began, wrong, total = time.monotonic(), Counter[str](), 0
    for one in planted(count, each=EACH * count // 1_000, seed=5):
        suspected, causes = is_suspected(one), causes_of(one)
        if one.cause is None:
            assert (suspected, causes) == (False, []), one.pair
            continue
        total += 1
        assert suspected, one.shape
        assert causes, one.shape
        if causes != [one.cause]:
            wrong[f"{one.shape}: {', '.join(causes)}"] += 1
    took_s = time.monotonic() - began
    findings.note(
        "differences, by the rules alone",
        f"{count} links, {total} planted: all found, {total - wrong.total()} told right, none else, {took_s:.1f} s"
        + "".join(f"\n    {shape} ({many})" for shape, many in sorted(wrong.items())),
    )
    assert total - wrong.total() >= 0.95 * total, wrong


def test_every_cause_that_has_a_sign_is_planted() -> None:
    """What is unexplained has none: nothing that we know fits it."""
    assert {one.cause for one in planted(1_000, each=1, seed=1)} - {None} == set(Cause) - {Cause.UNEXPLAINED}
