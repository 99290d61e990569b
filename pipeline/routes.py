"""Which flows a notice concerns, and the events it becomes: one set of builders for webhooks and pollers.

A notice only says "look": whatever told us, the event of an item stands on the same line with the same subject.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pipeline.events import NewEvent
from pipeline.flows.tenant import FlowWords
from pipeline.keys import aprimo_key, line_key, process_key, split_aprimo_key
from pipeline.words import BusinessKey, EventKind, JsonValue, Side, Urgency

DELETED = ".deleted"
"""How the type of a deletion ends."""


@dataclass(frozen=True, kw_only=True)
class Routes:
    """Which flows name a kind of Aprimo object, and which a process model."""

    by_kind: Mapping[str, tuple[str, ...]]
    by_process: Mapping[str, tuple[str, ...]]
    kinds_of: Mapping[str, frozenset[str]]
    """Flow -> the kinds of objects that it works on."""

    @classmethod
    def of(cls, words: Iterable[FlowWords]) -> Routes:
        """The routes that the flows' TOML files spell out, flows in order of their names."""
        ordered = sorted(words, key=lambda each: each.flow)
        by_kind: dict[str, tuple[str, ...]] = {}
        by_process: dict[str, tuple[str, ...]] = {}
        for each in ordered:
            for kind in each.kinds():
                by_kind[kind] = (*by_kind.get(kind, ()), each.flow)
            by_process[each.process_key] = (*by_process.get(each.process_key, ()), each.flow)
        kinds_of = {each.flow: frozenset(each.kinds()) for each in ordered}
        return cls(by_kind=by_kind, by_process=by_process, kinds_of=kinds_of)

    def flows_of_kind(self, kind: str) -> tuple[str, ...]:
        """The flows whose items are of this kind; empty when none names it."""
        return self.by_kind.get(kind, ())

    def flows_of_process(self, key: str) -> tuple[str, ...]:
        """The flows that run this process model; empty when none does."""
        return self.by_process.get(key, ())


def aprimo_looks(
    routes: Routes,
    *,
    kind: str,
    object_id: int | str,
    type: str,  # noqa: A002 - CloudEvents' own name
    dedupe_key: str,
    time: datetime,
    data: Mapping[str, JsonValue] | None = None,
    trace_id: str = "",
) -> tuple[NewEvent, ...]:
    """One event per flow that names the kind; none when no flow does.

    type is `aprimo.<kind>.<moment>`, e.g. `aprimo.activity.updated`. One that ends in `.deleted` makes a fact,
    because nothing is left to read. data gets `object_id` besides.
    """
    subject = aprimo_key(kind, object_id)
    return tuple(
        NewEvent(
            flow=flow,
            source=source_of(dedupe_key),
            type=type,
            kind=EventKind.FACT if type.endswith(DELETED) else EventKind.LOOK,
            side=Side.APRIMO,
            subject=subject,
            line_key=line_key(flow, subject),
            dedupe_key=dedupe_key,
            time=time,
            data={**(data or {}), "object_id": object_id},
            trace_id=trace_id,
        )
        for flow in routes.flows_of_kind(kind)
    )


def opentext_look(
    routes: Routes,
    *,
    instance_id: str,
    process_key: str,
    business_key: str,
    type: str,  # noqa: A002 - CloudEvents' own name
    dedupe_key: str,
    time: datetime,
    data: Mapping[str, JsonValue] | None = None,
    settle_s: float = 0.0,
    trace_id: str = "",
    urgency: Urgency = Urgency.STANDARD,
) -> tuple[NewEvent, ...]:
    """One event per flow that runs the process model; none when no flow does.

    business_key is the engine's own ("" when it is not known or not to be trusted). Where it names an item of the
    flow the event stands on that item's line, else on the instance's provisional one, until accept or transform knows
    better. data gets `instance_id` besides.
    """
    events = []
    for flow in routes.flows_of_process(process_key):
        subject = _subject(routes, flow, instance_id, business_key)
        events.append(
            NewEvent(
                flow=flow,
                source=source_of(dedupe_key),
                type=type,
                kind=EventKind.LOOK,
                side=Side.OPENTEXT,
                subject=subject,
                line_key=line_key(flow, subject),
                dedupe_key=dedupe_key,
                time=time,
                data={**(data or {}), "instance_id": instance_id},
                urgency=urgency,
                trace_id=trace_id,
                settle_s=settle_s,
            )
        )
    return tuple(events)


def process_key_of(definition_id: str) -> str:
    """The model's key in a process definition id, which has the form `key:version:uuid`."""
    return definition_id.partition(":")[0]


def source_of(dedupe_key: str) -> str:
    """The producer that a dedupe key begins with, e.g. `aprimo.pm.webhook`."""
    return dedupe_key.partition(":")[0]


def _subject(routes: Routes, flow: str, instance_id: str, business_key: str) -> BusinessKey:
    try:
        kind, object_id, _ = split_aprimo_key(BusinessKey(business_key))
    except ValueError:  # Somebody else's key, or none.
        return process_key(instance_id)
    is_ours = bool(object_id) and kind in routes.kinds_of[flow]
    return BusinessKey(business_key) if is_ours else process_key(instance_id)
