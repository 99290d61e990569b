"""Whether what the flows' files name exists in both tenants, as a table."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.aprimo.names_check import Existence, NameCheck, NamesCheck
from pipeline.flows.tenant import FlowWords
from pipeline.opentext.client import Client as OpenTextClient
from pipeline.ports import Bounds
from pipeline.words import Urgency
from tasks.wiring import Wiring

WITHIN_S = 120.0
_GROUPS = "no documented route lists groups; a task shows whether its group exists"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One name of one flow, and what its tenant says of it."""

    flow: str
    system: str
    check: NameCheck

    @property
    def is_wrong(self) -> bool:
        """Whether the flow cannot work with it."""
        return self.check.existence in {Existence.MISSING, Existence.AMBIGUOUS}

    def cells(self) -> tuple[str, ...]:
        """As a row of the table: flow, system, what, name, found or not, and what helps."""
        check = self.check
        closest = f"closest: {', '.join(check.closest)}" if check.closest else ""
        helps = " · ".join(part for part in (check.reason, closest) if part)
        return (self.flow, self.system, check.what, check.name, check.existence.replace("_", " "), helps)


def check(flows: Iterable[FlowWords], made: Wiring) -> list[Row]:
    """Every name of these flows. Raises the errors of the vendors."""
    began = time.monotonic()
    bounds = Bounds(no_call_after=began + WITHIN_S, lease_until=began + 2 * WITHIN_S, urgency=Urgency.BULK)
    names = NamesCheck(made.aprimo.client, bounds)
    rows = []
    for words in flows:
        rows += [Row(flow=words.flow, system="Aprimo", check=each) for each in names.flow(words)]
        rows += [
            Row(flow=words.flow, system="OpenText", check=each)
            for each in _in_opentext(words, made.opentext.client, bounds)
        ]
    return rows


def _in_opentext(words: FlowWords, client: OpenTextClient, bounds: Bounds) -> Iterator[NameCheck]:
    version = client.model_version(words.process_key, bounds)
    yield NameCheck(
        what="process model",
        name=words.process_key,
        existence=Existence.MISSING if version is None else Existence.FOUND,
        id="" if version is None else str(version),
        reason="deploy it: signoff flows deploy" if version is None else "",
    )
    groups = dict.fromkeys(name for each in words.stakeholders for name in (each.group, each.lead))
    for group in groups:
        yield NameCheck(what="group", name=group, existence=Existence.NOT_CHECKABLE, reason=_GROUPS)
