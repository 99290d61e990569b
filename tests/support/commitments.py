"""Values of flow 5 for tests: the shipped words, and a commitment beside what is remembered of it."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

from pipeline.differences import Pair
from pipeline.flows.reading import read_words
from pipeline.flows.tenant import FlowWords
from pipeline.keys import aprimo_key
from pipeline.plan import Agreed, Link, ProcessRow, Snapshot, Want
from pipeline.words import InstanceId, LinkId, ProcessState, Side
from tests.support.briefs import NOW

FLOW = "budget_exception"
KEY = aprimo_key("commitment", 7)
WANT = Want(flow=FLOW, side=Side.APRIMO, kind="commitment", object_id="7")


@cache
def words() -> FlowWords:
    """The words of the shipped file."""
    path = Path(__file__).parents[2] / "config" / "flows" / "budget_exception.toml"
    return read_words(FLOW, tomllib.loads(path.read_text(encoding="utf-8")))


def item(amount: str, state: str = "approved", *, created_at: datetime | None = None) -> Snapshot:
    """A commitment as it was read. created_at: when it was made, where that is of interest."""
    values = {"state": state, "state_id": words().states[state], "amount": amount, "currency": "EUR"}
    return Snapshot(want=WANT, read_at=NOW, version=NOW.isoformat(), values=values, created_at=created_at)


def commitment(amount: str, *, outcome: str | None, state: str = "approved") -> Pair:
    """A commitment whose process was of 12000 EUR. outcome: how that ended; None where none ever was."""
    row = ProcessRow(
        revision=1,
        process_key="budgetException",
        state=ProcessState.ENDED,
        instance_id=InstanceId("instance-1"),
        item_version="12000 EUR",
        outcome=outcome or "",
    )
    link = replace(seen(state), revision=1, processes=(row,) if outcome else ())
    return Pair(flow=FLOW, business_key=KEY, link=link, item=item(amount, state), at=NOW)


def seen(state: str, *, at: datetime = NOW) -> Link:
    """What is remembered of a commitment for which nothing was begun. state: where it stood as we saw it last."""
    agreed = {"state": Agreed(value=state, owner=Side.APRIMO, written_by="Owner One", at=at)}
    return Link(id=LinkId(1), flow=FLOW, business_key=KEY, agreed=agreed)
