"""Comparisons as witnesses: which changes they have read that nobody told of, and which they have not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.certificate import Change
from pipeline.comparisons import Comparisons
from pipeline.differences import Cause, Explained, Mismatch
from pipeline.flows.mapping import mapping_version
from pipeline.flows.registry import bind_all
from pipeline.flows.shared.insights import VERDICT
from pipeline.flows.tenant import FlowWords, Policy
from pipeline.keys import aprimo_key
from pipeline.plan import Agreed, LinkChanges
from pipeline.ports import Mode, Phase, Run
from pipeline.words import BusinessKey, JsonValue, Side
from tests.support import assets, briefs, commitments, insight_world, localization_world, publications
from tests.support.fakes import T0, make_world
from tests.support.memory.store import MemoryStore
from tests.support.store_rows import Clock

RECORD = f"{7:032x}"
KEY = aprimo_key("record", RECORD)
OF_RECORDS = ("asset_review", "localization", "publication", "performance_insight")
LISTED_BY = ("asset_review", "localization")
"""The flows whose items are assets. Reviews of performance list those that they know beside their own items."""
UNTOLD = Explained(
    mismatch=Mismatch(field="process", agreed=None, aprimo="approved", opentext=None),
    cause=Cause.PROCESS_MISSING,
    policy=Policy.NEVER,
)


def shipped() -> dict[str, FlowWords]:
    sources = (assets, localization_world, publications, insight_world, commitments, briefs)
    return {each.flow: each for each in (source.words() for source in sources)}


@dataclass(kw_only=True)
class Office:
    """The flows of a tenant, and what is kept of their comparisons."""

    flows: tuple[str, ...] = OF_RECORDS
    store: MemoryStore = field(default_factory=lambda: MemoryStore(Clock()))

    @property
    def words(self) -> Mapping[str, FlowWords]:
        known = shipped()
        return {flow: known[flow] for flow in self.flows}

    def compare(
        self,
        *flows: str,
        at_s: float = 60.0,
        since_s: float | None = -60.0,
        report: Mapping[str, JsonValue] | None = None,
        **found: object,
    ) -> None:
        """These flows were compared by their words, what had changed since then; None: everything."""
        run = Run(
            id="",
            flow="",
            mode=Mode.FULL if since_s is None else Mode.RECENT,
            started_at=T0 + timedelta(seconds=at_s),
            since=None if since_s is None else T0 + timedelta(seconds=since_s),
            phase=Phase.OVER,
        )
        for flow in flows:
            told = {"words": mapping_version(self.words[flow]), **(report or {})}
            made = replace(run, id=f"rc-{flow}-{at_s:g}", flow=flow, **found)  # type: ignore[arg-type]  # Real fields.
            made = replace(made, report=told)
            self.store.run(lambda tx, made=made: tx.differences.put_run(made))  # type: ignore[misc]  # As above.

    def link(self, flow: str, changes: LinkChanges, key: BusinessKey = KEY) -> None:
        self.store.run(lambda tx: tx.links.apply([(flow, key, changes)]))

    def ends(self, change: Change | None = None) -> tuple[str, ...]:
        ports = replace(make_world(self.store).ports, flows=bind_all(self.words))
        known = Comparisons.since(T0 - timedelta(hours=1), words=self.words, ports=ports)
        return known.ends(change or changed())


def changed(kind: str = "record", type_id: int | str = "Asset", object_id: str = RECORD, at: datetime = T0) -> Change:
    return Change(side=Side.APRIMO, what=kind, object_id=object_id, at=at, type_id=type_id)


def test_a_change_is_read_once_each_flow_that_lists_its_object_was_compared_after_it() -> None:
    office = Office()

    office.compare("asset_review")
    by_one = office.ends()
    office.compare("localization")

    assert (by_one, office.ends()) == ((), ("agrees", "agrees"))


def test_of_what_differs_now_the_causes_are_said() -> None:
    office = Office()
    office.compare(*LISTED_BY)
    office.store.run(lambda tx: tx.differences.keep("rc-1", "asset_review", {KEY: [UNTOLD]}))

    assert office.ends() == ("now open: process_missing", "agrees")


@pytest.mark.parametrize(
    ("at_s", "since_s", "is_read"),
    [(10, 0, True), (9.9, 0, False), (10, 0.1, False), (900, None, True), (9.9, None, False)],
)
def test_a_comparison_has_read_what_changed_some_seconds_before_it_began_and_after_where_it_reaches_back(
    at_s: float, since_s: float | None, is_read: bool
) -> None:
    office = Office()
    office.compare(*LISTED_BY, at_s=at_s, since_s=since_s)

    assert bool(office.ends()) is is_read


@pytest.mark.parametrize(
    ("kept", "is_read"),
    [
        ({"report": {"unread": {KEY: "hidden"}}, "counts": {"unread": 1}}, False),
        ({"report": {"moved": [KEY]}, "counts": {"moved": 1}}, False),
        ({"report": {"moved": ["another"]}, "counts": {"moved": 1}}, True),
        ({"report": {"moved": ["another"]}, "counts": {"moved": 2}}, False),
        ({"report": {"words": "of yesterday"}}, False),
        ({"phase": Phase.KNOWN, "ended_at": T0}, False),
        ({"mode": Mode.ITEM, "since": None}, False),
    ],
)
def test_what_a_comparison_may_have_missed_it_has_not_read(kept: dict[str, Any], is_read: bool) -> None:
    office = Office()
    office.compare("localization")
    office.compare("asset_review", **kept)

    assert bool(office.ends()) is is_read


def test_the_record_of_a_market_is_missed_by_the_name_of_its_market() -> None:
    office = Office(flows=("localization",))
    office.link("localization", LinkChanges(item=KEY), key=localization_world.KEY)
    published = changed(type_id="LocalizedAsset")

    office.compare("localization", report={"moved": [localization_world.KEY]}, counts={"moved": 1})
    missed = office.ends(published)
    office.compare("localization", at_s=90)

    assert (missed, office.ends(published)) == ((), ("agrees",))


def test_a_flow_that_works_on_an_object_and_compares_it_never_has_not_read_it() -> None:
    """A campaign may ask for an exception: the comparison of briefs says nothing of that."""
    activity = changed("activity", 17, "5012")
    office = Office(flows=("campaign_brief", "performance_insight"))
    office.compare(*office.flows)
    beside = Office(flows=(*office.flows, "budget_exception"), store=office.store)
    beside.compare("budget_exception")

    assert (office.ends(activity), beside.ends(activity)) == (("agrees", "agrees"), ())


def test_an_asset_whose_review_is_shown_concerns_the_flow_of_reviews_too() -> None:
    office = Office()
    office.compare(*LISTED_BY)
    agreed = {VERDICT: Agreed(value="reuse", owner=Side.OPENTEXT, written_by="x", at=T0)}
    office.link("performance_insight", LinkChanges(agreed=agreed))
    by_two = office.ends()
    office.compare("performance_insight")

    assert (by_two, office.ends()) == ((), ("agrees", "agrees", "agrees"))


def test_what_no_flow_names_or_lists_is_read_by_no_comparison() -> None:
    office = Office()
    office.compare(*OF_RECORDS)

    assert office.ends(changed(type_id="Template")) == ()
    assert Office(flows=("publication",), store=office.store).ends() == ()


def test_nothing_is_said_of_opentexts_changes() -> None:
    office = Office()
    office.compare(*OF_RECORDS)

    assert office.ends(replace(changed(), side=Side.OPENTEXT)) == ()
