"""A master that is distributed and that nobody has heard of: no market of it has begun, and a comparison says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from pipeline.differences import Cause, Known, Mismatch, Pair
from pipeline.flows.localization import AGREES
from pipeline.flows.shared import causes, comparing
from pipeline.flows.tenant import Policy
from pipeline.keys import aprimo_key
from pipeline.plan import Agreed, Link, Snapshot, Want
from pipeline.words import JsonValue, Side
from tests.support.fakes import T0
from tests.support.localization_world import FLOW, MASTER, words

Compare = Callable[..., tuple[Mismatch, ...]]
KEY = aprimo_key("record", MASTER)
WANT = Want(flow=FLOW, side=Side.APRIMO, kind="record", object_id=MASTER)


def pair(named: list[JsonValue], **agreed: JsonValue) -> Pair:
    """A master as it was read. agreed: what both sides know of it; nothing where it was never met."""
    item = Snapshot(want=WANT, read_at=T0, version=T0.isoformat(), values={"markets": named, "name": "Poster"})
    known = {name: Agreed(value=value, owner=Side.APRIMO, written_by="ev-1", at=T0) for name, value in agreed.items()}
    link = Link(id=None, flow=FLOW, business_key=KEY, agreed=known) if known else None
    return Pair(flow=FLOW, business_key=KEY, link=link, item=item, at=T0 + timedelta(minutes=5))


@pytest.mark.parametrize("looks_at", [comparing.suspects, comparing.mismatches])
@pytest.mark.parametrize("agreed", [{}, {"name": "Poster"}], ids=["never met", "met before it named any"])
def test_markets_that_nobody_has_heard_of_are_found_and_looked_at(
    looks_at: Compare, agreed: dict[str, JsonValue]
) -> None:
    both = pair(["DACH", "UK"], **agreed)

    (found,) = looks_at(both, words(), AGREES)
    told = causes.explain(found, both, Known(), words(), AGREES)

    assert found == Mismatch(field="markets", agreed=None, aprimo=["DACH", "UK"], opentext=None)
    assert (told.cause, told.policy) == (Cause.NOTICE_MISSING, Policy.AUTOMATIC)


def test_a_record_that_names_no_market_is_no_master_and_one_that_was_heard_of_agrees() -> None:
    assert comparing.mismatches(pair([]), words(), AGREES) == ()
    assert comparing.mismatches(pair(["DACH"], markets=["DACH"]), words(), AGREES) == ()
