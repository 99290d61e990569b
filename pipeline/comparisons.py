"""What comparisons have learned of a change in Aprimo that nobody told of.

A comparison that finds both sides agreeing stores nothing of the item. That it has read it is known from its run: it
came to its end, it began after the change, and what it read reaches back behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from pipeline import preview, windows
from pipeline.certificate import CLOCK_SKEW, Change
from pipeline.flows.tenant import FlowWords
from pipeline.keys import aprimo_key
from pipeline.missed import may_have_missed
from pipeline.plan import Link
from pipeline.ports import Mode, Ports, Run, Tx
from pipeline.words import BusinessKey, Side

SHOWN_AFTER = timedelta(seconds=windows.LAG_S) + CLOCK_SKEW
"""A list may not show the changes of its last seconds yet, and the source's clock, which dates them, is not ours."""
AGREES = "agrees"
_EVERY = 1_000_000
"""More runs than a flow begins in the time that a certificate is asked for: all that began since then are wanted."""


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    """The comparisons of some time that came to their end, by flow."""

    words: Mapping[str, FlowWords]
    runs: Mapping[str, Sequence[Run]]
    ports: Ports

    @classmethod
    def since(cls, since: datetime, *, words: Mapping[str, FlowWords], ports: Ports) -> Comparisons:
        """Those that began since then."""

        def in_transaction(tx: Tx) -> dict[str, list[Run]]:
            return {flow: tx.differences.runs(flow, is_over=True, since=since, limit=_EVERY) for flow in words}

        return cls(words=words, runs=ports.store.run(in_transaction), ports=ports)

    def ends(self, change: Change) -> tuple[str, ...]:
        """How a changed object stands in each flow that it concerns; none where one of them has not read it.

        It concerns each flow that names its kind and type, but for one that would read nothing if it were told of it.
        """
        return self.ports.store.run(partial(self._ends, change=change)) if change.side is Side.APRIMO else ()

    def _ends(self, tx: Tx, change: Change) -> tuple[str, ...]:
        key, ends = aprimo_key(change.what, change.object_id), list[str]()
        for flow, words in self.words.items():
            if not words.works_on(change.what, change.type_id):
                continue
            links = tx.differences.links_of(flow, [key]).get(key, ())
            keys = {key, *(link.business_key for link in links)}
            role = words.listed_as(change.what, change.type_id)
            is_own = role is not None and role not in words.listed_beside()
            if not is_own and not self._would_read(flow, key, links, tx.now):
                continue
            if role is not None and any(_has_read(run, change.at, keys) for run in self._listed_by_now(flow)):
                found = tx.differences.find(flow=flow, keys=sorted(keys))
                ends += [f"now open: {each.cause}" for each in found] or [AGREES]
            else:
                return ()
        return tuple(ends)

    def _listed_by_now(self, flow: str) -> Iterator[Run]:
        """The flow's runs by its present words: by others a run may not have listed what these name."""
        words = self.ports.flows[flow].mapping_version
        return (run for run in self.runs[flow] if run.report.get("words") == words)

    def _would_read(self, flow: str, key: BusinessKey, links: Sequence[Link], now: datetime) -> bool:
        """Whether a notice of an object would make a flow read anything: what reads nothing does nothing about it."""
        known = next((link for link in links if link.business_key == key), None)
        if known is None and links:
            return True
        look = preview.look_of(flow, key, known or Link(id=None, flow=flow, business_key=key), now)
        return bool(self.ports.flows[flow].wants(look, {}, known))


def _has_read(run: Run, at: datetime, keys: Collection[str]) -> bool:
    """Whether a run that came to its end has compared what was changed then; one of a single item need not have."""
    reaches_back = run.mode is Mode.FULL or (run.since is not None and run.since <= at)
    return reaches_back and run.started_at >= at + SHOWN_AFTER and not may_have_missed(run, keys)
