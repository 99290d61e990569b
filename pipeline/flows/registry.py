"""Every flow by its name: from the name to the module, from the module to its functions.

A new flow is a module, a line here, a TOML file and a process model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Protocol

from pipeline import ownership
from pipeline.commands import check_whole
from pipeline.differences import Explained, Known, Mismatch, Pair
from pipeline.events import Event
from pipeline.flows import (
    asset_review,
    budget_exception,
    campaign_brief,
    content_production,
    localization,
    operational_case,
    performance_insight,
    publication,
)
from pipeline.flows.agreements import Agreement
from pipeline.flows.case_terms import Terms
from pipeline.flows.mapping import mapping_version
from pipeline.flows.shared import causes, comparing, healing, late
from pipeline.flows.shared.loops import guarded
from pipeline.flows.shared.met import with_people
from pipeline.flows.tenant import FlowWords
from pipeline.flows.toml_table import Table
from pipeline.keys import is_notes, kind_of
from pipeline.ownership import Writer
from pipeline.plan import Link, Plan, Snapshots, Want


class FlowModule(Protocol):
    """What a flow's module offers. STATES, FIELDS and ALSO: what the tenant's file must give it."""

    @property
    def NAME(self) -> str:  # noqa: N802 - A module's constant.
        """The flow's name, the same in the file's name, in lines and on the command line."""

    @property
    def STARTS(self) -> str:  # noqa: N802 - A module's constant.
        """What starts its work, as a sentence for people."""

    @property
    def STATES(self) -> tuple[str, ...]:  # noqa: N802 - A module's constant.
        """The state words it cannot do without."""

    @property
    def FIELDS(self) -> tuple[str, ...]:  # noqa: N802 - A module's constant.
        """The fields it cannot do without."""

    @property
    def ALSO(self) -> Mapping[str, tuple[str, ...]]:  # noqa: N802 - A module's constant.
        """The roles of further objects that it cannot do without, each with the fields it needs of them."""

    @property
    def ANSWERS(self) -> frozenset[str]:  # noqa: N802 - A module's constant.
        """What a model's answers may mean beside decisions, e.g. `done` of a step of work."""

    @property
    def AGREES(self) -> tuple[Agreement, ...]:  # noqa: N802 - A module's constant.
        """What must be true of both systems at rest."""

    def read_terms(self, root: Table) -> object:
        """What the flow's own tables say: a value of its own type, None where it has none."""

    def wants(self, event: Event, snapshots: Snapshots, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
        """What to read for an event, given what was read already: asked until it wants nothing more."""

    def plan(self, event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Plan:
        """What is to be done. words: as the kind of the event's item has them."""


FLOWS: Mapping[str, FlowModule] = {
    "campaign_brief": campaign_brief,
    "asset_review": asset_review,
    "content_production": content_production,
    "localization": localization,
    "budget_exception": budget_exception,
    "publication": publication,
    "operational_case": operational_case,
    "performance_insight": performance_insight,
}


@dataclass(frozen=True, kw_only=True)
class BoundFlow:
    """A flow with a tenant's words: the port `FlowPort`.

    late_after: how long after its escalation a review of the flow becomes a case; None: never.
    """

    name: str
    words: FlowWords
    module: FlowModule
    late_after: timedelta | None = None

    def wants(self, event: Event, snapshots: Snapshots, link: Link | None) -> tuple[Want, ...]:
        """What to read for an event of a line, given what was read already."""
        own = healing.wants(event, link, self.words, self.module.AGREES)
        if own is not None:
            return own
        return self.module.wants(healing.as_look(event), snapshots, link, self._words_for(event))

    def plan(self, event: Event, snapshots: Snapshots, link: Link) -> Plan:
        """What is to be done.

        Raises OwnershipError when the flow would write what is not its own, PermanentError when it splits a write.
        """
        words = self._words_for(event)
        healed = healing.plan(event, snapshots, link, self.words, self.module.AGREES)
        made = healed or self.module.plan(healing.as_look(event), snapshots, link, words)
        if not healing.is_by_person(event):
            made = guarded(made, event, snapshots, link, words)
        if self.late_after is not None and not is_notes(event.line_key):
            made = late.with_cases(made, event, snapshots, link, self.words, after=self.late_after)
        writer = Writer.NOTES if is_notes(event.line_key) else Writer.MAIN
        ownership.check(made.commands, self.words, writer=writer)
        check_whole(made.commands)
        met = with_people(made, snapshots, link, self.words)
        return replace(met, changes=replace(met.changes, mapping_version=self.mapping_version))

    @cached_property
    def mapping_version(self) -> str:
        """A short name of the words by which both systems are read."""
        return mapping_version(self.words)

    def item_want(self, link: Link) -> Want | None:
        """How the item of a link is read; None where it has none in Aprimo."""
        return healing.item_want(link, self.words, self.module.AGREES)

    def suspects(self, pair: Pair) -> tuple[Mismatch, ...]:
        """What a page's row gives reason to read in full."""
        return comparing.suspects(pair, self.words, self.module.AGREES)

    def mismatches(self, pair: Pair) -> tuple[Mismatch, ...]:
        """In what both sides of a pair that was read in full differ."""
        return comparing.mismatches(pair, self.words, self.module.AGREES)

    def explain(self, mismatch: Mismatch, pair: Pair, known: Known) -> Explained:
        """Why they differ, and what may be done about it."""
        return causes.explain(mismatch, pair, known, self.words, self.module.AGREES)

    def _words_for(self, event: Event) -> FlowWords:
        """The words of the kind of object that the event's line is about."""
        return self.words.as_kind(kind_of(event.subject))


def bind_all(words: Mapping[str, FlowWords]) -> dict[str, BoundFlow]:
    """The flows of a tenant, each with its words. Where it has the flow of cases, late reviews become cases."""
    cases = words.get(operational_case.NAME)
    late_after = cases.terms_of(Terms).late_after if cases else {}
    return {flow: replace(bind(flow, each), late_after=late_after.get(flow)) for flow, each in words.items()}


def bind(flow: str, words: FlowWords) -> BoundFlow:
    """A flow's rules with a tenant's words. Raises KeyError for a flow that is none."""
    return BoundFlow(name=flow, words=words, module=FLOWS[flow])
