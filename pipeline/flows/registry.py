"""Every flow by its name: from the name to the module, from the module to its functions.

A new flow is a module, a line here, a TOML file and a process model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pipeline import ownership
from pipeline.events import Event
from pipeline.flows import campaign_brief
from pipeline.flows.tenant import FlowWords
from pipeline.keys import is_notes
from pipeline.ownership import Writer
from pipeline.plan import Link, Plan, Snapshot, Want
from pipeline.words import Side


class FlowModule(Protocol):
    """What a flow's module offers. STATES and FIELDS: what the tenant's file must give it."""

    @property
    def NAME(self) -> str:  # noqa: N802 - A module's constant.
        """The flow's name, the same in the file's name, in lines and on the command line."""

    @property
    def STATES(self) -> tuple[str, ...]:  # noqa: N802 - A module's constant.
        """The state words it cannot do without."""

    @property
    def FIELDS(self) -> tuple[str, ...]:  # noqa: N802 - A module's constant.
        """The fields it cannot do without."""

    def wants(self, event: Event, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
        """What to read for an event."""

    def plan(self, event: Event, snapshots: Mapping[Side, Snapshot], link: Link, words: FlowWords) -> Plan:
        """What is to be done."""


FLOWS: Mapping[str, FlowModule] = {
    "campaign_brief": campaign_brief,
}


@dataclass(frozen=True, kw_only=True)
class BoundFlow:
    """A flow with a tenant's words: the port `FlowPort`."""

    name: str
    words: FlowWords
    module: FlowModule

    def wants(self, event: Event, link: Link | None) -> tuple[Want, ...]:
        """What to read for an event of a line."""
        return self.module.wants(event, link, self.words)

    def plan(self, event: Event, snapshots: Mapping[Side, Snapshot], link: Link) -> Plan:
        """What is to be done. Raises OwnershipError when the flow would write what is not its own."""
        made = self.module.plan(event, snapshots, link, self.words)
        writer = Writer.NOTES if is_notes(event.line_key) else Writer.MAIN
        ownership.check(made.commands, self.words, writer=writer)
        return made


def bind(flow: str, words: FlowWords) -> BoundFlow:
    """A flow's rules with a tenant's words. Raises KeyError for a flow that is none."""
    return BoundFlow(name=flow, words=words, module=FLOWS[flow])
